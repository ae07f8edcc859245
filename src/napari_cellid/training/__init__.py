"""Parts that every training shares: run folder, checkpoints, training loop."""
