"""Shows how long the training of the form takes, and has it measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject
from superqt.utils import QSignalDebouncer

from napari_cellid.retrain.process import train_command
from napari_cellid.widgets.retrain.time_estimate import EstimateText, TimeEstimator

if TYPE_CHECKING:
    from napari_cellid.retrain.dataset_summary import DecidedCellCounts
    from napari_cellid.widgets.retrain.controller import TrainingController
    from napari_cellid.widgets.retrain.panel import RetrainPanel
    from napari_cellid.widgets.retrain.time_estimate import Command
    from napari_cellid.widgets.session.session import StudySession

#: the time is measured this long (ms) after the last change of the form
_MEASURE_MS = 1200
_MEASURING = "Measuring how long it takes…"
#: below the cells, while it is measured; of about the length of what comes
_COUNTING = (
    "Choosing which of them are trained on, which choose the best epoch, and which "
    "are held out to compare the models…"
)


class EstimateActions(QObject):
    """Keeps the estimated time on the panel up to date.

    Parameters
    ----------
    session
        Its open study is trained on.
    panel
        It holds the form, and shows the time and the held-out cells.
    controller
        Nothing is measured while it has a training.
    parent
        The dock; it deletes this object.
    """

    def __init__(
        self,
        session: StudySession,
        panel: RetrainPanel,
        controller: TrainingController,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session, self._panel, self._controller = session, panel, controller
        self.estimator = TimeEstimator(self)
        self.decided_cells: DecidedCellCounts | None = None
        self.debouncer = QSignalDebouncer(parent=self)
        self.debouncer.setTimeout(_MEASURE_MS)
        self.debouncer.triggered.connect(self._measure)
        self.estimator.measured.connect(self.refresh)
        panel.setup.valueChanged.connect(self.refresh)

    def set_decided_cells(self, decided: DecidedCellCounts | None) -> None:
        """Set the cells to train on; None if no study is open."""
        if decided is None or decided != self.decided_cells:
            self.estimator.clear()
        self.decided_cells = decided

    def can_train(self) -> bool:
        """Whether the study has cells or recordings for the chosen task."""
        if self._session.study is None or self.decided_cells is None:
            return False
        setup = self._panel.setup
        if setup.task == "segment":
            return bool(setup.recordings.value())
        return self.decided_cells.total > 0

    def refresh(self) -> None:
        """Show the time of the training of the form, and measure it if needed."""
        text: EstimateText | None = EstimateText("", "")
        if self.can_train():
            text = self.estimator.text(self._command())
        duration, held_out = text or (_MEASURING, _COUNTING)
        self._panel.estimate.setText(duration)
        self._panel.setup.show_held_out(held_out)
        self.measure_later()

    def measure_later(self) -> None:
        """Measure the time after a pause, if it is not known."""
        self.debouncer.throttle()

    def cancel(self) -> None:
        """Cancel the measurement, so that a training has the processor alone."""
        self.estimator.cancel()

    def _measure(self) -> None:
        """Measure the time, if the dock is visible and no training is running."""
        command = self._command()
        idle = self._controller.active_run is None
        if not (idle and self._panel.isVisible() and self.can_train()):
            return
        if self.estimator.text(command) is None:
            self.estimator.measure(command)

    def _command(self) -> Command:
        """The command that starts the training of the form."""
        study = self._session.study
        if study is None:
            return ()
        return tuple(train_command(study.path, self._panel.setup.value()))
