"""A window on a study, in which somebody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from napari.viewer import Viewer

    from napari_cellid.widgets.annotate.widget import AnnotateWidget

_PLUGIN = "napari-cellid"


def show_study(path: Path, annotator: str | None = None) -> None:
    """Open napari on a study; returns when the window is closed.

    Parameters
    ----------
    path
        Folder of the study.
    annotator
        Who answers; without it the name that was used last on this computer, or the
        window asks.

    Raises
    ------
    ImportError
        If napari or a Qt binding is not installed; the message says how to get it.
    """
    from napari_cellid.widgets._shared.window import open_viewer, run

    viewer = open_viewer(path.name)
    add_study(viewer, path, annotator)
    run()


def add_study(
    viewer: Viewer, path: Path, annotator: str | None = None
) -> AnnotateWidget:
    """Add the docks Annotate and Agreement to a viewer, and open a study in them."""
    add = viewer.window.add_plugin_dock_widget
    add(_PLUGIN, "Agreement")
    # the last one is in front: answering comes before agreeing
    _, widget = add(_PLUGIN, "Annotate cells", tabify=True)
    widget.open_study(path, annotator)
    annotate: AnnotateWidget = widget
    return annotate
