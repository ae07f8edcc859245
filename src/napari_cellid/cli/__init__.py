"""The command line: napari-cellid COMMAND."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; see `cli.app.main`.

    The commands are imported here, so that Ctrl-C ends the program with a sentence
    while they are imported, too.
    """
    from napari_cellid.cli.signals import ending_signals

    with ending_signals(at_once=True):
        from napari_cellid.cli import app
    return app.main(argv)
