"""The plots of the Cell table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_cellid.widgets.cell_table.plots import (
    ContrastPlot,
    HistogramPlot,
    PlottedCells,
)

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


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_cells_without_an_answer_are_seen_in_every_theme(
    qtbot: Any, theme: str
) -> None:
    plot = ContrastPlot(theme)
    qtbot.addWidget(plot)
    plot.resize(300, 200)
    plot.show()
    values = {
        "red_contrast": np.array([0.0, 0.5, 1.0]),
        "green_contrast": np.array([0.0, 0.5, 1.0]),
    }
    groups = np.array(["", "", "glia"], object)
    colours = {"": "#ffffff", "glia": "#cc79a7"}
    plot.set_cells(PlottedCells(values, groups, colours))
    qtbot.waitUntil(lambda: _drawn(plot.figure) > 0)
    plot.draw()
    picture = np.asarray(plot.buffer_rgba())[..., :3].astype(int)
    background = picture[2, -3]
    (unanswered,) = [
        line for line in plot.figure.axes[0].lines if len(line.get_xdata()) == 2
    ]
    shown = np.array([int(unanswered.get_color()[k : k + 2], 16) for k in (1, 3, 5)])
    # they are drawn, and differ from the background
    assert (np.abs(picture - shown).max(-1) < 8).sum() >= 4
    assert np.abs(shown - background).max() > 70
