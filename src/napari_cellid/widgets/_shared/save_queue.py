"""Steps that save something: they wait for one another, and none is dropped."""

from __future__ import annotations

import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeVar

from napari.utils.notifications import notification_manager
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end
from napari_cellid.widgets._shared.notifications import show_error, show_warning

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from napari_cellid.progress import Progress, Step

T = TypeVar("T")


def _show(error: InputError) -> None:
    show_error(str(error))


class SaveQueue(QObject):
    """Runs every step to its end in a thread, in the order in which they were added.

    A step that saves cannot be cancelled: it also runs if its dock, the viewer or
    napari is closed meanwhile. All queues share one thread, so that two docks do not
    write into one study at the same time.
    """

    #: a step has ended, with a result or an error
    finished = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._n_unfinished = 0

    @property
    def busy(self) -> bool:
        """Whether a step runs or waits."""
        return self._n_unfinished > 0

    def add(
        self,
        step: Step[T],
        on_result: Callable[[T], object],
        on_refused: Callable[[InputError], object] = _show,
    ) -> None:
        """Run a step as soon as all steps that were added before have ended.

        Parameters
        ----------
        step
            Generator that returns its result. It works on plain data, never on a
            layer or a widget, which may be gone when it runs.
        on_result
            Called in the main thread with the result, unless this queue was deleted.
        on_refused
            Called in the main thread with an `InputError`; by default it is shown.
        """
        self._n_unfinished += 1
        messages: list[str] = []
        future = _executor().submit(run_to_end, step, partial(_note, messages))
        # weak: a dock can be closed and deleted before its step ends
        end = partial(_end, weakref.ref(self), on_result, on_refused, messages)
        # the mailbox is made here, in the main thread, where its slots are to run
        future.add_done_callback(partial(_mailbox().post, end))

    def end(self, on_result: Callable[[Any], object] | None, result: Any) -> None:
        """Pass on the result of a step; None instead of a function if it failed."""
        self._n_unfinished -= 1
        try:
            if on_result is not None:
                on_result(result)
        finally:
            self.finished.emit()


class _Mailbox(QObject):
    """Calls functions in the main thread; it is never deleted, unlike queues."""

    _posted = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._posted.connect(self._deliver)

    def post(
        self, function: Callable[[Future[Any]], None], future: Future[Any]
    ) -> None:
        """Call a function with a future in the main thread; from any thread."""
        self._posted.emit(function, future)

    def _deliver(
        self, function: Callable[[Future[Any]], None], future: Future[Any]
    ) -> None:
        function(future)


@cache
def _executor() -> ThreadPoolExecutor:
    # at the end of the program Python waits for all that was submitted
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="saving")


@cache
def _mailbox() -> _Mailbox:
    return _Mailbox()


def _note(messages: list[str], progress: Progress) -> None:
    if progress.message:
        messages.append(progress.message)


def _end(
    queue_ref: weakref.ref[SaveQueue],
    on_result: Callable[[Any], object],
    on_refused: Callable[[InputError], object],
    messages: list[str],
    future: Future[Any],
) -> None:
    """Show what a step has to say, and pass its result on, in the main thread."""
    for message in messages:
        show_warning(message)
    error = future.exception()
    if isinstance(error, InputError):
        on_refused(error)
    elif isinstance(error, Exception):
        notification_manager.receive_error(type(error), error, error.__traceback__)
    queue = queue_ref()
    if queue is not None and isalive(queue):
        queue.end(
            on_result if error is None else None,
            None if error is not None else future.result(),
        )
