"""Opens a study in napari, to annotate it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from napari.viewer import Viewer

    from napari_cellid.widgets.annotate.widget import AnnotateWidget

_PLUGIN = "napari-cellid"


def show_study(path: Path, annotator: str | None = None) -> None:
    """Open napari with a study; returns when the window is closed.

    Parameters
    ----------
    path
        Folder of the study.
    annotator
        Name of the annotator; without it the window asks who answers.

    Raises
    ------
    ImportError
        If napari or a Qt binding is not installed; the message says how to get it.
    """
    from napari_cellid.widgets._shared.window import open_viewer, run

    viewer = open_viewer(path.name)
    add_study_docks(viewer, path, annotator)
    run()


def add_study_docks(
    viewer: Viewer, path: Path, annotator: str | None = None
) -> AnnotateWidget:
    """Add the Annotate and Agreement docks to a viewer, and open a study in them."""
    add = viewer.window.add_plugin_dock_widget
    add(_PLUGIN, "Agreement")
    # the dock added last is in front: annotating comes first
    _, widget = add(_PLUGIN, "Annotate cells", tabify=True)
    widget.open_study(path, annotator)
    annotate: AnnotateWidget = widget
    return annotate
