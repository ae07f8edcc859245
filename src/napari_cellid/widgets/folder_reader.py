"""Results, studies and trainings that are dropped on napari open as they were."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared import file_reader
from napari_cellid.widgets._shared.notifications import show_error, show_warning
from napari_cellid.widgets._shared.waiting import wait_for_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel

    from napari_cellid.study.results_folder import OwnFolder, SavedResults


def get_reader(path: str | list[str]) -> Callable[..., Any] | None:
    """The function that opens a path; None if it is left to other readers.

    Parameters
    ----------
    path
        A file, or a folder: of results, a study, one of its recordings or trainings, or
        of a recording of a microscope.
    """
    if isinstance(path, str) and Path(path).is_dir():
        from napari_cellid.study.results_folder import own_folder

        own = own_folder(Path(path))
        if own is not None:
            return partial(_open, own)
    return file_reader.get_reader(path)


def _open(own: OwnFolder, path: str) -> list[tuple[Any, ...]]:
    """Open a folder of this package in the viewer that is in front."""
    from napari import current_viewer

    viewer = current_viewer()
    try:
        if own.kind == "results":
            return open_results(viewer, own.path)
    except InputError as error:
        show_error(str(error))
        return file_reader.NOTHING
    if viewer is not None:
        # when napari has ended its reading, of which the layers of a study are no part
        QTimer.singleShot(0, partial(open_study, viewer, own, Path(path)))
    return file_reader.NOTHING


def open_results(viewer: ViewerModel | None, folder: Path) -> list[tuple[Any, ...]]:
    """Show the results in a folder, with their images if these are still there.

    Parameters
    ----------
    viewer
        Gets the layers; None if there is none, such as in a script.
    folder
        The results.

    Returns
    -------
    Layers for napari to add: the outlines alone, where the images are missing.

    Raises
    ------
    InputError
        If the results cannot be read.
    """
    from napari_cellid.study.results_folder import read_results

    saved = wait_for_step(read_results(folder), f"Opening {folder.name}…")
    if saved.result is None or saved.recording is None:
        show_warning(
            f"The images of {saved.run['recording']} cannot be shown: {saved.missing} "
            "The outlines and classes are shown without them."
        )
        return [_outlines(saved)]
    if viewer is None:
        return [_outlines(saved)]
    from napari_cellid.widgets.identify.open_results import add_to_viewer, show_choices

    dock = _show_dock(viewer, "Identify cells")
    layer = add_to_viewer(viewer, saved.result, saved.recording, folder=folder.parent)
    if dock is not None:
        show_choices(dock, layer)
    return file_reader.NOTHING


def open_study(viewer: ViewerModel, own: OwnFolder, path: Path) -> None:
    """Open a study, or that of a training or recording, with its dock.

    Parameters
    ----------
    viewer
        Shows it.
    own
        The study.
    path
        What was opened: the study itself, or a training or recording in it.
    """
    from napari_cellid.widgets._shared.notifications import input_errors_shown
    from napari_cellid.widgets.session.session import session_of

    session = session_of(viewer)
    with input_errors_shown():
        session.open_study(own.path)
        if own.kind == "training":
            retrain = _show_dock(viewer, "Retrain")
            if retrain is not None and session.study is not None:
                retrain.selection.choose(session.study.runs / path.name)
            return
        _show_dock(viewer, "Annotate cells")
        if path.name in session.recordings() and path != own.path:
            session.show_recording(path.name)


def _show_dock(viewer: ViewerModel, name: str) -> Any:
    """Open a dock, or show it; None in a viewer without a window."""
    window = getattr(viewer, "window", None)
    if window is None:
        return None
    dock, widget = window.add_plugin_dock_widget("napari-cellid", name)
    dock.show()
    dock.raise_()
    return widget


def _outlines(saved: SavedResults) -> tuple[Any, ...]:
    """Outlines with classes and colours as a layer of napari."""
    from napari.utils.colormaps import DirectLabelColormap

    from napari_cellid.colours import UNCLASSIFIED, class_colours, prediction_colours
    from napari_cellid.study.saved_choices import saved_naming
    from napari_cellid.widgets._shared.layers import transform_in_um
    from napari_cellid.widgets.session.label_colours import LARGEST_COLOURED

    colours = prediction_colours(class_colours(saved.classes, saved_naming(saved.run)))
    cells, labels = saved.cells, saved.labels
    shown: dict[int | None, Any] = {None: UNCLASSIFIED, 0: "transparent"}
    predicted = cells["predicted"] if "predicted" in cells else [""] * len(cells)
    for label, name in zip(cells["label"], predicted, strict=True):
        if label <= LARGEST_COLOURED:
            shown[int(label)] = colours.get(str(name)) or UNCLASSIFIED
    features = cells.copy()
    # by this column napari finds the row of a label
    features.insert(0, "index", cells["label"])
    attributes = {
        "name": f"{saved.run['recording']} cells",
        "features": features,
        "colormap": DirectLabelColormap(color_dict=shown),
        "opacity": 1,
        **transform_in_um(saved.run["pixel_size_um"], len(labels)),
    }
    return labels if len(labels) > 1 else labels[0], attributes, "labels"
