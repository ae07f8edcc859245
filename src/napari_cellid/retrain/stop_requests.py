"""Stopping a training while it still prepares its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from napari_cellid.progress import ProgressEvent

if TYPE_CHECKING:
    from napari_cellid.progress import Step
    from napari_cellid.training.run import Run

T = TypeVar("T")
#: the stage in which the training loop itself writes progress and obeys stop requests
_LOOP = "Training"


class StopRequested(Exception):
    """A stop was requested before there was a model to keep."""


def with_stop_requests(step: Step[T], run: Run) -> Step[T]:
    """Run a preparing step; write its progress into the run and obey stop requests.

    Raises
    ------
    StopRequested
        If a stop was requested before the training loop began.
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
                # ends the step now, with its `finally` blocks, not when it is collected
                step.close()
                raise StopRequested
        yield progress
