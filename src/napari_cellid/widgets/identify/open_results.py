"""Opening a napari window with a result, as if the Identify dock had made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.config import IdentifyConfig

if TYPE_CHECKING:
    from pathlib import Path

    from napari.components import ViewerModel
    from napari.layers import Labels
    from napari.viewer import Viewer

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.recording import Recording


def show_results(
    result: IdentifyResult,
    recording: Recording,
    classifier: CellClassifier | None = None,
) -> None:
    """Open napari with images, cells and the Identify dock; returns when it closes.

    Parameters
    ----------
    result
        The result.
    recording
        The recording that it is of.
    classifier
        Classifies cells that the user changes; None for none.

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
    """Add the mean images, the Identify dock and the cells to a viewer."""
    from napari_cellid.widgets.identify.widget import IdentifyWidget

    viewer.window.add_dock_widget(IdentifyWidget(viewer), name="Identify cells")
    # the dock notices the layer and uses it as its current result
    add_to_viewer(viewer, result, recording, classifier)


def add_to_viewer(
    viewer: ViewerModel,
    result: IdentifyResult,
    recording: Recording,
    classifier: CellClassifier | None = None,
    folder: Path | None = None,
) -> Labels:
    """Add the mean images and the cells of a result to a viewer.

    Parameters
    ----------
    viewer
        Gets the layers.
    result
        The result.
    recording
        The recording that it is of.
    classifier
        Classifies cells that the user changes; None for none.
    folder
        Folder of the files of the recording; None if it has no files.
    """
    from napari_cellid.segmentation.outline_edits import initial_cells
    from napari_cellid.widgets._shared.channels import Channels, result_transform
    from napari_cellid.widgets._shared.layers import channel_image, transform_in_um
    from napari_cellid.widgets.session.result_layer import ShownResult
    from napari_cellid.widgets.session.show_result import add_result

    depths = recording.plane_depths_um
    step = depths[1] - depths[0] if depths and len(depths) > 1 else 1.0
    transform = transform_in_um(recording.pixel_size_um, recording.n_planes, step)
    red, green = (
        None if image is None else channel_image(image, name, name, transform)
        for name, image in (("red", result.planes.red), ("green", result.planes.green))
    )
    for layer in (red, green):
        if layer is not None:
            viewer.add_layer(layer)
    channels = Channels(red, green, "planes", result.planes.pixel_size_um)
    shown = ShownResult(
        run_result=result,
        labelled=initial_cells(result.labels, result.cells),
        config=IdentifyConfig.model_validate(result.run["settings"]),
        classifier=classifier,
        folder=folder,
    )
    return add_result(viewer, shown, channels, result_transform(channels))
