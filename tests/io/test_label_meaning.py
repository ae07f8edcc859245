"""Label images whose numbers do not mean one cell each."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cellid.errors import InputError
from napari_cellid.io.label_meaning import check_background, separate_pieces


def cells(n: int, dtype=np.uint16, side: int = 400) -> np.ndarray:
    """Squares of 6 px, 20 px apart, numbered from 1."""
    labels = np.zeros((1, side, side), np.int64)
    per_row = side // 20
    for k in range(n):
        y, x = 20 * (k // per_row) + 4, 20 * (k % per_row) + 4
        labels[0, y : y + 6, x : x + 6] = k + 1
    return labels.astype(dtype)


def test_ordinary_labels_stay() -> None:
    labels = cells(300)
    assert check_background(labels, "l.tif")[0] is labels
    same, note = separate_pieces(labels, "l.tif", 1.0)
    assert same is labels and note == ""


def test_numbers_that_began_anew_are_refused() -> None:
    labels = cells(300).astype(np.uint8)
    with pytest.raises(InputError, match=r"8 bits.*16 bits"):
        separate_pieces(labels, "l.tif", 1.0)


def test_eight_bits_with_few_cells_are_fine() -> None:
    labels = cells(40, np.uint8)
    assert separate_pieces(labels, "l.tif", 1.0)[1] == ""


def test_a_class_image_becomes_a_mask() -> None:
    classes = (cells(30) > 0).astype(np.uint8) + 1
    mask, note = check_background(classes, "ilastik.tif")
    assert np.array_equal(mask, cells(30) > 0)
    assert "1, which covers" in note


@pytest.mark.parametrize("value", [1, 255])
def test_an_inverted_mask_is_refused(value: int) -> None:
    inverted = np.where(cells(30) > 0, 0, value).astype(np.uint8)
    with pytest.raises(InputError, match=rf"number {value} covers 9\d% of m.tif"):
        check_background(inverted, "m.tif")


def test_labels_on_a_background_of_one_are_refused() -> None:
    labels = cells(30) + 1
    with pytest.raises(InputError, match="set the background to 0"):
        check_background(labels, "l.tif")


def test_far_pieces_of_one_number_become_cells() -> None:
    labels = cells(2)
    labels[0, 300:306, 300:306] = 1
    separated, note = separate_pieces(labels, "l.tif", 1.0)
    assert len(np.unique(separated)) == 4
    assert separated[0, 302, 302] != separated[0, 5, 5]
    assert "1 of them became cells" in note


def test_stray_pixels_far_away_are_left_out() -> None:
    labels = cells(2)
    labels[0, 300, 300] = 1
    separated, note = separate_pieces(labels, "l.tif", 1.0)
    assert separated[0, 300, 300] == 0
    assert "left out" in note


def test_near_pieces_of_one_number_stay_one_cell() -> None:
    labels = cells(1)
    labels[0, 15:20, 4:10] = 1
    same, note = separate_pieces(labels, "l.tif", 1.0)
    assert same is labels and note == ""


def test_the_distance_is_one_of_micrometres() -> None:
    labels = cells(1)
    labels[0, 44:50, 4:10] = 1
    assert separate_pieces(labels, "l.tif", 0.5)[1] == ""
    assert separate_pieces(labels, "l.tif", 1.0)[1] != ""
    assert separate_pieces(labels, "l.tif", None)[1] != ""


def test_empty_planes_are_no_pieces() -> None:
    labels = np.zeros((2, 30, 30), np.uint16)
    assert separate_pieces(labels, "l.tif", 1.0)[1] == ""
