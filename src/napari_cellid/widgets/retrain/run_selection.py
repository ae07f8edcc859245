"""The training that the pages of the Retrain dock show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.training.summary import RunSummary
    from napari_cellid.widgets.retrain.controller import TrainingController


class RunSelection(QObject):
    """The trainings of the study, and which of them is shown; by default the newest.

    Parameters
    ----------
    controller
        Follows the trainings.
    """

    #: another training is shown, it has progressed, or there are other trainings
    changed = Signal()

    def __init__(self, controller: TrainingController, parent: QObject) -> None:
        super().__init__(parent)
        self._controller = controller
        self._folder: Path | None = None
        controller.changed.connect(self._on_changed)

    @property
    def runs(self) -> tuple[RunSummary, ...]:
        """All trainings of the study, the newest first."""
        return self._controller.runs

    @property
    def run(self) -> RunSummary | None:
        """The training that is shown; None if there is none."""
        return self._controller.find(self._folder)

    def choose(self, folder: Path | None) -> None:
        """Show the training in a folder; None for the newest."""
        self._folder = folder
        self._on_changed()

    def _on_changed(self) -> None:
        # one that was chosen before the trainings were read is shown once they are
        if self.run is None and self.runs:
            self._folder = self.runs[0].folder
        self.changed.emit()
