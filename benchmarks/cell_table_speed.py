"""The cell table and napari's own table of features, with the same cells.

    QT_QPA_PLATFORM=offscreen python benchmarks/cell_table_speed.py [--cells 50000]

Prints, in milliseconds of this process on the CPU, the median of filling, sorting,
filtering and selecting in the model and view of the Cell table, and the same in those
of napari's *Features table* widget, which is what a user would open otherwise; then
their ratio. Filtering there is that of Qt, by the text of a column, because the widget
offers none. Each act ends when the rows that are visible are painted.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from napari_builtins._qt.features_table import BoolFriendlyProxyModel, PandasModel
from qtpy.QtCore import QItemSelection, QItemSelectionModel, Qt
from qtpy.QtWidgets import QApplication, QTableView

from napari_cellid.cells.cell_filter import CellFilter
from napari_cellid.widgets.cell_table.panel import CellTablePanel
from napari_cellid.widgets.cell_table.selection import TableSelection

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = ("excitatory", "glia", "inhibitory")
_SELECT = (
    QItemSelectionModel.SelectionFlag.ClearAndSelect
    | QItemSelectionModel.SelectionFlag.Rows
)


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=50_000)
    n = parser.parse_args().cells
    application = QApplication([])
    cells = random_cells(n)
    panel, view = CellTablePanel("dark"), QTableView()
    ours, theirs = own_table(panel, cells), features_table(view, cells)
    print(f"{n} random cells, offscreen; median of 3, in ms of CPU")
    print(f"{'':10} {'Cell table':>12} {'napari':>12} {'ratio':>8}")
    for name in ours:
        own, other = median(ours[name]), median(theirs[name])
        print(f"{name:10} {own:12.1f} {other:12.1f} {other / own:8.1f}", flush=True)
    application.quit()


def random_cells(n: int) -> pd.DataFrame:
    """A table as Identify makes it."""
    rng = np.random.default_rng(0)
    numbers = np.arange(1, n + 1)
    return pd.DataFrame(
        {
            "cell": numbers,
            "label": numbers,
            "plane": 0,
            "y": rng.uniform(0, 4000, n),
            "x": rng.uniform(0, 4000, n),
            "area_um2": rng.gamma(9, 12, n),
            "predicted": rng.choice(CLASSES, n, p=(0.6, 0.2, 0.2)),
            "confidence": rng.uniform(0.4, 1, n),
            "red_contrast": rng.normal(1, 1, n),
            "green_contrast": rng.normal(0.5, 1, n),
            "recording": "random",
        }
    )


def own_table(
    panel: CellTablePanel, cells: pd.DataFrame
) -> dict[str, Callable[[int], object]]:
    """What the Cell table does."""
    panel.resize(440, 700)
    panel.show()
    model, view = panel.model, panel.view
    selection = TableSelection(panel, panel)
    fill = partial(model.set_cells, cells, {}, blind=False)
    fill()
    orders = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
    filters = [
        CellFilter({"predicted": frozenset({name})}, {"confidence": (0.5, 0.9)})
        for name in CLASSES
    ]

    def act(change: Callable[[], object]) -> None:
        change()
        view.viewport().grab()

    def choose(k: int) -> None:
        model.set_filter(CellFilter())
        selection.show(model.keys[k : 20_000 + k])

    return {
        "fill": lambda _: act(fill),
        "sort": lambda k: act(lambda: model.sort(4, orders[k % 2])),
        "filter": lambda k: act(lambda: model.set_filter(filters[k % 3])),
        "select": lambda k: act(lambda: choose(k)),
    }


def features_table(
    view: QTableView, cells: pd.DataFrame
) -> dict[str, Callable[[int], object]]:
    """What napari's widget does with its own model, proxy and view."""
    model, proxy = PandasModel(cells), BoolFriendlyProxyModel()
    proxy.setSourceModel(model)
    view.setModel(proxy)
    view.setSortingEnabled(True)
    view.resize(440, 500)
    view.show()
    proxy.setFilterKeyColumn(1 + list(cells).index("predicted"))
    orders = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
    column = 1 + list(cells).index("area_um2")

    def act(change: Callable[[], object]) -> None:
        change()
        view.viewport().grab()

    def choose(k: int) -> None:
        # as `FeaturesTable._on_layer_selection_changed` selects rows
        proxy.setFilterFixedString("")
        chosen = QItemSelection()
        for row in range(k, 20_000 + k):
            at = proxy.mapFromSource(model.index(row, 0)).row()
            last = proxy.columnCount() - 1
            chosen.select(proxy.index(at, 0), proxy.index(at, last))
        view.selectionModel().select(chosen, _SELECT)

    return {
        "fill": lambda _: act(lambda: model.replace_data(cells)),
        "sort": lambda k: act(lambda: view.sortByColumn(column, orders[k % 2])),
        "filter": lambda k: act(lambda: proxy.setFilterFixedString(CLASSES[k % 3])),
        "select": lambda k: act(lambda: choose(k)),
    }


def median(act: Callable[[int], object], times: int = 3) -> float:
    """Median time (ms) of an act, after once to warm up."""
    act(0)
    taken = []
    for k in range(1, times + 1):
        start = time.process_time()
        act(k)
        taken.append(1e3 * (time.process_time() - start))
    return float(np.median(taken))


if __name__ == "__main__":
    main()
