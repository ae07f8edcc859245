"""The dock widget that shows the trace of the cell that was clicked."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_cellid.cells.matching import changed_labels
from napari_cellid.io.napari_layers import ROIS_KEY
from napari_cellid.io.roi_file import RoiFile
from napari_cellid.widgets._shared.connections import Connections
from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later
from napari_cellid.widgets._shared.help_line import HelpLine
from napari_cellid.widgets._shared.layouts import small_text
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.session.cell_picking import CellPicker
from napari_cellid.widgets.session.result_layer import result_of
from napari_cellid.widgets.traces.plot import CellTraces, TracePlot

if TYPE_CHECKING:
    import napari.viewer

    from napari_cellid.widgets.session.result_layer import ShownResult

#: initial width of the dock (px)
_WIDTH = 340
_HOW = (
    "Click a cell to see its fluorescence over time. Traces are there after a run on a "
    "movie with 'Traces' on, under 'More settings' of the Identify dock, and for ROIs "
    "of suite2p and CaImAn."
)
_NO_TRACE = "This cell has no trace: it was outlined or changed after the run."


class TracesWidget(QWidget):
    """Shows the fluorescence over time of the cell that was clicked.

    Parameters
    ----------
    viewer
        Its labels layers are clicked, whichever layer is active.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        # by the layer, which may be removed
        self._imported: weakref.WeakKeyDictionary[
            Labels, tuple[CellTraces, dict[int, int]]
        ] = weakref.WeakKeyDictionary()
        self.plot = TracePlot(str(viewer.theme))
        self.line = small_text()
        self.line.setText(_HOW)
        column = QVBoxLayout(self)
        column.addWidget(self.line)
        column.addWidget(self.plot, 1)
        column.addWidget(HelpLine(viewer, "traces"))
        self._picker = CellPicker(viewer, self)
        self._picker.clicked.connect(self._on_clicked)
        self._picker.start()
        self._connections = Connections(self)
        self._connections.connect(viewer.events.theme, self._on_theme)
        tabify_dock_later(self)

    def sizeHint(self) -> QSize:
        """As wide as a trace needs to be seen."""
        hint = super().sizeHint()
        return QSize(max(hint.width(), _WIDTH), hint.height())

    def setTraces(
        self, layer: Labels, traces: CellTraces, labels: np.ndarray[Any, Any]
    ) -> None:
        """Show these traces for the cells of a layer, such as imported ones.

        Parameters
        ----------
        layer
            A labels layer.
        traces
            Traces of its cells.
        labels
            (cell,) label of each row of the traces.
        """
        rows = {int(label): row for row, label in enumerate(labels)}
        self._imported[layer] = traces, rows

    def show_label(self, layer: Labels, label: int) -> None:
        """Show the trace of a label of a layer."""
        traces, row = None, None
        with input_errors_shown():
            traces, row = self._traces_of(layer, label)
        self.plot.setTraces(traces)
        if traces is None:
            self.line.setText(_HOW)
            return
        has_values = row is not None and bool(np.isfinite(traces.values[row]).any())
        self.plot.show_cell(row if has_values else None)
        self.line.setText("" if has_values else _NO_TRACE)

    def _traces_of(
        self, layer: Labels, label: int
    ) -> tuple[CellTraces | None, int | None]:
        """Traces of a layer, and the row of a label in them."""
        if layer in self._imported:
            traces, rows = self._imported[layer]
            return traces, rows.get(label)
        result = result_of(layer)
        own = None if result is None else result.run_result.traces
        if result is None or own is None:
            return _of_rois(layer, result, label)
        cells = result.labelled.cells
        cells = cells[cells["label"] == label]
        values, neuropil = own.of_cells(
            cells["label"].to_numpy(), result.labelled.labels
        )
        names = [f"cell {number}" for number in cells["cell"]]
        one = CellTraces(values, own.times, names, own.unit, neuropil)
        return one, 0 if len(cells) else None

    def _on_clicked(self, position: Any, _: bool) -> None:
        for layer in reversed(self._viewer.layers):
            if not isinstance(layer, Labels) or not layer.visible:
                continue
            label = layer.get_value(position, world=True)
            if label:
                self.show_label(layer, int(label))
                return

    def _on_theme(self) -> None:
        self.plot.set_theme(str(self._viewer.theme))


def _of_rois(
    layer: Labels, result: ShownResult | None, label: int
) -> tuple[CellTraces | None, int | None]:
    """The trace that suite2p or CaImAn has of a label, and its row."""
    if result is None:
        file = layer.metadata.get(ROIS_KEY)
    else:
        file = None if result.rois is None else result.rois.file
    if not isinstance(file, RoiFile) or not file.traces:
        return None, None
    one = file.trace(label - 1) if label <= len(file.rois) else None
    # an outline that was drawn anew is no ROI of the program
    if result is not None and label in changed_labels(
        result.run_result.labels, result.labelled.labels
    ):
        one = None
    if one is None:
        return CellTraces(np.zeros((0, 0), np.float32), np.zeros(0), []), None
    row = file.rois.table["roi"].iloc[label - 1]
    return CellTraces(
        one.values[None],
        one.times,
        [f"ROI {row} ({one.name} of {file.program})"],
        one.unit,
        None if one.neuropil is None else one.neuropil[None],
    ), 0
