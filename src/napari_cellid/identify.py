"""Identify cells: from a recording to outlines, classes and a table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.cells.frame_measures import measure_frames
from napari_cellid.cells.measure import measure
from napari_cellid.cells.plane_links import link_planes, linked_text, pool_classes
from napari_cellid.cells.rois import RoiSet, measure_rois, roi_table
from napari_cellid.cells.size_check import check_cell_sizes
from napari_cellid.channels.bleed_correction import correct_bleed_through
from napari_cellid.classification.base import classify_cells, none_limits
from napari_cellid.classification.rois import classify_rois as classify_layers
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.novelty.comparison import (
    compare_with_training,
    knows_sizes,
    recorded_verdict,
)
from napari_cellid.progress import Progress
from napari_cellid.registration.means import registered_means
from napari_cellid.run_record import Timer, make_run_record
from napari_cellid.segmentation.predict import segment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.cells.traces import Traces
    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.config import IdentifyConfig
    from napari_cellid.device import Device
    from napari_cellid.models.card import ModelCard
    from napari_cellid.novelty.comparison import TrainingVerdict
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes, Recording
    from napari_cellid.registration.register import Registration
    from napari_cellid.segmentation.predict import Segmentation, Segmenter


@dataclass(frozen=True, eq=False)
class IdentifyResult:
    """The cells of one recording, outlined and classified.

    Parameters
    ----------
    planes
        Mean images.
    labels
        (plane, y, x) int32.
    cells
        Cell table; classes are filled in where there was a classifier.
    classes
        Names of the classes; empty where nothing was classified.
    segmentation
        Probability maps behind the labels; None where the labels were given.
    run
        What it takes to repeat the run, as JSON: settings, models, device, versions,
        seconds.
    classifier_card
        Description of the model that named the classes; None where there was none.
    registration
        What was aligned; None where nothing was.
    traces
        Fluorescence over time; None where it was not asked for or there is no movie.
    projections
        Images (plane, y, x) of a movie besides its mean, by name.
    """

    planes: MeanPlanes
    labels: NDArray[np.int32]
    cells: pd.DataFrame
    classes: tuple[str, ...]
    segmentation: Segmentation | None
    run: dict[str, Any] = field(default_factory=dict)
    classifier_card: ModelCard | None = None
    registration: Registration | None = None
    traces: Traces | None = None
    projections: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """Assumptions and warnings, one sentence each."""
        return self.planes.notes

    @property
    def bleed_through(self) -> str:
        """The estimate of bleed-through and its use, one line; empty if unknown."""
        return str(self.run.get("bleed_through", {}).get("text", ""))

    @property
    def training_verdict(self) -> TrainingVerdict | None:
        """Whether the models know such recordings; None if no model says it."""
        return recorded_verdict(self.run)


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
    timer = Timer()
    recording, planes, registration = yield from registered_means(
        recording, config.registration
    )
    if check is not None:
        check(planes)
    timer.stop("averaging")
    planes, bleed = yield from _correct(planes, config)
    segmentation = yield from segment(planes, segmenter, config.segment, device)
    timer.stop("outlining")
    cards = [model.card for model in (segmenter, classifier) if model is not None]
    cells, planes = _measure(segmentation.labels, planes, cards)
    cells, planes = _link(segmentation.labels, cells, planes, recording, config)
    card: ModelCard | None = None
    if classifier is not None and _has_both(planes):
        card = classifier.card
        cells = yield from classify_cells(
            planes, segmentation.labels, cells, classifier, config.classify, device
        )
        limits = none_limits(config.classify, card)
        cells = pool_classes(cells, card.classes, limits)
        planes = _with_naming(planes, card)
    timer.stop("classifying")
    run = _Run(recording, config, device, timer, cards, card, bleed, registration)
    labels = segmentation.labels
    return (yield from _result(run, planes, labels, cells, segmentation=segmentation))


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


@dataclass(frozen=True, eq=False)
class RoiResult:
    """What each ROI of another program is.

    Parameters
    ----------
    result
        The ROIs that have pixels of their own in the label image, as cells.
    table
        One row an ROI, in the order of the program that made them; see
        `cells.rois.roi_table`.
    """

    result: IdentifyResult
    table: pd.DataFrame


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
    timer = Timer()
    recording, planes, registration = yield from registered_means(
        recording, config.registration
    )
    if check is not None:
        check(planes)
    if not _has_both(planes):
        raise InputError(
            f"{recording.name} has one channel only, but classification needs two; "
            "give the red and the green channel."
        )
    timer.stop("averaging")
    planes, bleed = yield from _correct(planes, config)
    card = classifier.card
    cells, planes = _measure(outlines, planes, [card])
    usual = np.ones(len(cells), bool)
    if isinstance(outlines, RoiSet):
        cells = yield from classify_layers(
            planes, outlines, cells, classifier, config.classify, device
        )
        labels = outlines.label_image()
        # rejected ROIs are of any size and brightness
        usual = outlines.accepted[cells["label"].to_numpy() - 1]
    else:
        cells, planes = _link(outlines, cells, planes, recording, config)
        cells = yield from classify_cells(
            planes, outlines, cells, classifier, config.classify, device
        )
        limits = none_limits(config.classify, card)
        cells = pool_classes(cells, card.classes, limits)
        labels = outlines
    planes = _with_naming(planes, card)
    timer.stop("classifying")
    run = _Run(recording, config, device, timer, [card], card, bleed, registration)
    return (yield from _result(run, planes, labels, cells, usual))


@dataclass(frozen=True, eq=False)
class _Run:
    """What a run did besides its cells; `card` is that of the model of the classes."""

    recording: Recording
    config: IdentifyConfig
    device: Device
    timer: Timer
    cards: Sequence[ModelCard]
    card: ModelCard | None
    bleed: dict[str, Any]
    registration: Registration | None


def _result(
    run: _Run,
    planes: MeanPlanes,
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    usual: NDArray[np.bool_] | None = None,
    segmentation: Segmentation | None = None,
) -> Step[IdentifyResult]:
    """Read the frames, and put the result and its record together.

    `usual` are the cells (cell,) that are compared with the training, all without it.
    """
    config, card = run.config, run.card
    traces, projections = yield from measure_frames(
        run.recording, labels, config.frames
    )
    run.timer.stop("frames")
    record = make_run_record(run.recording, planes, config, run.device, run.cards)
    record |= _movie_record(run.registration, traces, planes)
    record |= {
        "bleed_through": run.bleed,
        "seconds": run.timer.seconds,
        "cells": len(cells),
    }
    compared = cells if usual is None else cells[usual]
    record |= compare_with_training(run.cards, planes, compared, run.bleed)
    if card is not None:
        record |= none_limits(config.classify, card).record(cells)
    return IdentifyResult(
        planes=planes,
        labels=labels,
        cells=cells,
        classes=() if card is None else card.classes,
        segmentation=segmentation,
        run=record,
        classifier_card=card,
        registration=run.registration,
        traces=traces,
        projections=projections,
    )


def _correct(
    planes: MeanPlanes, config: IdentifyConfig
) -> Step[tuple[MeanPlanes, dict[str, Any]]]:
    """The planes with their correction of bleed-through, and its record."""
    yield Progress("Estimating bleed-through")
    return correct_bleed_through(planes, config.classify.bleed_through)


def _measure(
    outlines: NDArray[np.int32] | RoiSet, planes: MeanPlanes, cards: Sequence[ModelCard]
) -> tuple[pd.DataFrame, MeanPlanes]:
    """Cell table, and the planes with a note if the sizes of cells are doubtful."""
    if isinstance(outlines, RoiSet):
        cells = measure_rois(outlines, planes)
    else:
        cells = measure(outlines, planes)
    # a model that knows the sizes of its training says it better
    doubt = None if knows_sizes(cards) else check_cell_sizes(cells, planes)
    if doubt is not None:
        planes = replace(planes, notes=(*planes.notes, doubt))
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
    return cells, replace(planes, notes=(*planes.notes, note)) if note else planes


def _with_naming(planes: MeanPlanes, card: ModelCard) -> MeanPlanes:
    """The planes with a note if classes have other names than the model gave them."""
    return (
        replace(planes, notes=(*planes.notes, card.naming)) if card.naming else planes
    )


def _movie_record(
    registration: Registration | None, traces: Traces | None, planes: MeanPlanes
) -> dict[str, Any]:
    """What was aligned and which traces there are; empty where there is nothing."""
    record: dict[str, Any] = {}
    if registration is not None:
        record["registration"] = registration.record(planes.pixel_size_um)
    if traces is not None:
        record["traces"] = traces.record()
    return record


def _has_both(planes: MeanPlanes) -> bool:
    return planes.red is not None and planes.green is not None
