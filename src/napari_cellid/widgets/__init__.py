"""Dock widgets: the only part of the program that knows Qt and napari."""
