"""Classes are listed in the order of the colours, what is no class last."""

from __future__ import annotations

import pandas as pd

from napari_cellid.config import NO_CLASS
from napari_cellid.widgets.cell_table.class_boxes import count_values

#: as a layer keeps them
ORDER = {"": "#000000", NO_CLASS: "#b0b0b0", "inhibitory": "#56b4e9", "PV": "#e69f00"}


def test_none_of_these_and_cells_without_class_come_last():
    names = ["", NO_CLASS, "PV", "inhibitory", "PV", "zeta", "alpha"]
    counts = count_values(pd.DataFrame({"predicted": names}), "predicted", ORDER)
    assert list(counts.items()) == [
        ("inhibitory", 1),
        ("PV", 2),
        ("alpha", 1),
        ("zeta", 1),
        (NO_CLASS, 1),
        ("", 1),
    ]
    assert count_values(pd.DataFrame({"cell": [1]}), "predicted", ORDER) == {}
