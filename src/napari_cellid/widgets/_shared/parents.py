"""The dock, window or scroll area that a widget is in."""

from __future__ import annotations

from typing import TypeVar

from qtpy.QtWidgets import QWidget

W = TypeVar("W", bound=QWidget)


def nearest(widget: QWidget | None, kind: type[W]) -> W | None:
    """The widget itself or the nearest of its parents that is of a kind, or None.

    A floating dock is a window of its own, but still has the main window as a parent.
    """
    while widget is not None and not isinstance(widget, kind):
        widget = widget.parentWidget()
    return widget
