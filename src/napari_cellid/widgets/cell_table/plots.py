"""Plots of the listed cells: contrasts of both channels, and histograms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backend_bases import MouseButton
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.widgets import LassoSelector
from napari.utils.theme import get_theme
from qtpy.QtCore import QSize, Qt, QTimer, Signal
from qtpy.QtWidgets import QApplication, QSizePolicy

from napari_cellid.colours import UNCLASSIFIED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from qtpy.QtGui import QShowEvent

_FONT_SIZE = 8
#: cells without a class or an answer: seen on light and on dark, behind the others
_NO_GROUP = "#a0a6ad"
_BINS = 30
#: largest distance (px of the screen) of a click from the point that it chooses
_CLICK_PX = 8.0
#: points are smaller where there are many of them
_MANY, _SIZES = 3000, (4.0, 2.0)


@dataclass(frozen=True, eq=False)
class PlottedCells:
    """The cells that are plotted.

    Parameters
    ----------
    values
        For each name of a column its numbers (cell,).
    groups
        (cell,) the class or answer by which a cell is coloured; "" without one.
    colours
        Colour (#rrggbb) of each group.
    """

    values: Mapping[str, NDArray[np.float64]]
    groups: NDArray[np.object_]
    colours: Mapping[str, str]

    def members(self) -> list[tuple[str, NDArray[np.bool_]]]:
        """Name and cells (cell,) of each group, in the order of the colours."""
        masks = ((name, self.groups == name) for name in self.colours)
        return [(name, mask) for name, mask in masks if mask.any()]


class CellPlot(FigureCanvasQTAgg):
    """A plot in the colours of napari's theme, drawn when it is visible."""

    def __init__(self, theme: str = "dark") -> None:
        super().__init__(Figure(layout="constrained"))
        self._theme = theme
        self._cells: PlottedCells | None = None
        self._stale = True
        # a timer, so that several changes are drawn once
        self._timer = QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self._plot_now)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(120)
        self.set_theme(theme)

    def set_cells(self, cells: PlottedCells | None) -> None:
        """Plot other cells; None plots nothing."""
        lost = self._cells is not None and (
            cells is None or not set(self._cells.values) <= set(cells.values)
        )
        self._cells = cells
        if lost:
            # who annotates blind must not see for another moment what a model says
            self.figure.clear()
            self.draw()
        self._refresh()

    def set_theme(self, theme: str) -> None:
        """Use the colours of a theme of napari."""
        self._theme = theme
        self.figure.set_facecolor(get_theme(theme).background.as_hex())
        self._refresh()

    def sizeHint(self) -> QSize:
        """Low and wide."""
        return QSize(360, 200)

    def showEvent(self, event: QShowEvent) -> None:
        """Plot what was not needed while the plot was hidden."""
        super().showEvent(event)
        if self._stale:
            self._timer.start()

    def _refresh(self) -> None:
        self._stale = True
        if self.isVisible():
            self._timer.start()

    def _plot_now(self) -> None:
        self._stale = False
        self.figure.clear()
        self._plot()
        self.draw_idle()

    def _plot(self) -> None:
        """Fill the empty figure."""

    def _colour(self, group: str) -> str:
        """Colour of a group; white, as outlines without a class are, is not seen."""
        colour = {} if self._cells is None else self._cells.colours
        shown = colour.get(group, UNCLASSIFIED)
        return _NO_GROUP if shown == UNCLASSIFIED else shown

    def _axes(self, axes: Any, x: str, y: str) -> None:
        """Give axes their names and the colours of the theme."""
        text = get_theme(self._theme).text.as_hex()
        axes.set_facecolor("none")
        axes.set_xlabel(x, fontsize=_FONT_SIZE, color=text)
        axes.set_ylabel(y, fontsize=_FONT_SIZE, color=text)
        axes.tick_params(colors=text, labelsize=_FONT_SIZE)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(text)


