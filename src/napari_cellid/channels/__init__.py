"""The two channels: normalisation, scale, model input, bleed-through."""
