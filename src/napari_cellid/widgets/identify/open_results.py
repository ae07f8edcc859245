"""Opening a napari window with a result, as if the Identify dock had made it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.config import IdentifyConfig
from napari_cellid.errors import InputError
from napari_cellid.models.class_names import name_classes

if TYPE_CHECKING:
    from pathlib import Path

    from napari.components import ViewerModel
    from napari.layers import Labels
    from napari.viewer import Viewer

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.models.card import ModelCard
    from napari_cellid.recording import Recording
    from napari_cellid.widgets.identify.widget import IdentifyWidget
    from napari_cellid.widgets.session.result_layer import ShownResult


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
    from napari_cellid.recording.data import ASSUMED_SOURCE
    from napari_cellid.segmentation.outline_edits import initial_cells
    from napari_cellid.study.saved_choices import saved_naming
    from napari_cellid.widgets._shared.channels import Channels, result_transform
    from napari_cellid.widgets._shared.layers import channel_image, transform_in_um
    from napari_cellid.widgets.session.result_layer import ShownResult
    from napari_cellid.widgets.session.show_result import add_result

    depths = recording.plane_depths_um
    step = depths[1] - depths[0] if depths and len(depths) > 1 else 1.0
    transform = transform_in_um(recording.pixel_size_um, recording.n_planes, step)
    if recording.pixel_size_source == ASSUMED_SOURCE:
        # the layers of the run had no pixel size
        n = len(transform["scale"])
        transform |= {"scale": (1,) * n, "units": ("pixel",) * n}
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
        naming=None if result.classifier_card else saved_naming(result.run),
    )
    return add_result(viewer, shown, channels, result_transform(channels))


def show_choices(dock: IdentifyWidget, layer: Labels) -> None:
    """Show in the Identify dock with what the results of a layer were made.

    What cannot be shown, such as a model that is not there any more, is said.

    Parameters
    ----------
    dock
        The dock.
    layer
        Results that were opened with `add_to_viewer`.
    """
    from napari_cellid.widgets._shared.notifications import show_warning
    from napari_cellid.widgets.session.result_layer import result_of
    from napari_cellid.widgets.session.study_images import same_images

    result = result_of(layer)
    if result is None:
        return
    run, panel = result.run_result.run, dock.panel
    problems = []
    for combo in (panel.segmenter, panel.classifier):
        try:
            combo.show_used(run)
        except InputError as error:
            problems.append(str(error))
        else:
            _take_card(result, combo.card())
    panel.show_settings(result.config.segment)
    panel.show_none_below(result.config.classify)
    for form, settings in (
        (panel.registration, result.config.registration),
        (panel.classify, result.config.classify),
        (panel.frames, result.config.frames),
    ):
        form.setValue(settings)
    if result.naming is not None:
        dock.scheme.show_saved(result.naming)
    images = same_images(dock.viewer, result.run_result.planes)
    source = str(run.get("diameter_source", "given"))
    panel.channels.show_saved(images, run.get("diameter_px"), source)
    if problems:
        show_warning(" ".join(problems))


def _take_card(result: ShownResult, card: ModelCard | None) -> None:
    """Let a result know the model that classified it, under the names that it has."""
    if card is None or card.task != "classify" or not result.run_result.classes:
        return
    with suppress(InputError):
        named = name_classes(card, result.naming)
        if named.classes == result.run_result.classes:
            run_result = replace(result.run_result, classifier_card=named)
            result.run_result = run_result
