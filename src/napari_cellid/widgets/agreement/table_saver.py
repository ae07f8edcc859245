"""Saving the consensus table and the training set of the Agreement dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Qt
from qtpy.QtWidgets import QMessageBox, QWidget

from napari_cellid.study.consensus import VotesGoneError
from napari_cellid.widgets._shared.notifications import show_error, show_info
from napari_cellid.widgets._shared.save_queue import SaveQueue
from napari_cellid.widgets.agreement.tasks import save_consensus, save_training_set

if TYPE_CHECKING:
    from napari_cellid.config import VoteConfig
    from napari_cellid.errors import InputError
    from napari_cellid.study.study import Study


class TableSaver(QObject):
    """Saves tables of a study in the background, and asks before votes are lost.

    Parameters
    ----------
    window
        The questions are shown above this widget, with which the saver is deleted.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.queue = SaveQueue(self)

    def save_consensus(self, study: Study, rule: VoteConfig) -> None:
        """Save the consensus table; the user decides whether lost votes are dropped."""

        def on_refused(error: InputError) -> None:
            # the dock may have been closed meanwhile
            if not (isinstance(error, VotesGoneError) and isalive(self)):
                show_error(str(error))
            elif ask_to_drop_votes(error, self._window):
                self.queue.add(save_consensus(study, rule, replace=True), show_info)

        self.queue.add(save_consensus(study, rule), show_info, on_refused)

    def save_training_set(self, study: Study, rule: VoteConfig) -> None:
        """Save the training set."""
        self.queue.add(save_training_set(study, rule), show_info)


def ask_to_drop_votes(error: VotesGoneError, window: QWidget | None) -> bool:
    """Ask whether a table is replaced that has votes of journals that are gone."""
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Save the consensus table")
    # names of people are not markup
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(error.finding)
    box.setInformativeText(
        "If you replace the table, these votes are lost. If the journals were only "
        "moved, cancel and put them back."
    )
    replace = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    box.exec()
    return box.clickedButton() is replace
