from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_cellid.config import SegmentConfig
from napari_cellid.segmentation.instances import label_cells, label_plane

ALL = SegmentConfig(min_area_um2=0, split="none")


def discs(centres: list[tuple[int, int]], radius: float) -> np.ndarray:
    y, x = np.mgrid[:40, :60]
    image = np.zeros((40, 60), np.float32)
    for cy, cx in centres:
        image[np.hypot(y - cy, x - cx) <= radius] = 1
    return image


def test_diagonal_pixels_are_one_cell() -> None:
    image = np.zeros((4, 4), np.float32)
    image[1, 1] = image[2, 2] = 1
    assert label_plane(image, None, 1.0, ALL).max() == 1


def test_threshold_is_included() -> None:
    image = np.array([[0.7, 0.0, 0.69]], np.float32)
    assert label_plane(image, None, 1.0, ALL).tolist() == [[1, 0, 0]]


def test_smallest_area_is_in_square_micrometres() -> None:
    image = np.zeros((6, 20), np.float32)
    image[1:3, 1:3] = 1  # 4 px
    image[1:4, 10:13] = 1  # 9 px
    config = SegmentConfig(min_area_um2=9, split="none")
    assert label_plane(image, None, 1.0, config).max() == 1
    assert label_plane(image, None, 1.5, config).max() == 2
    assert label_plane(image, None, 0.5, config).max() == 0


@pytest.mark.parametrize(
    ("split", "count"), [("none", 1), ("core", 2), ("distance", 2)]
)
def test_touching_cells_come_apart(split: str, count: int) -> None:
    cell = discs([(20, 20), (20, 32)], 7)
    core = discs([(20, 20), (20, 32)], 3)
    labels = label_plane(cell, core, 1.0, SegmentConfig(split=split))
    assert labels.max() == count
    if count == 2:
        left, right = labels[20, 15], labels[20, 37]
        assert left != right
        assert (labels[:, :25] == right).sum() == 0
        assert (labels[:, 28:] == left).sum() == 0
        # every pixel above the threshold belongs to a cell
        assert ((labels > 0) == (cell > 0)).all()


def test_a_speck_of_core_cuts_no_piece_out_of_a_cell() -> None:
    cell = discs([(20, 20)], 8)
    core = discs([(20, 20)], 3)
    core[15, 26] = core[15, 25] = 0.6
    labels = label_plane(cell, core, 1.0, SegmentConfig())
    assert labels.max() == 1
    assert (labels > 0).sum() == (cell > 0).sum()


def test_a_region_without_a_core_is_kept_whole() -> None:
    cell = discs([(10, 10), (28, 45)], 5)
    core = discs([(10, 10)], 2)
    labels = label_plane(cell, core, 1.0, SegmentConfig(split="core"))
    assert labels.max() == 2
    assert (labels > 0).sum() == (cell > 0).sum()


def test_core_falls_back_where_the_network_has_none() -> None:
    cell = discs([(20, 20), (20, 32)], 7)
    assert label_plane(cell, None, 1.0, SegmentConfig(split="core")).max() == 2


@settings(max_examples=80, deadline=None)
@given(
    image=arrays(np.float32, (12, 15), elements=st.floats(0, 1, width=32)),
    core=arrays(np.float32, (12, 15), elements=st.floats(0, 1, width=32)),
    split=st.sampled_from(["none", "core", "distance"]),
    smallest=st.floats(0, 10),
)
def test_numbers_have_no_gaps_and_stay_in_the_mask(
    image: np.ndarray, core: np.ndarray, split: str, smallest: float
) -> None:
    config = SegmentConfig(split=split, min_area_um2=smallest)
    labels = label_plane(image, core, 1.0, config)
    assert labels.dtype == np.int32
    assert not labels[image < config.threshold].any()
    numbers, area = np.unique(labels[labels > 0], return_counts=True)
    assert numbers.tolist() == list(range(1, len(numbers) + 1))
    assert (area >= smallest).all()


@pytest.mark.parametrize("split", ["core", "distance", "none"])
def test_pixels_that_touch_at_a_corner_are_not_lost(split: str) -> None:
    cell, core = np.zeros((2, 30, 30), np.float32)
    cell[4:14, 4:14] = cell[14:24, 14:24] = 1
    core[7:11, 7:11] = 1
    config = SegmentConfig(split=split, min_area_um2=0)
    labels = label_plane(cell, core, 1.0, config)
    np.testing.assert_array_equal(labels > 0, cell > 0)


def test_labels_are_unique_over_all_planes() -> None:
    probability = np.zeros((2, 40, 40), np.float32)
    probability[:, 5:15, 5:15] = probability[:, 25:35, 25:35] = 0.9
    labels = label_cells(probability, None, 1.0, SegmentConfig())
    assert [np.unique(plane[plane > 0]).tolist() for plane in labels] == [
        [1, 2],
        [3, 4],
    ]


@pytest.mark.parametrize("pixel_size_um", [0.5, 2.0])
def test_the_smallest_seed_is_an_area_in_micrometres(pixel_size_um: float) -> None:
    probability = np.zeros((1, 60, 60), np.float32)
    probability[0, 10:50, 10:50] = 0.9
    core = np.zeros_like(probability)
    # two seeds of 3 x 3 px: 2.25 µm² are a speck, 36 µm² are two cells
    core[0, 20:23, 20:23] = core[0, 38:41, 38:41] = 0.9
    labels = label_cells(probability, core, pixel_size_um, SegmentConfig(split="core"))
    assert labels.max() == (1 if pixel_size_um < 1 else 2)
