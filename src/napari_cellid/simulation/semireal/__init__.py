"""Semi-real fields: a real green image and simulated red."""
