"""Retraining a U-Net on the corrected outlines of a study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.config import SegmenterTrainingConfig, SplitConfig
from napari_cellid.errors import InputError
from napari_cellid.retrain.detection_comparison import N_ORIGINAL, compare_segmenters
from napari_cellid.retrain.model_card import NewModel, card_metrics, save_new_model
from napari_cellid.retrain.operating_point import (
    copy_weights,
    settle,
    settle_as_before,
)
from napari_cellid.retrain.segmentation_dataset import (
    load_outlines,
    training_fields,
)
from napari_cellid.retrain.simulated_fields import rehearsal_of, simulate_fields
from napari_cellid.retrain.stop_requests import with_stop_requests
from napari_cellid.retrain.task import (
    PreparedRun,
    TaskResult,
    TrainingEstimate,
    check_same_start,
    old_model_missing,
)
from napari_cellid.segmentation.dataset import SegmentationDataset, labelled_field
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.segmentation.starting_weights import load_starting_weights
from napari_cellid.segmentation.training import estimate_seconds, train_segmenter
from napari_cellid.training.layout import MODEL_FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.device import Device
    from napari_cellid.models.card import ModelCard, Task
    from napari_cellid.progress import Step
    from napari_cellid.retrain.operating_point import Judged, OperatingPoint
    from napari_cellid.retrain.request import SegmenterRequest
    from napari_cellid.retrain.segmentation_dataset import OutlinedRecording
    from napari_cellid.segmentation.predict import Segmenter
    from napari_cellid.segmentation.starting_weights import SegmenterStartingWeights
    from napari_cellid.study.study import Study
    from napari_cellid.training.loop import TrainingResult
    from napari_cellid.training.run import Run

#: number of simulated fields in the training data; every eighth has no red channel
_N_SIMULATED, _WITHOUT_RED_EVERY = 24, 8
#: assumptions of the estimate: simulated fields per second, and seconds to compare
#: models on a recording
_SIMULATED_PER_SECOND, _COMPARISON_SECONDS = 3, 1.5
#: fields that the card of a retrained U-Net copies from that of its starting weights
_KEPT_FIELDS = (
    "task", "architecture", "settings", "classes", "combination", "normalisation",
    "pixel_size_um", "scales", "threshold", "simulated_kinds", "simulated_outlines",
)  # fmt: skip


class SegmenterTask:
    """Training of a U-Net: the task that a training job runs."""

    name: Task = "segment"

    def prepare(self, study: Study, request: SegmenterRequest) -> PreparedRun:
        """Check the request, and describe the outlines of each role."""
        outlines, _, about = load_outlines(study, request.recordings, request.split)
        _check_training_outlines(outlines)
        start = load_starting_weights(request.start, study.models)
        return PreparedRun(start.origin, {"data": about})

    def estimate(
        self, study: Study, request: SegmenterRequest, device: Device
    ) -> Step[TrainingEstimate]:
        """Estimate the duration from a few seconds of training."""
        outlines, held_out, about = load_outlines(
            study, request.recordings, request.split, keep=False
        )
        _check_training_outlines(outlines)
        start = load_starting_weights(request.start, study.models)
        dataset = _dataset(outlines, start.card, request.settings, [])
        step = estimate_seconds(dataset, start, request.settings, device)
        seconds = yield from step
        seconds += (_N_SIMULATED + N_ORIGINAL) / _SIMULATED_PER_SECOND
        seconds += len(outlines) * _COMPARISON_SECONDS
        counts = {
            key: {"cells": about["cells_by_role"].get(role, 0)}
            for key, role in (
                ("train", "train"), ("validation", "validation"), ("held_out", "test")
            )
        }  # fmt: skip
        return TrainingEstimate(seconds, held_out, counts)

    def run(self, study: Study, run: Run, device: Device) -> Step[TaskResult]:
        """Train, save the model, and compare it on held-out and simulated fields."""
        settings = _settings(run)
        outlines = _read_outlines(study, run)
        requested = str(run.about["start"]["asked"])
        start = load_starting_weights(requested, study.models, seed=settings.seed)
        # a resumed run must not go on from other weights under the same name
        check_same_start(run, start.origin)
        simulated: list[Judged] = []
        if settings.simulated_share:
            step = simulate_fields(
                _N_SIMULATED,
                rehearsal_of(start.card),
                settings.seed,
                alone=_WITHOUT_RED_EVERY,
            )
            simulated = yield from with_stop_requests(step, run)
        dataset = _dataset(outlines, start.card, settings, simulated)
        dataset = replace(dataset, summary=_summary(dataset, run))
        before = copy_weights(start.net)
        trained = yield from train_segmenter(dataset, start, settings, run, device)
        fields = _fields_to_settle(outlines, start)
        if "new_share" in run.about["settings"]:
            share = settings.new_share
            point = yield from settle(start, before, share, fields, device)
        else:
            point = yield from settle_as_before(start, fields, device)
        model = _new_model(run, start, trained, point)
        # before the comparison, so that a model exists even if that is interrupted
        save_new_model(run, model, {})
        new = load_segmenter(run.folder / MODEL_FOLDER)
        old, not_compared = load_old_segmenter(run)
        animals = [
            _animal(study, recording.planes.name)
            for recording in outlines
            if recording.roles["test"].any()
        ]
        report = yield from compare_segmenters(
            {"new": new, "old": old}, _judged(outlines, "test"), animals, device
        )
        # as it was at the start: the study may hold out more by now
        report["measured_on"] = run.about["data"]["held_out"]
        report["notes"] += [*not_compared, *_notes(outlines, run)]
        save_new_model(run, model, _metrics(report))
        return TaskResult(trained.state, trained.best_epoch, report)


def _settings(run: Run) -> SegmenterTrainingConfig:
    """Settings of a run; one of an earlier version trains all layers, as that did."""
    earlier = {"trained_part": "all"}
    return SegmenterTrainingConfig.model_validate(earlier | run.about["settings"])


def _read_outlines(study: Study, run: Run) -> list[OutlinedRecording]:
    """Read the outlines of a run, and check that they did not change.

    Raises
    ------
    InputError
        If they changed since the run began.
    """
    split = SplitConfig.model_validate(run.about["split"])
    names = run.about["data"]["recordings"]
    outlines, _, about = load_outlines(study, names, split)
    if about["sha256"] != run.about["data"]["sha256"]:
        raise InputError(
            f"The outlines or images of the study changed since the training "
            f"{run.name} began, so it cannot be resumed; start a new training."
        )
    return outlines


def _check_training_outlines(outlines: Sequence[OutlinedRecording]) -> None:
    if not any(recording.roles["train"].any() for recording in outlines):
        raise InputError(
            "All chosen recordings are held out, so there is nothing to train on; "
            "choose more recordings."
        )


def _dataset(
    outlines: Sequence[OutlinedRecording],
    card: ModelCard,
    settings: SegmenterTrainingConfig,
    simulated: Sequence[Judged],
) -> SegmentationDataset:
    """Training data: fields of the study and simulated fields."""
    return SegmentationDataset(
        own=training_fields(outlines, "train", card, settings),
        simulated=[
            labelled_field(
                planes, 0, labels[0], card,
                settings.model_copy(update={"leave_out_unlabelled_um": 0.0}),
                left_out=unsure[0] & (labels[0] == 0),
            )
            for planes, labels, unsure in simulated
        ],
        validation=training_fields(outlines, "validation", card, settings),
    )  # fmt: skip


def _summary(fields: SegmentationDataset, run: Run) -> dict[str, Any]:
    data = run.about["data"]
    return {
        "task": "segment",
        "train": {"fields": len(fields.own), "simulated": len(fields.simulated),
                  "cells": data["cells_by_role"].get("train", 0)},
        "validation": {"fields": len(fields.validation),
                       "cells": data["cells_by_role"].get("validation", 0)},
        "held_out": {"cells": data["cells_by_role"].get("test", 0)},
    }  # fmt: skip


def _fields_to_settle(
    outlines: Sequence[OutlinedRecording], start: SegmenterStartingWeights
) -> list[Judged]:
    """The validation fields.

    A network that began with random weights has no earlier shift to fall back on, so
    its training fields are used as well.
    """
    judged = _judged(outlines, "validation")
    return judged if start.trained else judged + _judged(outlines, "train")


def _new_model(
    run: Run,
    start: SegmenterStartingWeights,
    trained: TrainingResult,
    point: OperatingPoint,
) -> NewModel:
    return NewModel(
        start.net,
        trained,
        {name: getattr(start.card, name) for name in _KEPT_FIELDS},
        f"{run.about['data']['cells']} outlines",
        {"cell_output_shift": point.shift, "new_share": point.new_share},
    )


def _metrics(report: dict[str, Any]) -> dict[str, Any]:
    original = report["original_fields"]
    on_simulated = original["new"] | {"measured_on": original["measured_on"]}
    return card_metrics(
        report | {"new": report["new"] | {"simulated_fields": on_simulated}}
    )


def _animal(study: Study, recording: str) -> str:
    """Name of the animal; a recording without one counts as an animal of its own."""
    return study.recording(recording).info.animal or recording


def _notes(outlines: Sequence[OutlinedRecording], run: Run) -> list[str]:
    notes = []
    if not _judged(outlines, "validation"):
        notes.append(
            "No fields were left for validation, so the best epoch was chosen on the "
            "training fields."
        )
    if run.about["data"]["all_recordings"]:
        notes.append(
            "All recordings of the study were used. If nobody corrected the outlines "
            "of a recording, the model learns its own errors from them, and the "
            "figures are too good."
        )
    return notes


def _judged(outlines: Sequence[OutlinedRecording], role: str) -> list[Judged]:
    return [
        (recording.planes, recording.labels, recording.roles[role])
        for recording in outlines
        if recording.roles[role].any()
    ]


def load_old_segmenter(run: Run) -> tuple[Segmenter | None, list[str]]:
    """Load the model that the study used when the run began.

    Returns
    -------
    The model and no note; or None, and a note why the models are not compared.
    """
    try:
        return load_segmenter(Path(run.about["old_model"])), []
    except InputError as error:
        # the training is finished, so its model is kept; the note says that there was
        # no comparison
        return None, [old_model_missing(error)]
