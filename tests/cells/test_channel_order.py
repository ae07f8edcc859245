"""Nuclei are discs and somata are rings: exchanged channels are told from that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_cellid.cells.channel_order import channels_exchanged, core_contrast
from napari_cellid.recording import MeanPlanes


def cells(n: int = 36) -> tuple[np.ndarray, MeanPlanes]:
    """Cells on a grid, 14 px across: a ring in green around a disc in red."""
    rng = np.random.default_rng(3)
    labels = np.zeros((1, 200, 200), np.int32)
    red, green = (rng.normal(100, 4, labels.shape) for _ in range(2))
    y, x = np.mgrid[:200, :200]
    for k in range(n):
        distance = np.hypot(y - 20 - 30 * (k // 6), x - 20 - 30 * (k % 6))
        labels[0][distance < 7] = k + 1
        red[0][distance < 4] += 100
        green[0][(distance < 7) & (distance >= 4)] += 100
    images = {"red": red.astype(np.float32), "green": green.astype(np.float32)}
    return labels, MeanPlanes(name="a", pixel_size_um=1.0, **images)


def test_only_exchanged_channels_are_suspected() -> None:
    labels, planes = cells()
    exchanged = replace(planes, red=planes.green, green=planes.red)
    assert not channels_exchanged(labels, planes)
    assert channels_exchanged(labels, exchanged)
    # neither gain nor offset of a detector matters
    assert exchanged.red is not None
    brighter = replace(exchanged, red=exchanged.red * 7 + 300)
    assert channels_exchanged(labels, brighter)


def test_nothing_is_said_of_few_cells_equal_channels_or_one() -> None:
    labels, planes = cells()
    exchanged = replace(planes, red=planes.green, green=planes.red)
    few = np.where(labels <= 19, labels, 0)
    assert not channels_exchanged(few, exchanged)
    assert not channels_exchanged(labels, replace(planes, red=planes.green))
    assert not channels_exchanged(labels, replace(exchanged, red=None))
    assert not channels_exchanged(np.zeros_like(labels), exchanged)


def test_a_disc_is_brighter_in_its_middle_and_a_ring_darker() -> None:
    labels, planes = cells(4)
    for image, sign in ((planes.red, 1), (planes.green, -1)):
        assert image is not None
        contrast = core_contrast(labels, image, 1.0)
        assert contrast.shape == (4,)
        assert (sign * contrast > 1).all()
    flat = core_contrast(labels, np.ones(labels.shape, np.float32), 1.0)
    assert flat.shape == (0,)


@pytest.mark.parametrize("side", [2200])
def test_the_middle_of_a_large_plane_decides(side: int) -> None:
    labels, planes = cells()
    large = np.zeros((1, side, side), np.int32)
    images = {}
    large[0, :200, :200] = labels[0]
    for name in ("red", "green"):
        image = np.zeros((1, side, side), np.float32)
        image[0, :200, :200] = getattr(planes, "green" if name == "red" else "red")[0]
        images[name] = image
    corner = MeanPlanes(name="a", pixel_size_um=1.0, **images)
    middle = slice(1000, 1200)
    # the cells of the corner are cut off at the edge of what is looked at
    assert core_contrast(large, corner.red, 1.0).shape[0] < 36
    large[0, middle, middle] = np.where(labels[0] > 0, labels[0] + 36, 0)
    for name in ("red", "green"):
        images[name][0, middle, middle] = images[name][0, :200, :200]
    assert channels_exchanged(large, corner)


def test_numbers_that_no_cell_has_are_no_division_by_zero() -> None:
    labels = np.zeros((1, 40, 40), np.int32)
    labels[0, 5:17, 5:17], labels[0, 22:34, 22:34] = 3, 9
    image = np.random.default_rng(0).gamma(2, 50, labels.shape).astype(np.float32)
    with np.errstate(all="raise"):
        contrasts = core_contrast(labels, image, 1.0)
    assert len(contrasts) == 2
