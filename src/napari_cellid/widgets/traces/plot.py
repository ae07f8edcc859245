"""The plot of a cell's fluorescence over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from napari.utils.theme import get_theme
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QSizePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

_FONT_SIZE = 8
#: colours of a cell and its neuropil (Okabe and Ito), on dark and on light themes
_DARK, _LIGHT = ("#56b4e9", "#e69f00"), ("#0072b2", "#b36b00")


@dataclass(frozen=True, eq=False)
class CellTraces:
    """Traces of some cells, wherever they come from.

    Parameters
    ----------
    values
        (cell, frame).
    times
        (frame,) in `unit`.
    names
        (cell,) such as "cell 12".
    unit
        Such as "s" or "frame".
    neuropil
        (cell, frame) of the neuropil around each cell; None where it is unknown.

    Raises
    ------
    ValueError
        If the sizes do not fit one another.
    """

    values: NDArray[np.float32]
    times: NDArray[np.float64]
    names: Sequence[str]
    unit: str = "frame"
    neuropil: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        shape = len(self.names), len(self.times)
        others = (
            [self.values] if self.neuropil is None else [self.values, self.neuropil]
        )
        if any(table.shape != shape for table in others):
            raise ValueError(
                f"{shape[0]} names and {shape[1]} times do not fit traces of the shape "
                f"{self.values.shape}."
            )


class TracePlot(FigureCanvasQTAgg):
    """Fluorescence and neuropil of one cell over time."""

    def __init__(self, theme: str = "dark") -> None:
        super().__init__(Figure(layout="constrained"))
        self._theme = theme
        self._traces: CellTraces | None = None
        self._row: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(150)
        # without it an empty figure is white on every theme
        self._plot()

    @property
    def row(self) -> int | None:
        """Row of the cell that is shown; None if none is."""
        return self._row

    def setTraces(self, traces: CellTraces | None) -> None:
        """Take the traces of other cells; none is shown at first."""
        self._traces = traces
        self.show_cell(None)

    def show_cell(self, row: int | None) -> None:
        """Show a row of the traces; None shows nothing."""
        self._row = None if self._traces is None else row
        self._plot()

    def set_theme(self, theme: str) -> None:
        """Use the colours of a theme of napari."""
        self._theme = theme
        self._plot()

    def sizeHint(self) -> QSize:
        """Low and wide."""
        return QSize(360, 200)

    def _plot(self) -> None:
        theme = get_theme(self._theme)
        background, text = theme.background.as_hex(), theme.text.as_hex()
        light = theme.background.as_rgb_tuple()[0] > 127
        self.figure.clear()
        self.figure.set_facecolor(background)
        if self._traces is not None and self._row is not None:
            self._plot_cell(self._traces, self._row, text, _LIGHT if light else _DARK)
        self.draw_idle()

    def _plot_cell(
        self, traces: CellTraces, row: int, text: str, colours: tuple[str, str]
    ) -> None:
        axes = self.figure.subplots()
        axes.set_facecolor("none")
        lines = [("cell", traces.values, colours[0])]
        if traces.neuropil is not None:
            lines.append(("neuropil", traces.neuropil, colours[1]))
        for label, values, colour in lines:
            axes.plot(
                traces.times, values[row], color=colour, label=label, linewidth=0.8
            )
        axes.set_title(traces.names[row], fontsize=_FONT_SIZE + 1, color=text)
        axes.set_xlabel(f"time ({traces.unit})", fontsize=_FONT_SIZE, color=text)
        axes.set_ylabel("fluorescence", fontsize=_FONT_SIZE, color=text)
        axes.tick_params(colors=text, labelsize=_FONT_SIZE)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(text)
        axes.margins(x=0)
        axes.legend(fontsize=_FONT_SIZE, labelcolor=text, frameon=False)
