"""How long a training would take: asked in the background, and remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_cellid.report.dataset_text import held_out_text
from napari_cellid.report.training import duration_text
from napari_cellid.retrain.process import estimate_in_process
from napari_cellid.widgets._shared.worker import Worker

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from napari_cellid.retrain.process import Estimate

Words = tuple[str, ...]


class TimeEstimator(QObject):
    """Measures one training at a time, in a process of its own."""

    #: a measurement ended, well or not
    measured = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.worker = Worker(self)
        self.worker.finished.connect(self._on_finished)
        self._words: Words = ()
        self._wanted = False
        self._tried: set[Words] = set()
        self._known: dict[Words, tuple[str, str]] = {}

    def known(self, words: Words) -> tuple[str, str] | None:
        """How long a training takes and what it holds out; None where not measured."""
        if words in self._tried:
            # it could not be told; the notification said why
            return self._known.get(words, ("", ""))
        return self._known.get(words)

    def measure(self, words: Words) -> None:
        """Measure a training; another one that is being measured is given up."""
        if self.worker.busy:
            if words != self._words:
                self.give_up()
            return
        self._words, self._wanted = words, True
        self.worker.start(estimate_in_process(words), self._on_estimate)

    def give_up(self) -> None:
        """Leave the processor to something else."""
        self._wanted = False
        self.worker.cancel()

    def forget(self) -> None:
        """Other cells: everything takes another time."""
        self._known.clear()
        self._tried.clear()

    def _on_finished(self) -> None:
        if self._wanted:
            self._tried.add(self._words)
        self.measured.emit()

    def _on_estimate(self, found: Estimate) -> None:
        # without how exactly it computes
        device = str(found.counts.get("device", "")).partition(",")[0]
        where = f"this computer's {device}" if device else "this computer"
        text = f"{duration_text(found.seconds).capitalize()} on {where}."
        self._known[self._words] = text, held_out_text(found.counts)
