from __future__ import annotations

import numpy as np
import pandas as pd

from napari_cellid.cells.measure import (
    COLUMNS,
    count_classes,
    measure,
    measure_labels,
    with_classes,
)
from napari_cellid.recording import MeanPlanes


def two_cells() -> tuple[np.ndarray, MeanPlanes]:
    labels = np.zeros((2, 40, 40), np.int32)
    labels[0, 4:8, 10:14] = 1
    labels[1, 20:23, 30:33] = 2
    red = np.ones((2, 40, 40), np.float32)
    red[0, 4:8, 10:14] = 3
    green = np.full((2, 40, 40), 2, np.float32)
    return labels, MeanPlanes(name="two", red=red, green=green, pixel_size_um=2.0)


def test_centroid_area_and_contrast_are_exact() -> None:
    labels, planes = two_cells()
    table = measure(labels, planes)
    assert table["label"].tolist() == [1, 2]
    assert table["cell"].tolist() == [1, 2]
    assert table["plane"].tolist() == [0, 1]
    assert table[["y", "x"]].to_numpy().tolist() == [[5.5, 11.5], [21, 31]]
    assert table["area_um2"].tolist() == [16 * 4, 9 * 4]
    assert table["red_mean"].tolist() == [3, 1]
    assert table["red_contrast"].tolist() == [2, 0]
    assert table["green_contrast"].tolist() == [0, 0]


def test_a_missing_channel_leaves_no_columns() -> None:
    labels, planes = two_cells()
    alone = MeanPlanes(name="g", red=None, green=planes.green, pixel_size_um=2.0)
    assert not [c for c in measure(labels, alone) if c.startswith("red")]


def test_no_cells_no_rows() -> None:
    labels, planes = two_cells()
    table = measure(np.zeros_like(labels), planes)
    assert len(table) == 0
    assert set(COLUMNS) <= set(table.columns)


def test_classes_fill_the_table_in_order() -> None:
    labels, planes = two_cells()
    chances = np.array([[0.2, 0.8], [0.6, 0.4]], np.float32)
    table = with_classes(measure(labels, planes), chances, ("PV", "SST"))
    assert table["predicted"].tolist() == ["SST", "PV"]
    np.testing.assert_allclose(table["confidence"], [0.8, 0.6], rtol=1e-6)
    assert list(table.columns[:10]) == [*COLUMNS, "p_PV", "p_SST"]
    assert count_classes(table, ("PV", "SST", "VIP")) == {"PV": 1, "SST": 1, "VIP": 0}


def test_labels_may_be_as_large_as_a_painter_likes() -> None:
    labels, planes = two_cells()
    labels[labels == 2] = 2_000_000_000
    table = measure(labels, planes)
    assert table["label"].tolist() == [1, 2_000_000_000]
    assert table["area_um2"].tolist() == [64, 36]
    assert table["red_contrast"].tolist() == [2, 0]


def test_a_field_without_background_is_measured() -> None:
    _, planes = two_cells()
    table = measure(np.full((2, 40, 40), 5, np.int32)[:1], planes)
    assert table["label"].tolist() == [5]
    assert table[["y", "x"]].to_numpy().tolist() == [[19.5, 19.5]]
    assert np.isnan(table["red_contrast"]).all()


def test_measuring_some_equals_measuring_all(planes, field):
    labels = field.labels
    every = measure(labels, planes).drop(columns="cell")
    wanted = every["label"].iloc[[0, 3, -1]].tolist()
    some = measure_labels(labels, planes, wanted).drop(columns="cell")
    same = every[every["label"].isin(wanted)].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, same, check_dtype=False)


def test_measuring_a_label_on_two_planes_counts_the_larger(planes, field):
    labels = np.zeros_like(field.labels)
    labels[0, 5:9, 5:9] = labels[1, 20:40, 20:40] = 9
    (row,) = measure_labels(labels, planes, {9}).itertuples()
    assert (row.plane, row.y, row.x) == (1, 29.5, 29.5)
