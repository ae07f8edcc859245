"""Model folders: model.json and weights.safetensors."""
