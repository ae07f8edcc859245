"""Recordings from TIFF files."""
