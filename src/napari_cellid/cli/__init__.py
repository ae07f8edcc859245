"""The command line: napari-cellid COMMAND."""

from napari_cellid.cli.app import main

__all__ = ["main"]
