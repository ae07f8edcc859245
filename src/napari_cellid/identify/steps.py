"""The main job, step by step: from a recording to outlines, classes and a table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.cells.channel_order import EXCHANGED_TEXT, channels_exchanged
from napari_cellid.cells.measure import measure
from napari_cellid.cells.plane_links import link_planes, linked_text, pool_classes
from napari_cellid.cells.rois import RoiSet, measure_rois, roi_table
from napari_cellid.cells.size_check import check_cell_sizes
from napari_cellid.channels.bleed_correction import correct_bleed_through
from napari_cellid.classification.base import classify_cells, none_limits
from napari_cellid.classification.rois import classify_rois as classify_layers
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.identify.result import RoiResult, Run, make_result
from napari_cellid.identify.run_progress import CellsOutlined, run_progress
from napari_cellid.novelty.comparison import knows_sizes
from napari_cellid.progress import Progress
from napari_cellid.registration.means import registered_means
from napari_cellid.run_record import Timer
from napari_cellid.segmentation.pixel_size_check import check_pixel_size
from napari_cellid.segmentation.predict import segment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.config import IdentifyConfig
    from napari_cellid.device import Device
    from napari_cellid.identify.result import IdentifyResult
    from napari_cellid.models.card import ModelCard
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes, Recording
    from napari_cellid.segmentation.predict import Segmenter


def identify_cells(
    recording: Recording,
    segmenter: Segmenter,
    classifier: CellClassifier | None,
    config: IdentifyConfig,
    check: Callable[[MeanPlanes], object] | None = None,
) -> Step[IdentifyResult]:
    """Outline the cells of a recording and classify them.

    Parameters
    ----------
    recording
        Needs a pixel size. With one channel alone the cells are only outlined.
    segmenter
        Outlines the cells.
    classifier
        Classifies them; None to outline only.
    config
        Settings.
    check
        Called with the mean images, to refuse them before the slow work.

    Raises
    ------
    InputError
        If the images cannot be used.
    """
    device = choose_device(config.device)
    timer, whole = Timer(), run_progress(recording, outlines=True, classes=classifier)
    recording, planes, registration = yield from whole.part(
        "averaging", registered_means(recording, config.registration)
    )
    if check is not None:
        check(planes)
    timer.stop("averaging")
    planes, bleed = yield from whole.part("bleed-through", _correct(planes, config))
    segmentation = yield from whole.part(
        "outlining", segment(planes, segmenter, config.segment, device)
    )
    timer.stop("outlining")
    cards = [model.card for model in (segmenter, classifier) if model is not None]
    cells, planes = _measure(segmentation.labels, planes, cards)
    cells, planes = _link(segmentation.labels, cells, planes, recording, config)
    card: ModelCard | None = None
    if classifier is not None and _has_both(planes):
        card = classifier.card
        yield CellsOutlined(
            "Classifying cells",
            whole=whole.done,
            planes=planes,
            labels=segmentation.labels,
        )
        step = _tell_classes(
            planes, segmentation.labels, cells, classifier, config, device
        )
        cells = yield from whole.part("classifying", step)
        planes = _with_note(planes, card.naming)
    timer.stop("classifying")
    size: dict[str, Any] = {}
    if config.segment.check_pixel_size:
        size = yield from whole.part(
            "pixel size", check_pixel_size(planes, segmenter, device)
        )
        timer.stop("pixel_size")
    planes = _with_note(planes, size.get("text"))
    run = Run(recording, config, device, timer, cards, card, bleed, registration, size)
    end = make_result(
        run, planes, segmentation.labels, cells, segmentation=segmentation
    )
    return (yield from whole.part("frames", end))


def classify_labels(
    recording: Recording,
    labels: NDArray[np.int32],
    classifier: CellClassifier,
    config: IdentifyConfig,
    check: Callable[[MeanPlanes], object] | None = None,
) -> Step[IdentifyResult]:
    """Classify cells that are outlined already, by hand or by another program.

    Parameters
    ----------
    recording
        Two channels and a pixel size.
    labels
        (plane, y, x) like the recording, 0 where there is no cell.
    classifier
        Classifies the cells.
    config
        Settings.
    check
        Called with the mean images, to refuse them before the slow work.

    Raises
    ------
    InputError
        If the labels do not fit the images, or a channel is missing.
    """
    return _classify(recording, labels, classifier, config, check)


def classify_rois(
    recording: Recording,
    rois: RoiSet,
    classifier: CellClassifier,
    config: IdentifyConfig,
    check: Callable[[MeanPlanes], object] | None = None,
) -> Step[RoiResult]:
    """Classify the ROIs of another program, each by all its pixels.

    Parameters
    ----------
    recording
        Two channels and a pixel size.
    rois
        ROIs of the same planes, which may overlap.
    classifier, config, check
        As for `classify_labels`.

    Raises
    ------
    InputError
        As for `classify_labels`.
    """
    result = yield from _classify(recording, rois, classifier, config, check)
    table = roi_table(rois, result.cells, result.labels)
    visible = set(table.loc[table["label_npix"] > 0, "label"])
    cells = result.cells[result.cells["label"].isin(visible)].reset_index(drop=True)
    return RoiResult(replace(result, cells=cells), table)


def _classify(
    recording: Recording,
    outlines: NDArray[np.int32] | RoiSet,
    classifier: CellClassifier,
    config: IdentifyConfig,
    check: Callable[[MeanPlanes], object] | None,
) -> Step[IdentifyResult]:
    """Classify cells that are outlined already; of ROIs, all are in the table."""
    # before the mean of a long recording is computed
    if outlines.shape != recording.shape:
        what = "ROIs" if isinstance(outlines, RoiSet) else "labels"
        raise InputError(
            f"The {what} have the shape {outlines.shape} (plane, y, x) but the "
            f"recording {recording.name} has {recording.shape}; give {what} of the "
            "same field."
        )
    device = choose_device(config.device)
    timer, whole = Timer(), run_progress(recording, outlines=False, classes=classifier)
    recording, planes, registration = yield from whole.part(
        "averaging", registered_means(recording, config.registration)
    )
    if check is not None:
        check(planes)
    if not _has_both(planes):
        raise InputError(
            f"{recording.name} has one channel only, but classification needs two; "
            "give the red and the green channel."
        )
    timer.stop("averaging")
    planes, bleed = yield from whole.part("bleed-through", _correct(planes, config))
    card = classifier.card
    cells, planes = _measure(outlines, planes, [card])
    usual = np.ones(len(cells), bool)
    if isinstance(outlines, RoiSet):
        step = classify_layers(
            planes, outlines, cells, classifier, config.classify, device
        )
        cells = yield from whole.part("classifying", step)
        labels = outlines.label_image()
        # rejected ROIs are of any size and brightness
        usual = outlines.accepted[cells["label"].to_numpy() - 1]
    else:
        cells, planes = _link(outlines, cells, planes, recording, config)
        step = _tell_classes(planes, outlines, cells, classifier, config, device)
        cells = yield from whole.part("classifying", step)
        labels = outlines
    planes = _with_note(planes, card.naming)
    timer.stop("classifying")
    run = Run(recording, config, device, timer, [card], card, bleed, registration)
    end = make_result(run, planes, labels, cells, usual)
    return (yield from whole.part("frames", end))


def _correct(
    planes: MeanPlanes, config: IdentifyConfig
) -> Step[tuple[MeanPlanes, dict[str, Any]]]:
    """The planes with their correction of bleed-through, and its record."""
    yield Progress("Estimating bleed-through")
    return correct_bleed_through(planes, config.classify.bleed_through)


def _measure(
    outlines: NDArray[np.int32] | RoiSet, planes: MeanPlanes, cards: Sequence[ModelCard]
) -> tuple[pd.DataFrame, MeanPlanes]:
    """Cell table, and the planes with notes if sizes or channels are doubtful."""
    if isinstance(outlines, RoiSet):
        cells = measure_rois(outlines, planes)
    else:
        cells = measure(outlines, planes)
    # a model that knows the sizes of its training says it better
    doubt = None if knows_sizes(cards) else check_cell_sizes(cells, planes)
    planes = _with_note(planes, doubt)
    if not isinstance(outlines, RoiSet) and channels_exchanged(outlines, planes):
        planes = _with_note(planes, EXCHANGED_TEXT)
    return cells, planes


def _link(
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    planes: MeanPlanes,
    recording: Recording,
    config: IdentifyConfig,
) -> tuple[pd.DataFrame, MeanPlanes]:
    """The table with links between planes, and the planes with a note on them."""
    if not config.classify.link_planes:
        return cells, planes
    depths, um = recording.plane_depths_um, planes.pixel_size_um
    cells = link_planes(labels, cells, depths, um)
    note = linked_text(cells)
    return cells, _with_note(planes, note)


def _tell_classes(
    planes: MeanPlanes,
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    classifier: CellClassifier,
    config: IdentifyConfig,
    device: Device,
) -> Step[pd.DataFrame]:
    """The table with classes; that of a linked cell is decided from all its planes."""
    cells = yield from classify_cells(
        planes, labels, cells, classifier, config.classify, device
    )
    limits = none_limits(config.classify, classifier.card)
    return pool_classes(cells, classifier.card.classes, limits)


def _with_note(planes: MeanPlanes, note: str | None) -> MeanPlanes:
    """The planes with one more note, if there is one."""
    return replace(planes, notes=(*planes.notes, note)) if note else planes


def _has_both(planes: MeanPlanes) -> bool:
    return planes.red is not None and planes.green is not None
