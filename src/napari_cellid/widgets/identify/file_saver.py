"""Saving the files of a result in a folder that the user picks."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QMessageBox, QWidget

from napari_cellid.widgets._shared.markup import as_rich_text
from napari_cellid.widgets._shared.notifications import show_info
from napari_cellid.widgets._shared.save_queue import SaveQueue
from napari_cellid.widgets.identify.tasks import save_files

if TYPE_CHECKING:
    from napari_cellid.widgets.identify.live_update import LiveUpdate
    from napari_cellid.widgets.session.result_layer import ShownResult


class FileSaver(QObject):
    """Asks for a folder, and saves a result there as soon as it is up to date.

    Parameters
    ----------
    live
        Updates the result.
    parent
        Parent of the dialogs.
    """

    #: what is being done; empty if nothing is
    status = Signal(str)

    def __init__(self, live: LiveUpdate, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent, self._live = parent, live
        self.queue = SaveQueue(self)
        self.queue.finished.connect(self._on_finished)

    def save(self, result: ShownResult) -> None:
        """Save a result in a folder that the user picks."""
        chosen = QFileDialog.getExistingDirectory(
            self._parent,
            f"Folder in which a folder {result.name!r} is made",
            str(result.folder or Path.home()),
        )
        if chosen and _may_replace(self._parent, Path(chosen) / result.name):
            # cells that were painted a moment ago are measured first
            self._live.call_when_idle(partial(self._write, result, Path(chosen)))

    def _write(self, result: ShownResult, folder: Path) -> None:
        # also called when the dock is closed before the result was up to date
        if isalive(self):
            self.status.emit("Saving results…")
        self.queue.add(
            save_files(result.current_result(), folder, result.rois), _show_saved
        )

    def _on_finished(self) -> None:
        if not self.queue.busy:
            self.status.emit("")


def _show_saved(folder: Path) -> None:
    show_info(f"Saved in {folder}")


def _may_replace(parent: QWidget, folder: Path) -> bool:
    """Whether a folder holds no results, or the user agrees to replace them."""
    if not (folder / "cells.csv").exists():
        return True
    answer = QMessageBox.question(
        parent,
        "Replace earlier results?",
        as_rich_text(f"{folder} holds results already. Replace them?"),
    )
    return bool(answer == QMessageBox.StandardButton.Yes)
