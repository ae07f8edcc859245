"""Long steps in napari's worker thread, with progress, Cancel and plain errors.

napari's own activity dock gets no bar: the spinner that it starts repaints the whole
window all the time, which without a graphics card takes both the processor and the
step's time (measured: 2.5 x as long under Mesa's software OpenGL, 1.0-1.2 x without).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from napari.qt.threading import create_worker
from napari.utils.notifications import show_error, show_warning
from qtpy.QtCore import QObject, Signal

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_cellid.progress import Progress, Step

T = TypeVar("T")


class StepError(Exception):
    """A step failed for a reason that is not the user's to mend."""


@dataclass(frozen=True)
class _Outcome(Generic[T]):
    value: T


@dataclass(frozen=True)
class _Refusal:
    message: str


class Work(QObject):
    """Runs one step at a time; its signals arrive in the thread of the window.

    Parameters
    ----------
    parent
        Whose deletion cancels the step.
    """

    progressed = Signal(object)
    finished = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._running = _Running()
        self._done: Callable[[Any], None] | None = None
        self._step: Step[Any] | None = None
        # not a method of self, which is gone by then
        self.destroyed.connect(self._running.abandon)

    @property
    def busy(self) -> bool:
        """Whether a step is under way, also one that was cancelled just now."""
        return self._running.worker is not None

    def start(self, step: Step[T], done: Callable[[T], None]) -> bool:
        """Run a step and pass its result to `done`; False if one is under way."""
        if self.busy:
            return False
        self._done, self._step = done, step
        worker = create_worker(_guarded, step, self._running)
        self._running.worker = worker
        worker.yielded.connect(self._on_progress)
        worker.returned.connect(self._on_returned)
        worker.finished.connect(self._on_finished)
        worker.start()
        return True

    def cancel(self) -> None:
        """Stop at the next point where the step tells its progress."""
        if self._running.worker is not None:
            self._running.worker.quit()

    def _on_progress(self, news: Progress) -> None:
        if news.message:
            show_warning(news.message)
        self.progressed.emit(news)

    def _on_returned(self, outcome: _Outcome[Any] | _Refusal) -> None:
        if isinstance(outcome, _Refusal):
            show_error(outcome.message)
        elif self._done is not None:
            self._done(outcome.value)

    def _on_finished(self) -> None:
        # a cancelled step stopped in the middle, maybe with files or threads open
        if self._step is not None:
            self._step.close()
            self._step = None
        self._running.worker = None
        self._done = None
        self.finished.emit()


class _Running:
    """The worker under way."""

    def __init__(self) -> None:
        self.worker: Any = None

    def abandon(self, _: object = None) -> None:
        """Cancel the step whose widget is gone."""
        if self.worker is not None:
            self.worker.quit()
            self.worker = None


def _guarded(step: Step[T], running: _Running) -> Step[_Outcome[T] | _Refusal]:
    """Turn the errors that napari's workers cannot carry into ones they can.

    `running` is only kept alive, so that it can cancel the step as long as that runs.
    """
    try:
        return _Outcome((yield from step))
    except InputError as error:
        return _Refusal(str(error))
    except RuntimeError as error:
        # a worker takes RuntimeError for its own deletion and never finishes
        raise StepError(str(error)) from error
    finally:
        del running
