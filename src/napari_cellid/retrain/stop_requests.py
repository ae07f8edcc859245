"""Preparation of a training that tells how far it is, and stops when it is asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from napari_cellid.progress import ProgressEvent
from napari_cellid.retrain.result import RetrainResult

if TYPE_CHECKING:
    from napari_cellid.progress import Step
    from napari_cellid.training.run import Run

T = TypeVar("T")
#: the stage in which the loop itself tells how far it is, and stops in order
_LOOP = "Training"


class StopRequested(Exception):
    """Somebody asked to stop before there was anything to keep."""


def with_stop_requests(step: Step[T], run: Run) -> Step[T]:
    """Run a step; what comes before the training proper ends when somebody asks.

    Raises
    ------
    StoppedEarlyError
        If somebody asked to stop.
    """
    while True:
        try:
            progress = next(step)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if progress.stage != _LOOP and not isinstance(progress, ProgressEvent):
            values = {"stage": progress.stage, "done": progress.done}
            run.write_progress({**values, "total": progress.total})
            if run.stop_requested():
                step.close()
                raise StopRequested
        yield progress


def stopped_early(run: Run) -> Step[RetrainResult]:
    """Say that there is nothing to keep."""
    said = "Stopped before the first step, so there is no model; it can be resumed."
    end = {"state": "stopped", "best_epoch": 0, "model": None, "report": None}
    run.log({"event": "end", **end, "message": said})
    yield ProgressEvent("Training", 1, 1, event="end", values={**end, "message": said})
    return RetrainResult(run, "stopped", {}, (said,))
