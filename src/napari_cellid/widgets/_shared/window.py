"""Opening napari."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.viewer import Viewer


def open_viewer(title: str) -> Viewer:
    """Open a window of napari.

    Raises
    ------
    ImportError
        If napari or a Qt binding is not installed; the message says how to get it.
    """
    try:
        import napari
        import qtpy.QtWidgets  # noqa: F401 - fails where there is no binding
    except (ImportError, RuntimeError) as error:
        # qtpy's error for a missing binding is a RuntimeError
        raise ImportError(
            'it needs a Qt binding; install one with pip install "napari[all]".'
        ) from error
    return napari.Viewer(title=title)


def run() -> None:
    """Let the user work; returns when the windows are closed."""
    import napari

    napari.run()
