"""Outlines of new cells, grown around a point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_cellid.cells.measure import measure
from napari_cellid.cells.middles import (
    Middle,
    as_middles,
    check_middles,
    median_diameter,
)
from napari_cellid.errors import InputError
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.grow_cell import grow_cell, grow_cells

DIAMETER = 12.0
SHAPE = (2, 60, 80)


def disc(y: float, x: float, radius: float, shape=SHAPE[1:]) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.hypot(rows - y, columns - x) <= radius


def blob_map(*places: tuple[float, float, float], height: float = 0.4) -> np.ndarray:
    """A smooth map with a low hill for each (y, x, radius), in plane 1."""
    image = np.full(SHAPE, 0.02, np.float32)
    for y, x, radius in places:
        image[1][disc(y, x, radius)] = height
    return ndimage.gaussian_filter(image, (0, 1, 1))


def iou(mask: np.ndarray, truth: np.ndarray) -> float:
    return (mask & truth).sum() / (mask | truth).sum()


def painted(cell) -> np.ndarray:
    image = np.zeros(SHAPE, bool)
    image[cell.pixels] = True
    return image


def test_a_low_hill_is_outlined_from_a_point_beside_its_middle() -> None:
    labels = np.zeros(SHAPE, np.int32)
    cell = grow_cell(labels, Middle(1, 28.6, 41.5), DIAMETER, blob_map((30, 40, 5)))
    assert cell.source == "map"
    assert iou(painted(cell)[1], disc(30, 40, 5)) > 0.85
    assert not painted(cell)[0].any()


def test_without_a_hill_it_is_a_disc_of_the_median_size() -> None:
    labels = np.zeros(SHAPE, np.int32)
    for probability in (None, blob_map()):
        cell = grow_cell(labels, Middle(0, 30, 40), DIAMETER, probability)
        assert cell.source == "disc"
        assert np.array_equal(painted(cell)[0], disc(30, 40, DIAMETER / 2))


def test_a_hill_that_is_no_soma_gives_a_disc() -> None:
    labels, streak = np.zeros(SHAPE, np.int32), np.zeros(SHAPE, np.float32)
    streak[1, 29:32] = 0.9
    cell = grow_cell(labels, Middle(1, 30, 40), DIAMETER, streak)
    assert cell.source == "disc"


def test_a_disc_is_cut_where_another_cell_lies() -> None:
    labels = np.zeros(SHAPE, np.int32)
    labels[0, :, 44:] = 7
    cell = grow_cell(labels, Middle(0, 30, 40), DIAMETER)
    assert np.array_equal(painted(cell)[0], disc(30, 40, 6) & (labels[0] == 0))


def test_what_lies_behind_another_cell_is_no_part_of_it() -> None:
    labels = np.zeros(SHAPE, np.int32)
    labels[0, :, 42] = 7
    cell = grow_cell(labels, Middle(0, 30, 40), DIAMETER)
    assert cell.pixels[2].max() == 41


def test_two_touching_hills_give_two_cells() -> None:
    places = [(30, 35, 5), (30, 44, 5)]
    middles = [Middle(1, y, x) for y, x, _ in places]
    labels = np.zeros(SHAPE, np.int32)
    cells = list(grow_cells(labels, middles, DIAMETER, blob_map(*places)))
    assert [cell.source for cell in cells] == ["map", "map"]
    for cell, (y, x, radius) in zip(cells, places, strict=True):
        assert iou(painted(cell)[1], disc(y, x, radius)) > 0.7


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    diameter=st.floats(3, 25),
    y=st.floats(-0.5, 59.49),
    x=st.floats(-0.5, 79.49),
    with_map=st.booleans(),
)
def test_what_is_true_of_every_new_cell(seed, diameter, y, x, with_map) -> None:
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.random(SHAPE), (0, 3, 3))
    labels = ndimage.label(noise > np.quantile(noise, 0.8))[0].astype(np.int32)
    probability = ndimage.gaussian_filter(rng.random(SHAPE), (0, 2, 2)) * 3 - 1
    middle = Middle(1, y, x)
    at = (1, *middle.pixel)
    # a free place, wherever it was drawn
    labels[at] = 0
    before = labels.copy()
    probability = probability.clip(0, 1).astype(np.float32) if with_map else None
    cell = grow_cell(labels, middle, diameter, probability)
    mask = painted(cell)
    assert np.array_equal(labels, before)
    assert mask[at]
    assert not (mask & (labels > 0)).any()
    assert ndimage.label(mask[1])[1] == 1
    distance = np.hypot(cell.pixels[1] - y, cell.pixels[2] - x)
    assert distance.max() <= max(0.75 * diameter, np.sqrt(0.5))
    assert mask.sum() <= np.pi * (0.75 * diameter + 1) ** 2


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), with_map=st.booleans())
def test_no_pixel_belongs_to_two_new_cells(seed, with_map) -> None:
    rng = np.random.default_rng(seed)
    labels = np.zeros(SHAPE, np.int32)
    labels[1][disc(*rng.uniform(0, 60, 2), 8)] = 3
    rows = np.column_stack([rng.integers(0, 2, 30), rng.uniform(0, 59, (30, 2))])
    middles: list[Middle] = []
    for middle in as_middles(rows):
        try:
            check_middles([*middles, middle], labels, DIAMETER)
        except InputError:
            continue
        middles.append(middle)
    probability = rng.random(SHAPE, np.float32) if with_map else None
    cells = list(grow_cells(labels, middles, DIAMETER, probability))
    total = sum(painted(cell).astype(int) for cell in cells)
    assert total.max() <= 1 and not (total > 0)[labels > 0].any()
    for middle, cell in zip(middles, cells, strict=True):
        assert painted(cell)[(middle.plane, *middle.pixel)]


def test_a_cell_without_pixels_that_others_took() -> None:
    labels = np.zeros(SHAPE, np.int32)
    cell = grow_cell(labels, Middle(0, 30, 40), DIAMETER)
    labels[0, :, 43] = 5
    cut = cell.without(labels)
    assert np.array_equal(painted(cut)[0], disc(30, 40, 6) & (np.arange(SHAPE[2]) < 43))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(0, 70, 5)], "outside the image"),
        ([(0, -0.6, 5)], "outside the image"),
        ([(2, 5, 5)], "planes 0 to 1"),
        ([(-1, 5, 5)], "planes 0 to 1"),
        ([(0, 12, 12)], "a cell at y 12, x 12 in plane 0 already"),
        ([(1, 5, 5), (1, 5, 5)], "give each cell once"),
        ([(1, 5, 5), (1, 5, 9)], "give each cell once"),
    ],
)
def test_middles_that_are_refused(rows, message) -> None:
    labels = np.zeros(SHAPE, np.int32)
    labels[0, 10:20, 10:20] = 1
    with pytest.raises(InputError, match=message):
        check_middles(as_middles(rows), labels, DIAMETER)


def test_middles_that_are_accepted() -> None:
    labels = np.zeros(SHAPE, np.int32)
    labels[0, 10:20, 10:20] = 1
    rows = [(1, 12, 12), (0, 30, 30), (1, 30, 30), (0, 30, 36), (0, -0.4, 79.4)]
    check_middles(as_middles(rows), labels, DIAMETER)


@pytest.mark.parametrize(
    "rows", [[], [(1.5, 2, 2)], [(0, np.nan, 2)], [(np.nan, 1, 1)], [1, 2], [("a", 2)]]
)
def test_what_is_no_list_of_middles(rows) -> None:
    with pytest.raises(InputError):
        as_middles(rows)


def test_median_diameter_of_cells_and_of_a_soma() -> None:
    labels = np.zeros(SHAPE, np.int32)
    for k in range(6):
        labels[0][disc(30, 6 + 13 * k, 5)] = k + 1
    planes = MeanPlanes("r", np.zeros(SHAPE, np.float32), None, pixel_size_um=1.5)
    cells = measure(labels, planes)
    assert median_diameter(cells, planes) == pytest.approx(10, rel=0.05)
    assert median_diameter(cells[:0], planes) == pytest.approx(10)
