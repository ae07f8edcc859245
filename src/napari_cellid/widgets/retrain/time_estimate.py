"""Estimates in the background how long a training takes, and keeps the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qtpy.QtCore import QObject, Signal

from napari_cellid.errors import InputError
from napari_cellid.report.dataset_text import held_out_text
from napari_cellid.report.training import duration_text
from napari_cellid.retrain.process import estimate_in_process
from napari_cellid.widgets._shared.worker import Worker

if TYPE_CHECKING:
    from napari_cellid.progress import Step
    from napari_cellid.retrain.process import Estimate

#: arguments of the command line that start a training
Command = tuple[str, ...]


class EstimateText(NamedTuple):
    """What the dock says about a training.

    Parameters
    ----------
    duration
        How long it takes.
    held_out
        Which cells are held out, or why there can be no such training.
    """

    duration: str
    held_out: str


class TimeEstimator(QObject):
    """Measures the time of one training after another, in a process of its own."""

    #: a measurement has ended, with or without a result
    measured = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.worker = Worker(self)
        self.worker.finished.connect(self._on_finished)
        self._command: Command = ()
        self._pending = False
        self._measured: set[Command] = set()
        self._texts: dict[Command, EstimateText] = {}

    def text(self, command: Command) -> EstimateText | None:
        """Estimate for a training; None if it has not been measured."""
        if command in self._measured:
            # without a result, after an error that was shown
            return self._texts.get(command, EstimateText("", ""))
        return self._texts.get(command)

    def measure(self, command: Command) -> None:
        """Measure the time of a training; cancel the measurement of another one."""
        if self.worker.busy:
            if command != self._command:
                self.cancel()
            return
        self._command, self._pending = command, True
        self.worker.start(_estimate_or_reason(command), self._on_estimate)

    def cancel(self) -> None:
        """Cancel the measurement that is running."""
        self._pending = False
        self.worker.cancel()

    def clear(self) -> None:
        """Remove all estimates, because the decided cells have changed."""
        self._texts.clear()
        self._measured.clear()

    def _on_finished(self) -> None:
        if self._pending:
            self._measured.add(self._command)
        self.measured.emit()

    def _on_estimate(self, estimate: Estimate | str) -> None:
        if isinstance(estimate, str):
            # nobody has asked for this training yet, so that no notification pops up
            self._texts[self._command] = EstimateText("", f"⚠ {estimate}")
            return
        # without the details of the device
        device = str(estimate.counts.get("device", "")).partition(",")[0]
        place = f"this computer's {device}" if device else "this computer"
        text = f"{duration_text(estimate.seconds).capitalize()} on {place}."
        self._texts[self._command] = EstimateText(text, held_out_text(estimate.counts))


def _estimate_or_reason(command: Command) -> Step[Estimate | str]:
    """The estimate of a training, or why there can be none."""
    try:
        return (yield from estimate_in_process(command))
    except InputError as error:
        return str(error)
