"""The retraining job: start, resume and estimate a training of any task."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.io.tables import write_cells
from napari_cellid.models.registry import SHIPPED_MODELS
from napari_cellid.models.store import CARD_FILE
from napari_cellid.naming import check_folder_name
from napari_cellid.progress import Progress, ProgressEvent
from napari_cellid.retrain.active_model import current_model
from napari_cellid.retrain.classifier import ClassifierTask
from napari_cellid.retrain.run_device import device_of_run
from napari_cellid.retrain.segmenter import SegmenterTask
from napari_cellid.retrain.stop_requests import StopRequested
from napari_cellid.retrain.verdict import end_message
from napari_cellid.training.layout import MODEL_FOLDER, REPORT_FILE
from napari_cellid.training.run import Run
from napari_cellid.training.run_list import new_run_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.config import DeviceConfig
    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.retrain.request import RetrainRequest
    from napari_cellid.retrain.task import RetrainTask
    from napari_cellid.study.study import Study

#: every kind of training, by the task of its model
TASKS: dict[str, RetrainTask] = {
    task.name: task for task in (ClassifierTask(), SegmenterTask())
}


@dataclass(frozen=True)
class RetrainResult:
    """Result of a training.

    Parameters
    ----------
    run
        The run.
    state
        finished or stopped.
    report
        Content of `report.json`; empty where there is no model.
    notes
        Sentences about what limits the figures.
    """

    run: Run
    state: str
    report: dict[str, Any]
    notes: tuple[str, ...]


def start(study: Study, request: RetrainRequest) -> Run:
    """Check everything that can be checked, and create the folder of the run.

    Raises
    ------
    InputError
        If there is too little to train on, no such starting weights, or the study
        cannot be written to.
    """
    task = TASKS[request.task]
    prepared = task.prepare(study, request)
    name = check_name(request.name or new_run_name(study.runs, task.name))
    requested = _absolute_start(request.start, study)
    about = {
        "name": name,
        "task": task.name,
        "start": {"asked": requested, **prepared.start_origin},
        "settings": request.settings.model_dump(mode="json"),
        "split": request.split.model_dump(mode="json"),
        **prepared.description,
        # as of now: another model that is activated meanwhile is not compared
        "old_model": str(current_model(study, task.name)),
    }
    # last, so that a refused request leaves no folder
    run = Run.create(study.runs / name, about)
    for file, table in prepared.tables.items():
        write_cells(run.folder / file, table)
    return run


def resume(
    study: Study, run: Run, device: DeviceConfig, *, force: bool = False
) -> Step[RetrainResult]:
    """Train a run that was started or interrupted, and compare the new model.

    Parameters
    ----------
    study, run
        The run, in its study.
    device
        Device and precision; what is "auto" is as in the run so far.
    force
        As for `Run.start`.

    Raises
    ------
    InputError
        If it cannot go on; the run states why, and no model is changed.
    """
    study.check_present()
    # outside of the try: a run that another process trains has not failed
    run.start(force=force)
    try:
        chosen, notes = device_of_run(run, device)
        for note in notes:
            yield Progress("Preparing", 0, 1, note)
        result = yield from _train(study, run, chosen, notes)
    except StopRequested:
        result = yield from _stopped_early(run)
    except InputError as error:
        _record_failure(run, str(error))
        raise
    # of whatever kind: without a state the run would look interrupted and resumable
    except Exception as error:
        _record_failure(run, f"The training failed ({error}).")
        raise
    # last: whoever waits for the state finds model, report and the end of the log
    run.end("stopped" if result.state == "stopped" else "finished")
    return result


def estimate(
    study: Study, request: RetrainRequest, device: DeviceConfig
) -> Step[dict[str, Any]]:
    """Estimate how long a training would take; nothing is trained or written.

    Returns
    -------
    `seconds`, `device`, `measured_on` (what would be held out, a sentence), and the
    cells by role: `train`, `validation`, `held_out`.

    Raises
    ------
    InputError
        As `start`.
    """
    chosen = choose_device(device)
    estimated = yield from TASKS[request.task].estimate(study, request, chosen)
    return {
        "seconds": round(estimated.seconds, 1),
        "device": str(chosen),
        "measured_on": estimated.measured_on,
        **estimated.counts,
    }


def check_name(name: str) -> str:
    """Check the name of a new training; return its clean form.

    Raises
    ------
    InputError
        If some computer cannot have a folder of this name.
    """
    return check_folder_name(name, "folder")


def _absolute_start(requested: str, study: Study) -> str:
    """The starting weights as any later process finds them: a name or a full path."""
    own = (parent / requested / CARD_FILE for parent in (study.models, SHIPPED_MODELS))
    path = Path(requested).expanduser()
    if requested and path.exists() and not any(card.is_file() for card in own):
        return str(path.absolute())
    return requested or "shipped"


def _train(
    study: Study, run: Run, device: Device, notes: Sequence[str]
) -> Step[RetrainResult]:
    task = TASKS.get(run.task)
    if task is None:
        raise InputError(
            f"{run.folder} trains {run.task!r}, which this version does not know; "
            "update napari-cellid."
        )
    result = yield from task.run(study, run, device)
    report, state = result.report, result.state
    run.write_json(REPORT_FILE, {**report, "notes": [*notes, *report["notes"]]})
    yield _end(
        run,
        state=state,
        best_epoch=result.best_epoch,
        model=str(run.folder / MODEL_FOLDER),
        report=str(run.folder / REPORT_FILE),
        message=end_message(report, state, result.best_epoch),
    )
    return RetrainResult(run, state, report, tuple(report["notes"]))


def _stopped_early(run: Run) -> Step[RetrainResult]:
    message = "Stopped before the first step, so there is no model; it can be resumed."
    yield _end(run, state="stopped", message=message)
    return RetrainResult(run, "stopped", {}, (message,))


def _record_failure(run: Run, message: str) -> None:
    """Write into the run why it failed, as far as it can be written."""
    try:
        _end(run, state="failed", message=message)
        run.end("failed", message)
    except InputError:
        # the disk is full or the study is gone: the caller reports it
        return


def _end(
    run: Run,
    *,
    state: str,
    message: str,
    best_epoch: int = 0,
    model: str | None = None,
    report: str | None = None,
) -> ProgressEvent:
    """Write the last event of a run into its log, and return it."""
    values = {
        "state": state,
        "best_epoch": best_epoch,
        "model": model,
        "report": report,
        "message": message,
    }
    run.log({"event": "end", **values})
    return ProgressEvent("Training", 1, 1, event="end", values=values)
