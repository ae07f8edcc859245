"""From corrected outlines of a study to a better U-Net, and whether it is better."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.config import (
    DeviceConfig,
    SegmentConfig,
    SegmenterTrainingConfig,
    SplitConfig,
)
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.evaluation.detection import Detection, detect
from napari_cellid.models import save_model
from napari_cellid.retrain.outcome import Outcome, check_name, check_same_start, fail
from napari_cellid.retrain.outlines import fields_of, outlines_of, simulated
from napari_cellid.retrain.use import current_model
from napari_cellid.segmentation.segment import load_segmenter, segment
from napari_cellid.segmentation.training import (
    Fields,
    estimate_seconds,
    find_start,
    labelled_field,
    train_segmenter,
)
from napari_cellid.steps import News, Progress, finish
from napari_cellid.training.run import MODEL, REPORT, Run, new_run_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_cellid.device import Device
    from napari_cellid.models import ModelCard
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.retrain.outlines import Outlines
    from napari_cellid.segmentation.segment import Segmenter
    from napari_cellid.segmentation.training import SegmenterStart
    from napari_cellid.steps import Step
    from napari_cellid.study.folder import Study
    from napari_cellid.training.loop import Trained

    Judged = tuple[MeanPlanes, NDArray[np.int32], NDArray[np.bool_]]

#: simulated fields: mixed in, and to see whether the model forgot
_MIXED, _ORIGINAL = 24, 8
#: a validation field of fewer cells does not move the outputs
_FEW_TO_SHIFT = 30
_SHIFTS = np.arange(-2.0, 2.01, 0.25)


@dataclass(frozen=True)
class Request:
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


def begin(study: Study, request: Request) -> Run:
    """Check everything that can be checked, and make the folder of the run.

    Raises
    ------
    InputError
        If there are no outlines, no such start, or the study cannot be written to.
    """
    outlines, _, about = outlines_of(study, request.recordings, request.split)
    _need(outlines, "train")
    start = find_start(request.start, study.models)
    name = check_name(request.name or new_run_name(study.runs, "segment"))
    return Run.create(
        study.runs / name,
        {
            "name": name,
            "task": "segment",
            "start": {"asked": request.start or "shipped", **start.origin},
            "settings": request.settings.model_dump(mode="json"),
            "split": request.split.model_dump(mode="json"),
            "data": about,
            "old_model": str(current_model(study, "segment")),
        },
    )


def go_on(study: Study, run: Run, device: DeviceConfig) -> Step[Outcome]:
    """Train a run that was begun, or was interrupted, and compare the result.

    Raises
    ------
    InputError
        If it cannot go on; the run says why, and no model is changed.
    """
    run.begin()
    try:
        outcome = yield from _go_on(study, run, choose_device(device))
    except InputError as error:
        fail(run, str(error))
        raise
    except Exception as error:
        fail(run, f"The training failed ({error}).")
        raise
    run.end("stopped" if outcome.state == "stopped" else "finished")
    return outcome


def estimate(study: Study, request: Request, device: DeviceConfig) -> dict[str, Any]:
    """Say how long a training would take; nothing is trained or written.

    Raises
    ------
    InputError
        As `begin`.
    """
    outlines, _, about = outlines_of(study, request.recordings, request.split)
    _need(outlines, "train")
    start = find_start(request.start, study.models)
    fields = _fields(outlines, start, request.settings, [])
    chosen = choose_device(device)
    seconds = estimate_seconds(fields, start, request.settings, chosen)
    # simulated fields, and the comparison at the end
    seconds += _MIXED / 3 + (len(outlines) + _ORIGINAL) * 1.5
    return {"seconds": round(seconds, 1), "device": str(chosen), **about}


def _go_on(study: Study, run: Run, device: Device) -> Step[Outcome]:
    settings = SegmenterTrainingConfig.model_validate(run.about["settings"])
    split = SplitConfig.model_validate(run.about["split"])
    outlines, words, _ = outlines_of(study, run.about["data"]["recordings"], split)
    asked = str(run.about["start"]["asked"])
    start = find_start("" if asked == "shipped" else asked, study.models)
    check_same_start(run, start.origin)
    mixed: list[Judged] = []
    if settings.simulated_share:
        mixed = yield from simulated(_MIXED, "wide", settings.seed)
    fields = _fields(outlines, start, settings, mixed)
    counts = {"train": {"fields": len(fields.own), "simulated": len(mixed)}}
    trained = yield from train_segmenter(
        fields, start, settings, (run, device), begin={"task": "segment", **counts}
    )
    shift = yield from _shifted(start, _judged(outlines, "validation"), device)
    _save(run, start, trained, shift, None)
    report = yield from _compare(run, outlines, device)
    report["measured_on"] = words
    _save(run, start, trained, shift, report)
    run.write_json(REPORT, report)
    end = {
        "state": trained.state,
        "best_epoch": trained.best_epoch,
        "model": str(run.folder / MODEL),
        "report": str(run.folder / REPORT),
        "message": _in_words(report, trained.state),
    }
    run.log({"event": "end", **end})
    yield News("Training", 1, 1, event="end", values=end)
    return Outcome(run, trained.state, report, tuple(report["notes"]))


def _fields(
    outlines: Sequence[Outlines],
    start: SegmenterStart,
    settings: SegmenterTrainingConfig,
    mixed: Sequence[Judged],
) -> Fields:
    card = start.card
    return Fields(
        own=fields_of(outlines, "train", card, settings),
        simulated=[
            labelled_field(
                planes, 0, labels[0], card,
                settings.model_copy(update={"leave_out_unlabelled_um": 0.0}),
                left_out=unsure[0] & (labels[0] == 0),
            )
            for planes, labels, unsure in mixed
        ],
        validation=fields_of(outlines, "validation", card, settings),
    )  # fmt: skip


def _judged(outlines: Sequence[Outlines], role: str) -> list[Judged]:
    return [
        (one.planes, one.labels, one.roles[role])
        for one in outlines
        if one.roles[role].any()
    ]


def _shifted(
    start: SegmenterStart, fields: Sequence[Judged], device: Device
) -> Step[float]:
    """Move the cell outputs so that the model's threshold finds cells best.

    Only where the validation fields have enough cells; returns the shift.
    """
    import torch

    from napari_cellid.channels import combine, rescale
    from napari_cellid.segmentation.objects import find_cells
    from napari_cellid.segmentation.tiles import predict

    card, kinds = start.card, start.net.config.out_channels
    if (
        sum(len(np.unique(labels[where])) for _, labels, where in fields)
        < _FEW_TO_SHIFT
    ):
        return 0.0
    config = SegmentConfig(threshold=card.threshold)
    counts = [Detection() for _ in _SHIFTS]
    for planes, labels, where in fields:
        factor = planes.pixel_size_um / card.pixel_size_um
        for plane in range(len(labels)):
            red, green = (
                None if channel is None else rescale(channel[plane], factor)
                for channel in (planes.red, planes.green)
            )
            image = combine(red, green, card.normalisation, card.combination)
            maps = (yield from predict(start.net, image, device))[:kinds]
            shape = planes.shape[1], planes.shape[2]
            maps = rescale(maps, 1 / factor, shape)
            for k, shift in enumerate(_SHIFTS):
                odds = maps.copy()
                odds[1:] *= np.exp(shift)
                odds /= odds.sum(0)
                core = odds[2] if kinds > 2 else None
                found = find_cells(odds[1:].sum(0), core, planes.pixel_size_um, config)
                counts[k] += detect(found, labels[plane], where[plane])
    f1 = np.array([one.figures()["f1"] or 0.0 for one in counts])
    # of equally good ones that which changes least
    good = _SHIFTS[f1 >= f1.max() - 0.005]
    shift = float(good[np.argmin(np.abs(good))])
    with torch.no_grad():
        start.net.get_parameter("head.bias")[1:kinds] += shift
    return shift


def _compare(run: Run, outlines: Sequence[Outlines], device: Device) -> Step[Any]:
    """Detection of the new and the old model, on held-out and on simulated fields."""
    new, old = load_segmenter(run.folder / MODEL), _old(run)
    held = _judged(outlines, "test")
    original = yield from simulated(_ORIGINAL, "wide", 90_001)
    seen = [(p, labels, ~unsure | (labels > 0)) for p, labels, unsure in original]
    figures: dict[str, dict[str, Any]] = {}
    for name, model in (("new", new), ("old", old)):
        if model is None:
            continue
        figures[name] = {"name": model.card.name}
        for place, fields in (("held_out", held), ("original", seen)):
            counts = yield from _detection(model, fields, device)
            figures[name][place] = counts.figures()
    both = "old" in figures
    return {
        "format": 1,
        "task": "segment",
        "new": {"name": figures["new"]["name"], **figures["new"]["held_out"]},
        "old": {"name": figures["old"]["name"], **figures["old"]["held_out"]}
        if both
        else None,
        "original_fields": {
            "measured_on": f"{_ORIGINAL} simulated fields of the kind wide",
            "new": figures["new"]["original"],
            "old": figures["old"]["original"] if both else None,
        },
        "notes": [],
    }


def _detection(
    model: Segmenter, fields: Sequence[Judged], device: Device
) -> Step[Detection]:
    config = SegmentConfig(threshold=model.card.threshold)
    counts = Detection()
    for k, (planes, labels, where) in enumerate(fields):
        yield Progress("Comparing", k, len(fields))
        found = finish(segment(planes, model, config, device)).labels
        counts += detect(found, labels, where)
    return counts


def _save(
    run: Run,
    start: SegmenterStart,
    trained: Trained,
    shift: float,
    report: dict[str, Any] | None,
) -> ModelCard:
    about, old = run.about, start.card
    metrics = {}
    if report is not None:
        metrics = {"measured_on": report["measured_on"], **report["new"]}
        metrics["simulated_fields"] = report["original_fields"]["new"]
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
    return save_model(run.folder / MODEL, card, start.net.state_dict())


def _old(run: Run) -> Segmenter | None:
    try:
        return load_segmenter(Path(run.about["old_model"]))
    except InputError:
        return None


def _need(outlines: Sequence[Outlines], role: str) -> None:
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
