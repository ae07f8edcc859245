"""Long steps in a worker thread of napari, with progress, cancelling and plain errors.

The step is not shown in napari's activity dock: its spinner repaints the whole window
all the time, which without a graphics card slows the step down (measured: 2.5 x as
long under Mesa's software OpenGL, 1.0-1.2 x without the spinner).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from napari.qt.threading import create_worker
from qtpy.QtCore import QObject, Signal

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.notifications import show_error, show_warning

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_cellid.progress import Progress, Step

T = TypeVar("T")


class StepFailedError(Exception):
    """A step failed for a reason that the user cannot mend."""


class WorkerBusyError(RuntimeError):
    """A step was started while another one was running."""


@dataclass(frozen=True)
class _StepResult(Generic[T]):
    value: T


@dataclass(frozen=True)
class _InputProblem:
    message: str


@dataclass(frozen=True)
class _Job(Generic[T]):
    step: Step[T]
    on_result: Callable[[T], object]


class Worker(QObject):
    """Runs one step at a time in a thread; its signals arrive in the main thread.

    A step that saves something belongs in a `SaveQueue`, because this one drops steps.

    Parameters
    ----------
    parent
        The step is cancelled when this object is deleted.
    """

    #: a progress event
    progressed = Signal(object)
    #: the step has ended: with a result, an error, or because it was cancelled
    finished = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._running = _Running()
        self._job: _Job[Any] | None = None
        self._next: _Job[Any] | None = None
        self._cancelled = False
        # not a method of self, which is gone by then
        self.destroyed.connect(self._running.abandon)

    @property
    def busy(self) -> bool:
        """Whether a step is running, including one that was cancelled just now."""
        return self._running.worker is not None

    @property
    def cancelled(self) -> bool:
        """Whether the step that is running was cancelled."""
        return self._cancelled

    def start(self, step: Step[T], on_result: Callable[[T], object]) -> None:
        """Start a step; look at `busy` before.

        Parameters
        ----------
        step
            Generator that yields its progress and returns its result. It works on
            plain data, never on a layer or a widget, which may be gone meanwhile.
        on_result
            Called in the main thread with the result.

        Raises
        ------
        WorkerBusyError
            If a step is running already.
        """
        if self.busy:
            raise WorkerBusyError("A step is running; use start_latest or wait.")
        self._begin(_Job(step, on_result))

    def start_latest(self, step: Step[T], on_result: Callable[[T], object]) -> None:
        """Start a step, in place of the one that is running or waiting, if any.

        It begins as soon as the other one has stopped, whose result is dropped.
        """
        self.cancel()
        if self.busy:
            self._next = _Job(step, on_result)
        else:
            self._begin(_Job(step, on_result))

    def cancel(self) -> None:
        """Stop the step when it yields the next time; its result is dropped.

        That holds also for a step that has ended already but whose result has not
        arrived in the main thread yet.
        """
        self._next = None
        if self._running.worker is not None:
            self._cancelled = True
            self._running.worker.quit()

    def _begin(self, job: _Job[Any]) -> None:
        self._job, self._cancelled = job, False
        worker = create_worker(_guarded, job.step, self._running)
        self._running.worker = worker
        worker.yielded.connect(self._on_progress)
        worker.returned.connect(self._on_returned)
        worker.finished.connect(self._on_finished)
        worker.start()

    def _on_progress(self, news: Progress) -> None:
        if news.message:
            show_warning(news.message)
        self.progressed.emit(news)

    def _on_returned(self, result: _StepResult[Any] | _InputProblem) -> None:
        if self._cancelled or self._job is None:
            return
        if isinstance(result, _InputProblem):
            show_error(result.message)
        else:
            self._job.on_result(result.value)

    def _on_finished(self) -> None:
        # kept until the end: it may hold the last reference to the owner of this object
        ended = self._job
        # a cancelled step stopped in the middle, perhaps with files or threads open
        if ended is not None:
            ended.step.close()
        self._running.worker = self._job = None
        job, self._next = self._next, None
        if job is not None:
            self._begin(job)
        self.finished.emit()


class _Running:
    """The worker thread that is running, if any."""

    def __init__(self) -> None:
        self.worker: Any = None

    def abandon(self, _: object = None) -> None:
        """Cancel the step of a widget that was deleted."""
        if self.worker is not None:
            self.worker.quit()
            self.worker = None


def _guarded(step: Step[T], running: _Running) -> Step[_StepResult[T] | _InputProblem]:
    """Run a step, and translate the errors that napari's workers cannot pass on.

    `running` is only kept alive here, so that it can cancel the step while that runs.
    """
    try:
        return _StepResult((yield from step))
    except InputError as error:
        return _InputProblem(str(error))
    except RuntimeError as error:
        # a worker takes a RuntimeError for its own deletion and never finishes
        raise StepFailedError(str(error)) from error
    finally:
        del running
