"""Operating a window of napari by what people see: texts, tabs, files dropped on it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from clicking import in_next_dialog
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDockWidget,
    QLabel,
    QTabBar,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEFT = Qt.MouseButton.LeftButton
NONE_HELD = Qt.KeyboardModifier.NoModifier
_PATIENCE_S = 120


def wait(done: Callable[[], Any], what: str = "") -> None:
    """Let the window live until something is so."""
    end = time.monotonic() + _PATIENCE_S
    while not done():
        assert time.monotonic() < end, f"waited in vain for {what or done}"
        QApplication.processEvents()
        time.sleep(0.01)


def live(seconds: float) -> None:
    """Let the window live for some time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


def open_dock(viewer: Any, title: str) -> QWidget:
    """Open a dock as the Plugins menu does, or bring it to the front."""
    window = viewer.window._qt_window
    for dock in window.findChildren(QDockWidget):
        if dock.windowTitle() == title:
            dock.raise_()
            live(0.1)
            return dock.widget()
    _, widget = viewer.window.add_plugin_dock_widget("napari-cellid", title)
    live(0.1)
    return widget


def button(inside: QWidget, text: str) -> QAbstractButton:
    """The visible button whose text begins so."""
    for one in inside.findChildren(QAbstractButton):
        if one.isVisible() and one.text().replace("&", "").startswith(text):
            return one
    raise LookupError(f"no button {text!r} is visible")


def can_click(inside: QWidget, text: str) -> bool:
    try:
        return button(inside, text).isEnabled()
    except LookupError:
        return False


def click(inside: QWidget, text: str) -> None:
    """Click the button with this text."""
    found = button(inside, text)
    where = QPoint(8, found.height() // 2) if isinstance(found, QCheckBox) else QPoint()
    QTest.mouseClick(found, LEFT, NONE_HELD, where)
    live(0.05)


def open_tab(inside: QWidget, text: str) -> None:
    """Click the tab with this text."""
    for bar in inside.findChildren(QTabBar):
        for index in range(bar.count()):
            if bar.isVisible() and bar.tabText(index).startswith(text):
                QTest.mouseClick(bar, LEFT, NONE_HELD, bar.tabRect(index).center())
                live(0.1)
                return
    raise LookupError(f"no tab {text!r} is visible")


def choose(inside: QWidget, text: str) -> None:
    """Choose the item of a list that begins with a text."""
    for box in inside.findChildren(QComboBox):
        index = box.findText(text, Qt.MatchFlag.MatchStartsWith)
        if box.isVisible() and index >= 0:
            box.setCurrentIndex(index)
            box.activated.emit(index)
            live(0.05)
            return
    raise LookupError(f"no list has an item {text!r}")


def reads(inside: QWidget, text: str) -> bool:
    """Whether a label that is visible has a text in it."""
    labels = inside.findChildren(QLabel)
    return any(label.isVisible() and text in label.text() for label in labels)


def press(viewer: Any, key: Any, held: Any = NONE_HELD) -> None:
    """Press a key as the keyboard does: the window knows where the focus is."""
    window = viewer.window._qt_window
    QApplication.setActiveWindow(window)
    QTest.keyClick(window.windowHandle(), key, held)
    live(0.03)


def drop(viewer: Any, path: Path) -> None:
    """Drop a file on the image, and choose this plugin where napari asks for one."""
    canvas = viewer.window._qt_viewer
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    place, action = canvas.rect().center(), Qt.DropAction.CopyAction
    n_before = len(viewer.layers)
    in_next_dialog(_choose_this_plugin, tries=1500)
    # Qt drops on what something was dragged over
    for event in (
        QDragEnterEvent(place, action, data, LEFT, NONE_HELD),
        QDropEvent(QPointF(place), action, data, LEFT, NONE_HELD),
    ):
        QApplication.sendEvent(canvas, event)
    wait(lambda: len(viewer.layers) > n_before, "the layers of the file")


def _choose_this_plugin(dialog: QDialog) -> None:
    click(dialog, "napari-cellid")
    (box,) = dialog.findChildren(QDialogButtonBox)
    QTest.mouseClick(box.button(QDialogButtonBox.StandardButton.Ok), LEFT)
