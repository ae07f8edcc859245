"""Outlines of one cell in neighbouring planes are linked, and have one class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cellid.cells.measure import measure, with_classes
from napari_cellid.cells.none_of_these import NoneLimits
from napari_cellid.cells.plane_links import (
    LINKED,
    count_cells,
    link_planes,
    linked_text,
    pool_classes,
    with_numbers,
)
from napari_cellid.recording import MeanPlanes

CLASSES = ("excitatory", "inhibitory")


def table(labels: np.ndarray) -> pd.DataFrame:
    image = np.ones(labels.shape, np.float32)
    return measure(labels, MeanPlanes("v", image, image, 1.0))


def volume() -> np.ndarray:
    """Four planes: one cell in three of them, one beside it, one far away."""
    labels = np.zeros((4, 40, 40), np.int32)
    labels[0, 5:15, 5:15] = 1
    labels[1, 6:16, 6:16] = 2
    labels[1, 6:16, 17:27] = 3
    labels[2, 7:15, 7:15] = 4
    labels[3, 30:38, 30:38] = 5
    return labels


def test_overlapping_outlines_of_close_planes_are_one_cell() -> None:
    labels = volume()
    cells = link_planes(labels, table(labels), (0, 6, 12, 18), 1.0)
    assert cells[LINKED].tolist() == [1, 1, 3, 1, 5]
    # labels, numbers and rows stay as they are
    assert cells["cell"].tolist() == cells["label"].tolist() == [1, 2, 3, 4, 5]
    assert count_cells(cells) == 3
    assert "5 outlines are 3 cells" in linked_text(cells)


@pytest.mark.parametrize("depths", [None, (0, 11, 22, 33), (0, 0, 0, 0), (0, 6)])
def test_nothing_is_linked_where_planes_are_far_or_depths_unknown(depths) -> None:
    labels = volume()
    cells = link_planes(labels, table(labels), depths, 1.0)
    assert LINKED not in cells
    assert count_cells(cells) == 5
    assert linked_text(cells) == ""


def test_cells_one_above_the_other_are_two() -> None:
    labels = np.zeros((2, 40, 40), np.int32)
    # 40 % of the smaller one; and all of it, but far from the middle
    labels[0, 0:10, 0:10], labels[1, 6:16, 0:10] = 1, 2
    labels[0, 20:36, 20:36], labels[1, 20:25, 20:25] = 3, 4
    cells = link_planes(labels, table(labels), (0, 8), 1.0)
    assert cells[LINKED].tolist() == [1, 2, 3, 4]


def test_planes_are_taken_in_the_order_of_their_depths() -> None:
    labels = volume()
    # the second plane lies below the third
    cells = link_planes(labels, table(labels), (0, 30, 6, 60), 1.0)
    assert cells[LINKED].tolist() == [1, 2, 3, 1, 5]


def test_a_cell_is_no_longer_than_a_soma() -> None:
    labels = np.zeros((6, 20, 20), np.int32)
    for plane in range(6):
        labels[plane, 5:15, 5:15] = plane + 1
    cells = link_planes(labels, table(labels), tuple(range(0, 60, 10)), 1.0)
    assert cells[LINKED].tolist() == [1, 1, 1, 4, 4, 4]


def test_outlines_that_hardly_overlap_are_linked_only_if_they_are_near() -> None:
    labels = np.zeros((2, 40, 40), np.int32)
    labels[0, 5:7, 5:7], labels[1, 7:9, 6:8] = 1, 2
    labels[0, 25:27, 5:7], labels[1, 30:32, 5:7] = 3, 4
    cells = link_planes(labels, table(labels), (0, 5), 1.0)
    assert cells[LINKED].tolist() == [1, 1, 3, 4]


@given(st.integers(0, 2**31), st.integers(2, 5))
def test_a_plane_has_one_outline_of_a_cell(seed: int, n_planes: int) -> None:
    rng = np.random.default_rng(seed)
    labels, number = np.zeros((n_planes, 30, 30), np.int32), 0
    for plane in labels:
        for y, x in rng.integers(0, 26, (6, 2)):
            number += 1
            plane[y : y + 4, x : x + 4] = number
    cells = link_planes(labels, table(labels), tuple(range(0, 6 * n_planes, 6)), 1.0)
    assert not cells.duplicated([LINKED, "plane"]).any()
    first = cells.groupby(LINKED)["cell"].min()
    assert (first == first.index).all()


def test_the_class_is_decided_by_all_outlines_weighted_by_area() -> None:
    labels = volume()
    cells = link_planes(labels, table(labels), (0, 6, 12, 18), 1.0)
    chances = np.array(
        [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.1, 0.9], [0.6, 0.4]], np.float32
    )
    before = with_classes(cells, chances, CLASSES)
    pooled = pool_classes(before, CLASSES, NoneLimits())
    area = cells["area_um2"].to_numpy()[[0, 1, 3]]
    expected = np.average(chances[[0, 1, 3], 0], weights=area)
    ours = pooled.loc[pooled[LINKED] == 1]
    np.testing.assert_allclose(ours["p_excitatory"], expected, rtol=1e-5)
    assert set(ours["predicted"]) == {"inhibitory"}
    np.testing.assert_allclose(ours["confidence"], 1 - expected, rtol=1e-5)
    # cells of one outline are exactly as they were
    pd.testing.assert_frame_equal(pooled.iloc[[2, 4]], before.iloc[[2, 4]])


def test_other_numbers_keep_the_links() -> None:
    labels = volume()
    cells = link_planes(labels, table(labels), (0, 6, 12, 18), 1.0)
    other = with_numbers(cells, np.array([31, 12, 40, 50, 8]))
    assert other[LINKED].tolist() == [12, 12, 40, 12, 8]
    unlinked = with_numbers(table(labels), np.arange(5))
    assert LINKED not in unlinked
