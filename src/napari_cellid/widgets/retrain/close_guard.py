"""Asks whether a training shall go on when napari is closed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMainWindow, QMessageBox, QWidget

from napari_cellid.errors import InputError
from napari_cellid.training.run import Run

if TYPE_CHECKING:
    from pathlib import Path

Answer = Literal["stop", "go on", "stay"]


class CloseGuard(QObject):
    """Hears that a window is to be closed; lives as long as the window.

    Parameters
    ----------
    window
        napari's main window.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._runs: set[Path] = set()
        window.installEventFilter(self)

    def mind(self, folder: Path) -> None:
        """Ask about this training, should it go on when the window is closed."""
        self._runs.add(folder)

    def running(self) -> list[Run]:
        """Trainings that go on."""
        found = []
        for folder in sorted(self._runs):
            with suppress(InputError):
                run = Run.open(folder)
                if run.state().state == "running":
                    found.append(run)
        return found

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask before a person closes the window."""
        if watched is not self._window or event.type() != QEvent.Type.Close:
            return False
        if not self._by_a_person(event):
            return False
        runs = self.running()
        if not runs:
            return False
        answer = ask_about_runs(self._window, len(runs))
        if answer == "stay":
            event.ignore()
            return True
        if answer == "stop":
            for run in runs:
                with suppress(InputError):
                    run.request_stop()
        return False

    def _by_a_person(self, event: QEvent) -> bool:
        """Whether somebody closes it; a program has closed the canvas before."""
        if event.spontaneous():
            return True
        middle = self._window.centralWidget()
        parts = middle.findChildren(QWidget) if middle is not None else []
        return any(part.isVisible() for part in parts)


def close_guard_of(widget: QWidget) -> CloseGuard | None:
    """The guard of the window in which a widget lies; None outside of one."""
    window = widget.window()
    if not isinstance(window, QMainWindow):
        # a dock that floats is a window of its own
        parent = widget.parentWidget()
        while parent is not None and not isinstance(parent, QMainWindow):
            parent = parent.parentWidget()
        window = parent
    if not isinstance(window, QMainWindow):
        return None
    found = window.findChild(CloseGuard)
    return found if found is not None else CloseGuard(window)


def ask_about_runs(window: QWidget, n: int) -> Answer:
    """Ask what shall become of the training."""
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("A training goes on")
    box.setText(
        "A model is being trained. Shall that go on without napari?"
        if n == 1
        else f"{n} models are being trained. Shall that go on without napari?"
    )
    box.setInformativeText(
        "It is found again under Retrain when the study is opened the next time. "
        "Stopped, it keeps the best model so far, and can be resumed."
    )
    go_on = box.addButton("Let it go on", QMessageBox.ButtonRole.AcceptRole)
    stop = box.addButton("Stop it", QMessageBox.ButtonRole.DestructiveRole)
    box.addButton("Do not close", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(go_on)
    box.exec()
    pressed = box.clickedButton()
    if pressed is go_on:
        return "go on"
    return "stop" if pressed is stop else "stay"
