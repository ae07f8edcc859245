"""The plots of the Cell table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.widgets.cell_table.plots import HistogramPlot, PlottedCells

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _cells(*names: str) -> PlottedCells:
    values = {name: np.linspace(0.1, 0.9, 5) for name in names}
    groups = np.array(["glia"] * 5, object)
    return PlottedCells(values, groups, {"glia": "#cc79a7"})


def _drawn(figure: Figure) -> int:
    return sum(len(axes.patches) + len(axes.lines) for axes in figure.axes)


def test_what_may_not_be_seen_any_more_is_gone_at_once(qtbot: Any) -> None:
    plot = HistogramPlot()
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.show()
    plot.set_cells(_cells("confidence", "area_um2"))
    qtbot.waitUntil(lambda: _drawn(plot.figure) > 0)
    # as when somebody goes on blind
    plot.set_cells(_cells("area_um2"))
    assert plot.figure.axes == []
    picture = np.asarray(plot.buffer_rgba())
    assert len(np.unique(picture.reshape(-1, 4), axis=0)) == 1
    qtbot.waitUntil(lambda: _drawn(plot.figure) > 0)
