"""Imaging data in NWB files (Neurodata Without Borders 2)."""
