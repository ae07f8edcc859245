"""Folders of suite2p."""
