"""A real window of napari, operated by what a user sees: titles, buttons, keys."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import napari
from PIL import Image
from qtpy.QtCore import QPoint, QSize, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QLabel,
    QTabBar,
    QTabWidget,
    QWidget,
)

from napari_cellid.widgets._shared.shortcut_overlay import ShortcutOverlay
from tools.pictures import save_picture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PLUGIN = "napari-cellid"
_LEFT = Qt.MouseButton.LeftButton
#: size of the window (px)
SIZE = (1280, 800)
#: how long a step may take (s) on a computer that does other things, too
_PATIENCE_S = 900
#: how long nothing may happen (s) before a picture is taken: animations, repaints
_SETTLE_S = 1.5


class Window:
    """A viewer, its docks, and pictures of it.

    Parameters
    ----------
    folder
        Folder for the pictures.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.viewer = napari.Viewer(title="napari")
        self.main: QWidget = self.viewer.window._qt_window
        self.main.resize(QSize(*SIZE))
        self.settle()

    def dock(self, title: str) -> QWidget:
        """Open a dock as the Plugins menu does, or bring it to the front."""
        for dock in self.main.findChildren(QDockWidget):
            if dock.windowTitle().startswith(title):
                dock.raise_()
                self.settle()
                return dock
        _, widget = self.viewer.window.add_plugin_dock_widget(_PLUGIN, title)
        self.settle()
        return _dock_of(widget)

    def click(self, text: str, inside: QWidget) -> None:
        """Click the button with this text."""
        QTest.mouseClick(self.button(text, inside), _LEFT)
        self.settle()

    def button(self, text: str, inside: QWidget) -> QAbstractButton:
        """Find the visible button whose text begins so."""
        for button in inside.findChildren(QAbstractButton):
            if button.isVisible() and button.text().startswith(text):
                return button
        raise LookupError(f"no button {text!r} is visible")

    def can_click(self, text: str, inside: QWidget) -> bool:
        """Whether a button with this text is visible and enabled."""
        try:
            return self.button(text, inside).isEnabled()
        except LookupError:
            return False

    def choose(self, text: str, inside: QWidget) -> None:
        """Choose the item of a combo box that begins with a text."""
        for box in inside.findChildren(QComboBox):
            index = box.findText(text, Qt.MatchFlag.MatchStartsWith)
            if box.isVisible() and index >= 0:
                box.setCurrentIndex(index)
                box.activated.emit(index)
                self.settle()
                return
        raise LookupError(f"no list has an item {text!r}")

    def open_tab(self, text: str, inside: QWidget) -> None:
        """Click the tab with this text."""
        for tabs in inside.findChildren(QTabWidget):
            bar: QTabBar = tabs.tabBar()
            for index in range(bar.count()):
                if bar.isVisible() and bar.tabText(index).startswith(text):
                    middle = bar.tabRect(index).center()
                    QTest.mouseClick(bar, _LEFT, Qt.KeyboardModifier.NoModifier, middle)
                    self.settle()
                    return
        raise LookupError(f"no tab {text!r} is visible")

    def check(self, text: str, inside: QWidget, *, on: bool) -> None:
        """Tick a box, or untick it."""
        if self.button(text, inside).isChecked() != on:
            self.click(text, inside)

    def click_first_row(self, inside: QWidget) -> None:
        """Click the first row of the table that is visible."""
        for table in inside.findChildren(QAbstractItemView):
            if table.isVisible() and table.model().rowCount():
                middle = table.visualRect(table.model().index(0, 0)).center()
                held = Qt.KeyboardModifier.NoModifier
                QTest.mouseClick(table.viewport(), _LEFT, held, middle)
                self.settle()
                return
        raise LookupError("no table with rows is visible")

    def open_dialog(self, text: str, inside: QWidget, name: str) -> None:
        """Click the button that opens a dialog, take its picture, and close it."""
        shown: list[QDialog] = []

        def look() -> None:
            # the click returns only after the dialog was closed
            dialog = QApplication.activeModalWidget()
            if isinstance(dialog, QDialog):
                shown.append(dialog)
                self.picture(name, dialog)
                dialog.reject()

        QTimer.singleShot(int(1000 * _SETTLE_S), look)
        self.click(text, inside)
        if not shown:
            raise LookupError(f"{text!r} opened no dialog")

    def shows(self, text: str, inside: QWidget) -> bool:
        """Whether a label that is visible has a text in it."""
        labels = inside.findChildren(QLabel)
        return any(label.isVisible() and text in label.text() for label in labels)

    def press(self, keys: str) -> None:
        """Press keys, as the keyboard does: the window knows where the focus is."""
        QApplication.setActiveWindow(self.main)
        for key in keys:
            QTest.keyClick(self.main.windowHandle(), key)
            self.wait_s(0.3)

    def shortcut_list(self) -> QWidget:
        """The list that the key ? shows.

        Raises
        ------
        LookupError
            If it is not shown.
        """
        overlay = self.main.findChild(ShortcutOverlay)
        if overlay is None or not overlay.isVisible():
            raise LookupError("the list of shortcuts is not shown")
        return overlay

    def show_whole_field(self, zoom: float = 1.0) -> None:
        """Show the whole image, or its middle enlarged."""
        self.viewer.reset_view()
        # the camera is elsewhere since napari 0.9
        getattr(self.viewer, "scene", self.viewer).camera.zoom *= zoom
        self.settle()

    def point_at(self, y: float, x: float) -> None:
        """Rest the mouse on a place in the canvas, as shares of its size."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        place = QPoint(int(x * canvas.width()), int(y * canvas.height()))
        QTest.mouseMove(canvas, place - QPoint(3, 3))
        self.wait_s(0.2)
        QTest.mouseMove(canvas, place)
        self.settle()

    def wait(self, done: Callable[[], Any], what: str) -> None:
        """Wait until something is so.

        Raises
        ------
        TimeoutError
            If it does not become so.
        """
        end = time.monotonic() + _PATIENCE_S
        while not done():
            if time.monotonic() > end:
                raise TimeoutError(f"waited for {what} in vain")
            self.wait_s(0.05)

    def settle(self) -> None:
        """Wait for what follows a click: layout, repaints, animations."""
        self.wait_s(_SETTLE_S)

    def wait_s(self, seconds: float) -> None:
        """Let the window live for some time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.01)

    def picture(self, name: str, part: QWidget | None = None) -> None:
        """Take a picture of the window, or of a dock or dialog of it.

        Parameters
        ----------
        name
            File name. JPEG is for images, PNG for text alone.
        part
            A dock or dialog; None for the whole window.
        """
        self.settle()
        path = self._folder / name
        if part is not None and part.isWindow():
            save_picture(Image.fromqpixmap(part.grab()), path)
            return
        # napari knows how to read its canvas
        pixels = self.viewer.window.screenshot(canvas_only=False, flash=False)
        shot = Image.fromarray(pixels)
        if part is not None:
            corner = part.mapTo(self.main, QPoint(0, 0))
            x, y = corner.x(), corner.y()
            shot = shot.crop((x, y, x + part.width(), y + part.height()))
        save_picture(shot, path)

    def close(self) -> None:
        """Close the window."""
        self.viewer.close()


def _dock_of(widget: QWidget) -> QDockWidget:
    """Return the dock that holds a widget."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    if parent is None:
        raise LookupError("the widget is in no dock")
    return parent
