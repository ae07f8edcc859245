"""Docks that need the whole height share it as tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget


def join_tabs_soon(widget: QWidget) -> None:
    """Do so once the widget, which is being made, lies in the window."""
    timer = QTimer(widget, singleShot=True, interval=0)
    timer.timeout.connect(lambda: join_tabs(widget))
    timer.start()


def join_tabs(widget: QWidget) -> None:
    """Put the dock of a widget behind a tab of the docks beside it, and to the front.

    napari stacks docks; two or three of them then have no room to show anything.
    The dock gets as wide as the widget would like to be.
    """
    dock = widget.parentWidget()
    while dock is not None and not isinstance(dock, QDockWidget):
        dock = dock.parentWidget()
    window = None if dock is None else dock.parentWidget()
    if not isinstance(window, QMainWindow) or dock is None or dock.isFloating():
        return
    area = window.dockWidgetArea(dock)
    beside = [
        other
        for other in window.findChildren(QDockWidget)
        if other is not dock
        and other.isVisible()
        and not other.isFloating()
        and window.dockWidgetArea(other) == area
    ]
    if beside and not window.tabifiedDockWidgets(dock):
        window.tabifyDockWidget(beside[-1], dock)
        dock.raise_()
        # when the window has noticed that it needs less room now
        timer = QTimer(widget, singleShot=True, interval=0)
        timer.timeout.connect(lambda: _back_on_screen(window))
        timer.start()
    wanted = widget.sizeHint().width()
    if dock.width() < wanted:
        window.resizeDocks([dock], [wanted], Qt.Orientation.Horizontal)


def _back_on_screen(window: QMainWindow) -> None:
    """Undo that stacked docks had stretched the window beyond the screen."""
    room = window.screen().availableGeometry()
    if window.height() > room.height():
        window.resize(window.width(), room.height())
