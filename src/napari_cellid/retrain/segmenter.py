"""From corrected outlines of a study to a better U-Net, and whether it is better."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.config import DeviceConfig, SegmenterTrainingConfig, SplitConfig
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.models.store import save_model
from napari_cellid.progress import ProgressEvent
from napari_cellid.retrain.active_model import current_model
from napari_cellid.retrain.detection_comparison import N_ORIGINAL, compare_segmenters
from napari_cellid.retrain.operating_point import find_best_shift
from napari_cellid.retrain.result import (
    RetrainResult,
    check_name,
    check_same_start,
    record_failure,
    stable_start_name,
)
from napari_cellid.retrain.segmentation_dataset import (
    load_outlines,
    simulate_fields,
    training_fields,
)
from napari_cellid.retrain.stop_requests import (
    StopRequested,
    stopped_early,
    with_stop_requests,
)
from napari_cellid.segmentation.dataset import SegmentationDataset, labelled_field
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.segmentation.starting_weights import (
    load_starting_weights,
    shift_cell_logits,
)
from napari_cellid.segmentation.training import estimate_seconds, train_segmenter
from napari_cellid.training.layout import MODEL_FOLDER, REPORT_FILE
from napari_cellid.training.run import Run, new_run_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.device import Device
    from napari_cellid.models.store import ModelCard
    from napari_cellid.progress import Step
    from napari_cellid.retrain.operating_point import Judged
    from napari_cellid.retrain.segmentation_dataset import OutlinedRecording
    from napari_cellid.segmentation.predict import Segmenter
    from napari_cellid.segmentation.starting_weights import SegmenterStartingWeights
    from napari_cellid.study.study import Study
    from napari_cellid.training.loop import TrainingResult

#: simulated fields that are mixed in; every eighth has no red channel
_MIXED, _ALONE = 24, 8


@dataclass(frozen=True)
class SegmenterRequest:
    """What is asked for.

    Parameters
    ----------
    start
        What to start from, as `segmentation.training.find_start` takes it.
    settings
        How to train.
    split
        What is held out.
    recordings
        Whose outlines are right; none for all of the study.
    name
        Of the run; "" for one made of the time.
    """

    start: str = ""
    settings: SegmenterTrainingConfig = field(default_factory=SegmenterTrainingConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    recordings: tuple[str, ...] = ()
    name: str = ""


def begin(study: Study, request: SegmenterRequest) -> Run:
    """Check everything that can be checked, and make the folder of the run.

    Raises
    ------
    InputError
        If there are no outlines, no such start, or the study cannot be written to.
    """
    outlines, _, about = load_outlines(study, request.recordings, request.split)
    _need(outlines, "train")
    start = load_starting_weights(request.start, study.models)
    name = check_name(request.name or new_run_name(study.runs, "segment"))
    return Run.create(
        study.runs / name,
        {
            "name": name,
            "task": "segment",
            "start": {"asked": stable_start_name(request.start, study), **start.origin},
            "settings": request.settings.model_dump(mode="json"),
            "split": request.split.model_dump(mode="json"),
            "data": about,
            "old_model": str(current_model(study, "segment")),
        },
    )


def go_on(study: Study, run: Run, device: DeviceConfig) -> Step[RetrainResult]:
    """Train a run that was begun, or was interrupted, and compare the result.

    Raises
    ------
    InputError
        If it cannot go on; the run says why, and no model is changed.
    """
    run.start()
    try:
        outcome = yield from _go_on(study, run, choose_device(device))
    except StopRequested:
        outcome = yield from stopped_early(run)
    except InputError as error:
        record_failure(run, str(error))
        raise
    except Exception as error:
        record_failure(run, f"The training failed ({error}).")
        raise
    run.end("stopped" if outcome.state == "stopped" else "finished")
    return outcome


def estimate(
    study: Study, request: SegmenterRequest, device: DeviceConfig
) -> dict[str, Any]:
    """Say how long a training would take; nothing is trained or written.

    Raises
    ------
    InputError
        As `begin`.
    """
    outlines, words, about = load_outlines(
        study, request.recordings, request.split, keep=False
    )
    _need(outlines, "train")
    start = load_starting_weights(request.start, study.models)
    fields = _fields(outlines, start, request.settings, [])
    chosen = choose_device(device)
    seconds = estimate_seconds(fields, start, request.settings, chosen)
    # simulated fields, and the comparison at the end
    seconds += (_MIXED + N_ORIGINAL) / 3 + len(outlines) * 1.5
    counts = {
        role: {"cells": about["cells_by_role"].get(name, 0)}
        for role, name in (
            ("train", "train"), ("validation", "validation"), ("held_out", "test")
        )
    }  # fmt: skip
    return {
        "seconds": round(seconds, 1),
        "device": str(chosen),
        "measured_on": words,
        **counts,
    }


def _go_on(study: Study, run: Run, device: Device) -> Step[RetrainResult]:
    settings = SegmenterTrainingConfig.model_validate(run.about["settings"])
    outlines = _outlines(study, run)
    asked = str(run.about["start"]["asked"])
    start = load_starting_weights(asked, study.models, seed=settings.seed)
    check_same_start(run, start.origin)
    mixed: list[Judged] = []
    if settings.simulated_share:
        work = simulate_fields(_MIXED, "wide", settings.seed, alone=_ALONE)
        mixed = yield from with_stop_requests(work, run)
    fields = _fields(outlines, start, settings, mixed)
    trained = yield from train_segmenter(
        replace(fields, summary=_summary(fields, run)), start, settings, run, device
    )
    shift = yield from _shifted(outlines, start, device)
    _save(run, start, trained, shift, None)
    models = {"new": load_segmenter(run.folder / MODEL_FOLDER), "old": _old(run)}
    animals = [_animal(study, o.planes.name) for o in outlines if o.roles["test"].any()]
    report = yield from compare_segmenters(
        models, _judged(outlines, "test"), animals, device
    )
    report["measured_on"] = run.about["data"]["held_out"]
    report["notes"] += _notes(outlines, run)
    _save(run, start, trained, shift, report)
    run.write_json(REPORT_FILE, report)
    end = {
        "state": trained.state,
        "best_epoch": trained.best_epoch,
        "model": str(run.folder / MODEL_FOLDER),
        "report": str(run.folder / REPORT_FILE),
        "message": _in_words(report, trained.state),
    }
    run.log({"event": "end", **end})
    yield ProgressEvent("Training", 1, 1, event="end", values=end)
    return RetrainResult(run, trained.state, report, tuple(report["notes"]))


def _outlines(study: Study, run: Run) -> list[OutlinedRecording]:
    """Read the outlines of a run as they were when it began.

    Raises
    ------
    InputError
        If they are not what they were.
    """
    split = SplitConfig.model_validate(run.about["split"])
    names = run.about["data"]["recordings"]
    outlines, _, about = load_outlines(study, names, split)
    if about["sha256"] != run.about["data"]["sha256"]:
        raise InputError(
            f"The outlines or images of the study changed since the training "
            f"{run.name} began, so it cannot go on as it would have; train anew."
        )
    return outlines


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


def _shifted(
    outlines: Sequence[OutlinedRecording],
    start: SegmenterStartingWeights,
    device: Device,
) -> Step[float]:
    """Move the cell outputs of the trained network to where cells are found best.

    On the validation fields; a network that began anew has no earlier shift to fall
    back to, so those that it was trained on count, too.
    """
    judged = _judged(outlines, "validation")
    if not start.trained:
        judged += _judged(outlines, "train")
    shift = yield from find_best_shift(start, judged, device)
    shift_cell_logits(start.net, shift)
    return shift


def _animal(study: Study, recording: str) -> str:
    """The animal of a recording; one that is not named stands for itself."""
    return study.recording(recording).info.animal or recording


def _notes(outlines: Sequence[OutlinedRecording], run: Run) -> list[str]:
    notes = []
    if not _judged(outlines, "validation"):
        notes.append(
            "There was nothing left beside training and comparison, so the best epoch "
            "was chosen on the fields that were trained on."
        )
    if run.about["data"]["all_recordings"]:
        notes.append(
            "All recordings of the study were taken: outlines that nobody corrected "
            "teach a model only what it did before, and make the figures too good."
        )
    return notes


def _fields(
    outlines: Sequence[OutlinedRecording],
    start: SegmenterStartingWeights,
    settings: SegmenterTrainingConfig,
    mixed: Sequence[Judged],
) -> SegmentationDataset:
    card = start.card
    return SegmentationDataset(
        own=training_fields(outlines, "train", card, settings),
        simulated=[
            labelled_field(
                planes, 0, labels[0], card,
                settings.model_copy(update={"leave_out_unlabelled_um": 0.0}),
                left_out=unsure[0] & (labels[0] == 0),
            )
            for planes, labels, unsure in mixed
        ],
        validation=training_fields(outlines, "validation", card, settings),
    )  # fmt: skip


def _judged(outlines: Sequence[OutlinedRecording], role: str) -> list[Judged]:
    return [
        (one.planes, one.labels, one.roles[role])
        for one in outlines
        if one.roles[role].any()
    ]


def _save(
    run: Run,
    start: SegmenterStartingWeights,
    trained: TrainingResult,
    shift: float,
    report: dict[str, Any] | None,
) -> ModelCard:
    about, old = run.about, start.card
    metrics: dict[str, Any] = {}
    if report is not None:
        original = report["original_fields"]
        metrics = {"measured_on": report["measured_on"], **report["new"]}
        metrics["simulated_fields"] = original["new"] | {
            "measured_on": original["measured_on"]
        }
        metrics.pop("name")
    card = {
        **{name: getattr(old, name) for name in (
            "task", "architecture", "settings", "classes", "combination",
            "normalisation", "pixel_size_um", "threshold",
        )},
        "name": run.name,
        "description": f"Trained in a study on {about['data']['cells']} outlines, from "
        f"{about['start'].get('name', '')}.",
        "training": {
            "run": run.name,
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "state": trained.state,
            "best_epoch": trained.best_epoch,
            "settings": about["settings"],
            "start": about["start"],
            "data": about["data"],
            "cell_output_shift": shift,
        },
        "metrics": metrics,
        "licence": about["start"].get("licence", ""),
    }  # fmt: skip
    return save_model(run.folder / MODEL_FOLDER, card, start.net.state_dict())


def _old(run: Run) -> Segmenter | None:
    try:
        return load_segmenter(Path(run.about["old_model"]))
    except InputError:
        return None


def _need(outlines: Sequence[OutlinedRecording], role: str) -> None:
    if not any(one.roles[role].any() for one in outlines):
        raise InputError(
            "All chosen recordings are held out, so there is nothing to train on; "
            "choose more recordings."
        )


def _in_words(report: dict[str, Any], state: str) -> str:
    said = "Stopped; the best epoch is kept." if state == "stopped" else "Finished."
    new, old = report["new"]["f1"], (report["old"] or {}).get("f1")
    if new is None:
        return f"{said} Nothing was held out to measure it on."
    said += f" F1 {new:.3f} on held-out outlines"
    return f"{said}." if old is None else f"{said}, {new - old:+.3f} beside before."
