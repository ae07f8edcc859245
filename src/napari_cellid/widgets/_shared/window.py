"""Opening a napari window from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.viewer import Viewer


def open_viewer(title: str) -> Viewer:
    """Open a napari window.

    Raises
    ------
    ImportError
        If napari or a Qt binding is not installed; the message says how to get it.
    """
    try:
        import napari
        import qtpy.QtWidgets  # noqa: F401 - fails without a Qt binding
    except (ImportError, RuntimeError) as error:
        # qtpy's error for a missing binding is a RuntimeError
        raise ImportError(
            'it needs a Qt binding; install one with pip install "napari[all]".'
        ) from error
    return napari.Viewer(title=title)


def run() -> None:
    """Run the event loop of Qt until all windows are closed."""
    import napari

    napari.run()
