"""Recordings in OME-Zarr folders, versions 0.4 and 0.5."""
