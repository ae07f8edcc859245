"""Asks whether a training shall continue when napari is closed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QMainWindow, QMessageBox, QWidget

from napari_cellid.errors import InputError
from napari_cellid.training.run import Run
from napari_cellid.widgets._shared.parents import nearest

if TYPE_CHECKING:
    from pathlib import Path

#: stop the trainings, let them continue, or do not close the window
CloseAnswer = Literal["stop", "continue", "cancel"]


class CloseGuard(QObject):
    """Intercepts the closing of a window; lives as long as the window.

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

    def add_run(self, folder: Path) -> None:
        """Ask about this training if it is running when the window is closed."""
        self._runs.add(folder)

    def running(self) -> list[Run]:
        """Trainings that are running."""
        runs = []
        for folder in sorted(self._runs):
            with suppress(InputError):
                run = Run.open(folder)
                if run.state().state == "running":
                    runs.append(run)
        return runs

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask before the user closes the window."""
        if watched is not self._window or event.type() != QEvent.Type.Close:
            return False
        if not self._closed_by_user(event):
            return False
        runs = self.running()
        if not runs:
            return False
        answer = ask_about_runs(self._window, len(runs))
        if answer == "cancel":
            event.ignore()
            return True
        if answer == "stop":
            for run in runs:
                with suppress(InputError):
                    run.request_stop()
        return False

    def _closed_by_user(self, event: QEvent) -> bool:
        """Whether the user closes the window; a program closes the canvas first."""
        if event.spontaneous():
            return True
        central = self._window.centralWidget()
        parts = central.findChildren(QWidget) if central is not None else []
        return any(part.isVisible() for part in parts)


def close_guard_of(widget: QWidget) -> CloseGuard | None:
    """The guard of the main window that holds a widget; None without a window."""
    window = nearest(widget, QMainWindow)
    if window is None:
        return None
    guard = window.findChild(CloseGuard)
    return guard if guard is not None else CloseGuard(window)


def ask_about_runs(window: QWidget, n: int) -> CloseAnswer:
    """Ask whether the trainings stop or continue, or the window stays open."""
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("A training is running")
    box.setText(
        "A model is being trained. Shall the training continue without napari?"
        if n == 1
        else f"{n} models are being trained. Shall they continue without napari?"
    )
    box.setInformativeText(
        "The Retrain dock shows it again when the study is opened the next time. "
        "A stopped training keeps its best model so far, and can be resumed."
    )
    proceed = box.addButton("Continue training", QMessageBox.ButtonRole.AcceptRole)
    stop = box.addButton("Stop training", QMessageBox.ButtonRole.DestructiveRole)
    box.addButton("Do not close", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(proceed)
    box.exec()
    pressed = box.clickedButton()
    if pressed is proceed:
        return "continue"
    return "stop" if pressed is stop else "cancel"