class ContrastPlot(CellPlot):
    """Contrast of red against that of green; a line drawn around cells selects them."""

    #: positions (cell,) of the cells that were chosen, and whether to add them
    chosen = Signal(object, bool)

    def __init__(self, theme: str = "dark") -> None:
        self._lasso: LassoSelector | None = None
        self._marks: Any = None
        self._selected = np.zeros(0, np.intp)
        super().__init__(theme)

    def select(self, positions: Sequence[int] | NDArray[np.intp]) -> None:
        """Mark cells by their positions among those that are plotted."""
        self._selected = np.asarray(positions, np.intp)
        if self._marks is not None:
            self._mark()
            self.draw_idle()

    def set_cells(self, cells: PlottedCells | None) -> None:
        """Plot other cells, none of them marked."""
        self._selected = np.zeros(0, np.intp)
        super().set_cells(cells)

    def choose_within(self, corners: Sequence[tuple[float, float]]) -> None:
        """Choose the cells inside a line (point, red and green contrast), drawn."""
        if self._cells is None:
            return
        points = _contrasts(self._cells)
        inside = Path(corners).contains_points(points) if len(corners) > 2 else None
        if inside is None or not inside.any():
            nearest = self._nearest(points, corners[-1])
            chosen = np.zeros(0, np.intp) if nearest is None else np.array([nearest])
        else:
            chosen = np.flatnonzero(inside)
        held = QApplication.keyboardModifiers()
        adds = held & (
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
        )
        self.chosen.emit(chosen, bool(adds))

    def _plot(self) -> None:
        self._marks = self._lasso = None
        if self._cells is None or not {"red_contrast", "green_contrast"} <= set(
            self._cells.values
        ):
            return
        axes = self.figure.subplots()
        self._axes(axes, "red contrast", "green contrast")
        points = _contrasts(self._cells)
        size = _SIZES[len(points) > _MANY]
        for name, mask in self._cells.members():
            # lines of marks alone: a scatter plot draws each point as a path of its own
            axes.plot(*points[mask].T, "o", ms=size, mew=0, color=self._colour(name))
        text = get_theme(self._theme).text.as_hex()
        (self._marks,) = axes.plot(
            [], [], "o", ms=7, mfc="none", mec=text, mew=1, zorder=3
        )
        self._mark()
        line = {"color": text, "linewidth": 1}
        left = MouseButton.LEFT
        self._lasso = LassoSelector(axes, self.choose_within, props=line, button=left)

    def _mark(self) -> None:
        if self._cells is not None:
            self._marks.set_data(*_contrasts(self._cells)[self._selected].T)

    def _nearest(
        self, points: NDArray[np.float64], place: tuple[float, float]
    ) -> int | None:
        """The cell at which somebody clicked; None if none is near."""
        if not len(points):
            return None
        to_screen = self.figure.axes[0].transData.transform
        distance = np.hypot(*(to_screen(points) - to_screen(place)).T)
        distance = np.where(np.isfinite(distance), distance, np.inf)
        nearest = int(distance.argmin())
        return nearest if distance[nearest] <= _CLICK_PX else None


class HistogramPlot(CellPlot):
    """How many cells have which confidence and which area, stacked by class."""

    _TITLES = (("confidence", "confidence"), ("area_um2", "area (µm²)"))

    def _plot(self) -> None:
        cells = self._cells
        if cells is None or not len(cells.groups):
            return
        shown = [(name, title) for name, title in self._TITLES if name in cells.values]
        if not shown:
            return
        every = self.figure.subplots(1, len(shown), squeeze=False)[0]
        for axes, (name, title) in zip(every, shown, strict=True):
            self._axes(axes, title, "cells" if axes is every[0] else "")
            self._fill(axes, cells, cells.values[name])

    def _fill(
        self, axes: Any, cells: PlottedCells, values: NDArray[np.float64]
    ) -> None:
        known = np.isfinite(values)
        if not known.any():
            return
        edges = np.histogram_bin_edges(values[known], _BINS)
        below = np.zeros(len(edges) - 1)
        for name, mask in cells.members():
            counts, _ = np.histogram(values[mask & known], edges)
            axes.stairs(
                below + counts, edges, baseline=below, fill=True,
                color=self._colour(name),
            )  # fmt: skip
            below = below + counts
        axes.set_ylim(0, max(below.max(), 1) * 1.05)


def _contrasts(cells: PlottedCells) -> NDArray[np.float64]:
    """(cell, red and green) contrasts."""
    return np.column_stack(
        [cells.values["red_contrast"], cells.values["green_contrast"]]
    )
