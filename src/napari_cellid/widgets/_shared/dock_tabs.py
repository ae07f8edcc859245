"""Docks that need the full height of the window share it as tabs."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow

from napari_cellid.widgets._shared.parents import nearest
from napari_cellid.widgets._shared.shortcut_list import title_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qtpy.QtWidgets import QWidget

#: a window that cannot be shrunk yet is tried again, so often and after so long (ms)
_TRIES, _AGAIN_MS = 8, 40


class _Later(QTimer):
    """Calls something as soon as the event loop goes on, if the parent still lives.

    A partial that is connected to a timer is emptied by the garbage collector while the
    timer of a dock that nobody holds still runs, and PyQt crashes when it calls it.
    """

    def __init__(self, parent: QWidget, call: Callable[[], object]) -> None:
        super().__init__(parent, singleShot=True, interval=0)
        self._call = call
        self.timeout.connect(self._run)
        self.start()

    def _run(self) -> None:
        self._call()


def dock_of(widget: QWidget) -> QDockWidget | None:
    """The dock that a widget is in; None if it is in none."""
    return nearest(widget.parentWidget(), QDockWidget)


def tabify_dock_later(widget: QWidget) -> None:
    """Call `tabify_dock` as soon as the widget, still being made, is in the window."""
    # napari stacks it below the others first, which makes the window higher
    heights = {
        id(window): window.height()
        for window in QApplication.topLevelWidgets()
        if isinstance(window, QMainWindow)
    }
    _Later(widget, partial(tabify_dock, widget, heights))


def tabify_dock(widget: QWidget, heights: Mapping[int, int]) -> None:
    """Put a widget's dock into one tab group with the docks beside it, in front.

    napari stacks docks, and two or three stacked docks have no room to show anything.
    The dock becomes as wide as the widget would like to be. Its title is short, so that
    the tabs can be read.

    Parameters
    ----------
    widget
        The widget of the dock.
    heights
        Heights of the windows before napari made the dock (px), by their `id`.
    """
    dock = dock_of(widget)
    window = None if dock is None else dock.parentWidget()
    if not isinstance(window, QMainWindow) or dock is None or dock.isFloating():
        return
    dock.setWindowTitle(title_of(dock))
    area = window.dockWidgetArea(dock)
    neighbours = [
        other
        for other in window.findChildren(QDockWidget)
        if other is not dock
        and other.isVisible()
        and not other.isFloating()
        and window.dockWidgetArea(other) == area
    ]
    if neighbours and not window.tabifiedDockWidgets(dock):
        window.tabifyDockWidget(neighbours[-1], dock)
        dock.raise_()
        height = heights.get(id(window), window.height())
        # not the window itself, which the timer would keep alive; and only when the
        # window has noticed that it needs less room now
        _Later(widget, partial(_restore_height, weakref.ref(window), height))
    width = widget.sizeHint().width()
    if dock.width() < width:
        window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)


def _restore_height(
    window_ref: weakref.ref[QMainWindow], height: int, tries: int = _TRIES
) -> None:
    """Shrink a window that stacked docks had stretched, once it can be."""
    window = window_ref()
    if window is None or not isalive(window):
        return
    if window.isMaximized() or window.isFullScreen():
        return
    height = min(height, window.screen().availableGeometry().height())
    if window.height() > height:
        window.resize(window.width(), height)
    if window.height() > height and tries:
        # the layout has not noticed yet that it needs less room
        later = partial(_restore_height, window_ref, height, tries - 1)
        QTimer.singleShot(_AGAIN_MS, later)
