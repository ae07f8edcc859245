"""The result of a run: its cells, and the record of how they were made."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.cells.channel_order import EXCHANGED_TEXT
from napari_cellid.cells.frame_measures import measure_frames
from napari_cellid.classification.base import none_limits
from napari_cellid.novelty.comparison import compare_with_training, recorded_verdict
from napari_cellid.run_record import Timer, make_run_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.cells.traces import Traces
    from napari_cellid.config import IdentifyConfig
    from napari_cellid.device import Device
    from napari_cellid.models.card import ModelCard
    from napari_cellid.novelty.comparison import TrainingVerdict
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes, Recording
    from napari_cellid.registration.register import Registration
    from napari_cellid.segmentation.predict import Segmentation


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
    def channels_exchanged(self) -> bool:
        """Whether red and green look exchanged."""
        return EXCHANGED_TEXT in self.notes

    @property
    def bleed_through(self) -> str:
        """The estimate of bleed-through and its use, one line; empty if unknown."""
        return str(self.run.get("bleed_through", {}).get("text", ""))

    @property
    def pixel_size_doubt(self) -> str:
        """Why the pixel size may be wrong, two sentences; empty where it fits."""
        return str(self.run.get("pixel_size_check", {}).get("text", ""))

    @property
    def training_verdict(self) -> TrainingVerdict | None:
        """Whether the models know such recordings; None if no model says it."""
        return recorded_verdict(self.run)


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

    def without_rejected(self) -> RoiResult:
        """The same with only those ROIs as cells that were not rejected."""
        rejected = self.table.loc[self.table["iscell"] == 0, "label"]
        labels, cells = self.result.labels, self.result.cells
        result = replace(
            self.result,
            labels=np.where(np.isin(labels, rejected), 0, labels),
            cells=cells[~cells["label"].isin(rejected)].reset_index(drop=True),
        )
        return replace(self, result=result)


@dataclass(frozen=True, eq=False)
class Run:
    """What a run did besides its cells, for its result and record.

    Parameters
    ----------
    recording
        The recording, with what was aligned.
    config
        Settings.
    device
        Where the networks ran.
    timer
        Seconds of its steps.
    cards
        Descriptions of all models.
    card
        Description of the model that named the classes; None where there was none.
    bleed
        Record of the bleed-through.
    registration
        What was aligned; None where nothing was.
    pixel_size
        Record of the check of the pixel size; empty where there was none.
    """

    recording: Recording
    config: IdentifyConfig
    device: Device
    timer: Timer
    cards: Sequence[ModelCard]
    card: ModelCard | None
    bleed: dict[str, Any]
    registration: Registration | None
    pixel_size: dict[str, Any] = field(default_factory=dict)


def make_result(
    run: Run,
    planes: MeanPlanes,
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    usual: NDArray[np.bool_] | None = None,
    segmentation: Segmentation | None = None,
) -> Step[IdentifyResult]:
    """Read the frames, and put the result and its record together.

    Parameters
    ----------
    run
        The run.
    planes
        Mean images, with all notes.
    labels
        (plane, y, x).
    cells
        Cell table.
    usual
        Which cells (cell,) are compared with the training; all without it.
    segmentation
        Probability maps behind the labels; None where the labels were given.
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
    if run.pixel_size:
        record["pixel_size_check"] = run.pixel_size
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
