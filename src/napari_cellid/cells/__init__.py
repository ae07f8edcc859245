"""Label images and their tables."""
