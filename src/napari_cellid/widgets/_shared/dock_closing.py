"""Closing a dock in the middle of a run: it is asked, or said that the run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QMessageBox, QPushButton, QWidget

from napari_cellid.widgets._shared.dock_tabs import dock_of
from napari_cellid.widgets._shared.notifications import show_info

if TYPE_CHECKING:
    from collections.abc import Callable

#: napari's names of the buttons in the title of a dock
_CLOSE, _HIDE = "QTitleBarCloseButton", "QTitleBarHideButton"


class DockClosing(QObject):
    """Watches the buttons that close and hide a dock.

    Parameters
    ----------
    widget
        The widget in the dock.
    running
        What is running, one sentence such as "Cells are being identified."; empty if
        nothing is.
    stop
        Ends what is running. None if it goes on without its dock.
    shown_again
        Where the run is seen again, one sentence.
    """

    def __init__(
        self,
        widget: QWidget,
        running: Callable[[], str],
        stop: Callable[[], object] | None,
        shown_again: str,
    ) -> None:
        super().__init__(widget)
        self._widget = widget
        self._running, self._stop = running, stop
        self._shown_again = shown_again
        self._watched: set[int] = set()
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Watch the buttons when the dock appears, and ask when they are clicked."""
        if watched is self._widget:
            if event.type() == QEvent.Type.Show:
                self._watch_buttons()
            return False
        if not isinstance(watched, QPushButton) or not _is_click(watched, event):
            return False
        running = self._running()
        if not running:
            return False
        if watched.objectName() == _HIDE or self._stop is None:
            show_info(f"{running} It goes on. {self._shown_again}")
            return False
        if not ask_to_stop(self._widget, running):
            watched.setDown(False)
            return True
        self._stop()
        return False

    def _watch_buttons(self) -> None:
        dock = dock_of(self._widget)
        title = None if dock is None else dock.titleBarWidget()
        if title is None:
            return
        for name in (_CLOSE, _HIDE):
            button = title.findChild(QPushButton, name)
            # napari makes another title when the dock is moved
            if button is not None and id(button) not in self._watched:
                self._watched.add(id(button))
                button.installEventFilter(self)


def _is_click(button: QPushButton, event: QEvent) -> bool:
    """Whether the mouse is released over a button that it was pressed on."""
    if event.type() != QEvent.Type.MouseButtonRelease or not button.isDown():
        return False
    assert isinstance(event, QMouseEvent)
    return bool(button.rect().contains(event.position().toPoint()))


def ask_to_stop(parent: QWidget, running: str) -> bool:
    """Ask whether a dock shall be closed, which ends what is running."""
    box = QMessageBox(parent.window())
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Close the dock?")
    box.setText(f"{running} Closing the dock stops it.")
    box.setInformativeText(
        "To let it go on, keep the dock open, or hide it with the button beside."
    )
    stop = box.addButton("Stop and close", QMessageBox.ButtonRole.DestructiveRole)
    keep = box.addButton("Keep open", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.exec()
    return box.clickedButton() is stop
