"""Notifications of napari that can be read whole, also about mistakes of the user."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.utils import notifications
from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QLabel

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: the most problems that are shown one by one; the rest is counted
_MAX_WARNINGS = 4
#: napari's toast has slid in after this time (ms)
_SLIDE_MS = 350
#: it stays as long as somebody needs to read it (ms for a character)
_READING_MS = 70


def show_info(message: str) -> None:
    """Show a sentence, all of it."""
    notifications.show_info(message)
    _show_whole(message)


def show_warning(message: str) -> None:
    """Show a warning, all of it."""
    notifications.show_warning(message)
    _show_whole(message)


def show_error(message: str) -> None:
    """Show what went wrong, all of it."""
    notifications.show_error(message)
    _show_whole(message)


@contextmanager
def input_errors_shown() -> Iterator[None]:
    """Show an `InputError` as a notification, and end the block there."""
    try:
        yield
    except InputError as error:
        show_error(str(error))


def show_warnings(problems: Sequence[str]) -> None:
    """Show the first few problems one by one, and the number of the others."""
    for problem in problems[:_MAX_WARNINGS]:
        show_warning(problem)
    if len(problems) > _MAX_WARNINGS:
        show_warning(f"There are {len(problems) - _MAX_WARNINGS} more such problems.")


def _show_whole(message: str) -> None:
    """Expand the toast with a message, of which napari shows one line."""
    if QApplication.instance() is not None:
        QTimer.singleShot(_SLIDE_MS, partial(_expand, message))


def _expand(message: str) -> None:
    for toast in QApplication.allWidgets():
        # napari has no public name for it
        if type(toast).__name__ == "NapariQtNotification" and _says(toast, message):
            label = toast.message
            needed, one_line = _heights(label, message)
            if needed > one_line and not toast.property("expanded"):
                # or it stays as high as one line in the larger toast
                label.setMinimumHeight(needed)
                toast.expand()
                toast.timer.setInterval(
                    max(toast.timer.interval(), _READING_MS * len(message))
                )


def _heights(label: QLabel, message: str) -> tuple[int, int]:
    """Height of all lines of a message as a label wraps them, and that of one line."""
    # the label itself measures what it shows, and forgets the margins of its style
    whole = QLabel(message, label.parentWidget())
    whole.setWordWrap(True)
    whole.ensurePolished()
    heights = whole.heightForWidth(label.width()), whole.heightForWidth(1 << 14)
    whole.deleteLater()
    return heights


def _says(toast: Any, message: str) -> bool:
    text = getattr(getattr(toast, "message", None), "text", str)
    return isalive(toast) and toast.isVisible() and message in text()
