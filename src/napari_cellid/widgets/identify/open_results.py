"""A window with what the main job found, as if the widget had found it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.channels.normalise import contrast_limits
from napari_cellid.config import IdentifyConfig

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.recording import Recording


def show_recording(
    result: IdentifyResult,
    recording: Recording,
    classifier: CellClassifier | None = None,
) -> None:
    """Open napari with the images, the cells and the widget; returns when it closes.

    Parameters
    ----------
    result
        What was found.
    recording
        In what it was found.
    classifier
        Tells the classes of cells that the user changes.

    Raises
    ------
    ImportError
        If napari or a Qt binding is not installed; the message says how to get it.
    """
    from napari_cellid.widgets._shared.window import open_viewer, run

    viewer = open_viewer(recording.name)
    fill_viewer(viewer, result, recording, classifier)
    run()


def fill_viewer(
    viewer: Viewer,
    result: IdentifyResult,
    recording: Recording,
    classifier: CellClassifier | None,
) -> None:
    """Add the mean images, the Identify widget and the cells to a viewer."""
    from napari_cellid.segmentation.relabel import initial_cells
    from napari_cellid.widgets._shared.layers import Channels
    from napari_cellid.widgets.identify.widget import IdentifyWidget
    from napari_cellid.widgets.session.result_layer import Result, add_result

    place = _place(recording)
    red, green = (
        _add_image(viewer, getattr(result.planes, colour), name, colour, place)
        for name, colour in (("mCherry", "red"), ("GCaMP", "green"))
    )
    channels = Channels(red, green, "planes", result.planes.pixel_size_um)
    viewer.window.add_dock_widget(IdentifyWidget(viewer), name="Identify cells")
    shown = Result(
        found=result,
        outlines=initial_cells(result.labels, result.cells),
        config=IdentifyConfig.model_validate(result.run["settings"]),
        classifier=classifier,
    )
    # the widget notices the layer and takes it as its own
    add_result(viewer, shown, channels)


def _add_image(
    viewer: Viewer, image: Any, name: str, colour: str, place: dict[str, Any]
) -> Image | None:
    if image is None:
        return None
    layer: Image = viewer.add_image(
        image[0] if len(place["scale"]) == 2 else image,
        name=name,
        colormap=colour,
        blending="additive",
        contrast_limits=contrast_limits(image),
        **place,
    )
    return layer


def _place(recording: Recording) -> dict[str, Any]:
    size = recording.pixel_size_um
    if recording.n_planes == 1:
        return {"scale": (size, size), "units": ("um",) * 2, "axis_labels": ("y", "x")}
    depths = recording.plane_depths_um
    step = depths[1] - depths[0] if depths else 1.0
    return {
        "scale": (step, size, size),
        "units": ("um",) * 3,
        "axis_labels": ("plane", "y", "x"),
    }
