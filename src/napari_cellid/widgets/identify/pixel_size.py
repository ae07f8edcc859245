"""The field of the pixel size, and where it comes from."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QMessageBox, QScrollArea, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_cellid.recording.data import ASSUMED_SOURCE, SOMA_UM
from napari_cellid.widgets._shared.number_boxes import FloatSpinBox
from napari_cellid.widgets._shared.parents import nearest

#: sizes (µm) that pixels of two-photon images of somata usually have
USUAL_UM = (0.2, 3.0)


def confirm_pixel_size(parent: QWidget, size_um: float | None) -> bool:
    """Ask whether an unusual pixel size is right; True for a usual one or none."""
    low, high = USUAL_UM
    if size_um is None or low <= size_um <= high:
        return True
    across = SOMA_UM / size_um
    text = (
        f"The pixel size is {size_um:g} µm, but {low:g} to {high:g} µm are usual. "
        f"A soma of {SOMA_UM:g} µm would be {across:.0f} px across. Identify the cells "
        "with this pixel size?"
    )
    buttons = QMessageBox.StandardButton
    answer = QMessageBox.question(
        parent, "Unusual pixel size", text, buttons.Yes | buttons.No, buttons.No
    )
    return bool(answer == buttons.Yes)


class PixelSize(QWidget):
    """A pixel size, and a text that says where it comes from."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.spin = FloatSpinBox()
        self.spin.setDecimals(4)
        self.spin.setRange(0, 20)
        self.spin.setSingleStep(0.01)
        self.spin.setSpecialValueText("not known")
        self.spin.setToolTip(
            "<qt>Edge of a pixel in micrometres. The models know cells by their size, "
            "so a wrong value means wrong outlines.</qt>"
        )
        self.source = QLabel()
        # a long text must not widen the whole dock
        self.source.setWordWrap(True)
        column.addWidget(self.spin)
        column.addWidget(self.source)

    def set_value(self, size: float, source: str) -> None:
        """Show a pixel size (µm), and where it comes from."""
        self._show(size, source)

    def set_missing(self, reason: str) -> None:
        """Show that the pixel size is not known."""
        self._show(0, "please type it in")
        self.source.setToolTip(reason)

    def set_assumed(self, diameter_px: float | None) -> None:
        """Say what the pixel size is taken for while it is not known.

        Parameters
        ----------
        diameter_px
            Diameter of a usual soma; None if it is not given.
        """
        if diameter_px:
            size = SOMA_UM / diameter_px
            self.set_source(f"{ASSUMED_SOURCE}: {size:.3g} µm")
        else:
            self.set_source("please type it in")

    def edit(self) -> None:
        """Put the keyboard into the field, and scroll to it in a dock that scrolls."""
        area = nearest(self, QScrollArea)
        if area is not None:
            area.ensureWidgetVisible(self)
        self.spin.setFocus()
        self.spin.selectAll()

    def set_source(self, source: str) -> None:
        """Show where the pixel size comes from."""
        self.source.setText(source)

    def _show(self, size: float, source: str) -> None:
        with signals_blocked(self.spin):
            self.spin.setValue(size)
        self.source.setToolTip("")
        self.set_source(source)
