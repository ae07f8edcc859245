"""Docks that need the full height of the window share it as tabs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget


def tabify_dock_later(widget: QWidget) -> None:
    """Call `tabify_dock` as soon as the widget, still being made, is in the window."""
    timer = QTimer(widget, singleShot=True, interval=0)
    timer.timeout.connect(partial(tabify_dock, widget))
    timer.start()


def tabify_dock(widget: QWidget) -> None:
    """Put a widget's dock into one tab group with the docks beside it, in front.

    napari stacks docks, and two or three stacked docks have no room to show anything.
    The dock becomes as wide as the widget would like to be.
    """
    dock = widget.parentWidget()
    while dock is not None and not isinstance(dock, QDockWidget):
        dock = dock.parentWidget()
    window = None if dock is None else dock.parentWidget()
    if not isinstance(window, QMainWindow) or dock is None or dock.isFloating():
        return
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
        # when the window has noticed that it needs less room now
        timer = QTimer(widget, singleShot=True, interval=0)
        timer.timeout.connect(partial(_fit_to_screen, window))
        timer.start()
    width = widget.sizeHint().width()
    if dock.width() < width:
        window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)


def _fit_to_screen(window: QMainWindow) -> None:
    """Shrink a window that stacked docks had stretched beyond the screen."""
    screen = window.screen().availableGeometry()
    if window.height() > screen.height():
        window.resize(window.width(), screen.height())
