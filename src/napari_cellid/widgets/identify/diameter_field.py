"""The field of the diameter of somata, which can be typed in or estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_cellid.recording.data import ESTIMATED_SOURCE
from napari_cellid.report.table import count_text
from napari_cellid.widgets._shared.layouts import action_button, small_text
from napari_cellid.widgets._shared.number_boxes import FloatSpinBox

if TYPE_CHECKING:
    from napari_cellid.segmentation.diameter_estimate import DiameterEstimate

_OFFER = "or estimate the diameter"


class DiameterField(QWidget):
    """A diameter in px, a button that asks for an estimate, and its origin."""

    valueChanged = Signal()
    estimate_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._source = ""
        self.spin = FloatSpinBox()
        self.spin.setDecimals(1)
        self.spin.setRange(0, 2000)
        self.spin.setSpecialValueText("not used")
        self.spin.setToolTip(
            "<qt>Diameter of a usual cell body in pixels, as in Cellpose and suite2p. "
            "If given, the images are brought to the scale of the models with it, and "
            "without a pixel size all micrometres are assumed from it.</qt>"
        )
        self.spin.valueChanged.connect(self._on_typed)
        self.button = action_button("Estimate")
        self.button.setToolTip(
            "<qt>Estimates the diameter from the middle plane, by outlining its cells "
            "at several scales.</qt>"
        )
        self.button.clicked.connect(self.estimate_requested)
        #: where the diameter comes from, or that it is needed
        self.status = small_text()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        # below one another: beside the field, the button would widen the whole dock
        for part in (self.spin, self.button, self.status):
            column.addWidget(part)
        self._set_status("")

    def value(self) -> float | None:
        """Diameter in px; None if it is not used."""
        # 0 is shown as "not used"
        return self.spin.value() or None

    def source(self) -> str:
        """Where the diameter comes from, as `recording.with_diameter` takes it."""
        return self._source

    def restore(self, diameter_px: float, source: str) -> None:
        """Show a diameter that was given before, or none (0), without a signal."""
        if diameter_px == self.spin.value() and source == self._source:
            return
        with signals_blocked(self.spin):
            self.spin.setValue(diameter_px)
        self._source = source
        self._set_status(source if source == ESTIMATED_SOURCE else "")

    def set_estimate(self, estimate: DiameterEstimate) -> None:
        """Use an estimated diameter, and tell on how many outlines it rests."""
        with signals_blocked(self.spin):
            self.spin.setValue(estimate.diameter_px)
        self._source = ESTIMATED_SOURCE
        self._set_status(
            f"{ESTIMATED_SOURCE}, {count_text(estimate.n_cells, 'outline')}"
        )
        self.valueChanged.emit()

    def set_size_known(self, known: bool) -> None:
        """Offer the estimate where neither pixel size nor diameter is known."""
        if self.value() is None:
            self._set_status("" if known else _OFFER)

    def _on_typed(self) -> None:
        self._source = "given" if self.value() else ""
        self._set_status("")
        self.valueChanged.emit()

    def _set_status(self, text: str) -> None:
        self.status.setText(text)
        self.status.setVisible(bool(text))
