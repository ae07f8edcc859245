"""Waiting for slow work that a call needs, while the window goes on drawing.

napari calls readers, samples and docks in the thread of the window and wants their
result at once. What is slow in them runs in another thread meanwhile: the event loop
goes on, a sign in the middle of the window says what is being done, and keys and clicks
are kept until it is over.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from qtpy.QtCore import QEventLoop, QObject, Qt, QThread, QTimer, Signal
from qtpy.QtWidgets import QApplication, QLabel, QMainWindow, QWidget

from napari_cellid.progress import Progress, run_to_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_cellid.progress import Step

T = TypeVar("T")

#: what takes less (ms) needs no sign
SIGN_AFTER_MS = 150
#: name of the sign, by which tests and style sheets find it
SIGN_NAME = "napari_cellid_waiting"
_STYLE = (
    "background: palette(window); color: palette(window-text); "
    "border: 1px solid palette(mid); border-radius: 4px; padding: 12px 20px;"
)


def wait_for(work: Callable[[], T], text: str, *, at_once: bool = False) -> T:
    """Call a function in a thread and return its result; the window stays alive.

    Parameters
    ----------
    work
        The function. It must not touch widgets or layers. An error that it raises is
        raised here.
    text
        What is being done, in the user's words, such as "Opening the study…".
    at_once
        Whether the sign is shown before the work begins. That is for work in which the
        window can hardly draw, such as importing large libraries.

    Returns
    -------
    Its result. Outside the thread of a window the function is called directly.
    """

    def step() -> Step[T]:
        yield Progress(text)
        return work()

    return wait_for_step(step(), text, at_once=at_once)


def wait_for_step(step: Step[T], text: str, *, at_once: bool = False) -> T:
    """Run a step as `wait_for` calls a function; the sign shows its progress."""
    if not _in_window_thread():
        return run_to_end(step)
    work = _Work(step)
    loop = QEventLoop()
    work.ended.connect(loop.quit)
    thread = threading.Thread(target=work.run, name="waiting", daemon=True)
    with _sign(text, work, at_once=at_once):
        thread.start()
        # keys and clicks are not lost: they arrive when the work is done
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    thread.join()
    if work.error is not None:
        raise work.error
    return work.result  # type: ignore[no-any-return]


def draw_pending() -> None:
    """Let the window draw between two parts of work that must be done in its thread.

    Keys and clicks are kept until the work is over.
    """
    if _in_window_thread():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)


class _Work(QObject):
    """A step in a thread, and its result."""

    ended = Signal()
    progressed = Signal(str)

    def __init__(self, step: Step[Any]) -> None:
        super().__init__()
        self._step = step
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        """Run the step to its end."""
        try:
            self.result = run_to_end(self._step, self._report)
        # it is raised again in the thread that waits
        except BaseException as error:  # noqa: BLE001
            self.error = error
        finally:
            self.ended.emit()

    def _report(self, progress: Progress) -> None:
        count = f" {progress.done} of {progress.total}" if progress.total > 1 else ""
        self.progressed.emit(progress.stage + count)


@contextmanager
def _sign(text: str, work: _Work, *, at_once: bool) -> Iterator[None]:
    """Show a sign, if the block lasts long enough to need one."""
    window = _main_window()
    if window is None:
        yield
        return
    sign = _Sign(text, window)
    work.progressed.connect(sign.set_text)
    timer = QTimer(sign, singleShot=True, interval=SIGN_AFTER_MS)
    timer.timeout.connect(sign.appear)
    if at_once:
        sign.appear()
        # drawn now, because it may not be possible later
        QApplication.processEvents(
            QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents, SIGN_AFTER_MS
        )
    else:
        timer.start()
    QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
    try:
        yield
    finally:
        QApplication.restoreOverrideCursor()
        timer.stop()
        sign.hide()
        sign.deleteLater()


class _Sign(QLabel):
    """A text in the middle of a window."""

    def __init__(self, text: str, window: QWidget) -> None:
        super().__init__(text, window)
        self.setObjectName(SIGN_NAME)
        self.setStyleSheet(_STYLE)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hide()

    def appear(self) -> None:
        """Show it above everything else in the window."""
        self._place()
        self.show()
        self.raise_()

    def set_text(self, text: str) -> None:
        """Show another text."""
        self.setText(text)
        self._place()

    def _place(self) -> None:
        self.adjustSize()
        middle = self.parentWidget().rect().center()
        self.move(middle - self.rect().center())


def _in_window_thread() -> bool:
    app = QApplication.instance()
    return app is not None and QThread.currentThread() is app.thread()


def _main_window() -> QMainWindow | None:
    """The window of napari that the user sees, if there is one."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        return None
    active = app.activeWindow()
    windows = [active, *reversed(app.topLevelWidgets())]
    for window in windows:
        if isinstance(window, QMainWindow) and window.isVisible():
            return window
    return None
