"""Frames on another grid of pixels: exact where pixels coincide, NaN where none are."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest
from scipy import ndimage

from napari_cellid.channels.resampling import covered_part, resample_onto

SHAPE = (40, 56)


@pytest.fixture
def frames() -> Any:
    """(time, plane, y, x): three frames of two planes, no pixel like another one."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 4000, (3, 2, *SHAPE)).astype(np.uint16)


@pytest.mark.parametrize(
    ("matrix", "offset", "expected"),
    [
        (np.eye(2), (0, 0), lambda a: a),
        (np.diag([-1, 1]), (39, 0), lambda a: a[..., ::-1, :]),
        (np.diag([-1, -1]), (39, 55), lambda a: a[..., ::-1, ::-1]),
        (np.diag([1, -1]), (0, 55), lambda a: a[..., ::-1]),
    ],
)
def test_where_pixels_coincide_nothing_changes(frames, matrix, offset, expected):
    placed = resample_onto(da.from_array(frames), matrix.astype(float), offset, SHAPE)
    assert placed.dtype == np.float32
    np.testing.assert_allclose(placed.compute(), expected(frames), atol=0.01)


@pytest.mark.parametrize(("dy", "dx"), [(5, 0), (0, -7), (3, 11), (-4, -2)])
def test_what_lies_outside_is_nan(frames, dy, dx):
    placed = resample_onto(da.from_array(frames), np.eye(2), (dy, dx), SHAPE).compute()
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] + np.array([dy, dx])[:, None, None]
    inside = (y >= 0) & (y < SHAPE[0]) & (x >= 0) & (x < SHAPE[1])
    assert (np.isnan(placed) == ~inside).all()
    expected = frames[..., y.clip(0, SHAPE[0] - 1), x.clip(0, SHAPE[1] - 1)]
    np.testing.assert_allclose(placed[..., inside], expected[..., inside])
    covered = covered_part(np.eye(2), np.array([dy, dx]), SHAPE, SHAPE)
    assert (covered == inside).all()


def test_frames_are_read_when_needed_one_block_at_a_time(frames):
    read = []

    def note(block: Any) -> Any:
        read.append(len(block))
        return block

    lazy = da.from_array(frames, chunks=(1, 2, 20, 56)).map_blocks(
        note, dtype=frames.dtype, meta=np.empty((0,) * 4, frames.dtype)
    )
    placed = resample_onto(lazy, np.eye(2) * 1.5, np.zeros(2), (26, 37))
    assert read == []
    assert placed.chunks == ((1, 1, 1), (2,), (26,), (37,))
    assert placed[0].compute().shape == (2, 26, 37)
    assert sum(read) < 3


def test_fine_pixels_are_averaged_and_not_picked():
    rng = np.random.default_rng(1)
    smooth = ndimage.gaussian_filter(rng.normal(size=(120, 120)), 8) * 100
    noisy = smooth + rng.normal(scale=1, size=smooth.shape)
    placed = resample_onto(
        da.from_array(noisy[None, None]), np.eye(2) * 3, np.ones(2), (40, 40)
    )
    wrong = placed.compute()[0, 0] - smooth[1::3, 1::3]
    # single noisy pixels would be off by 1
    assert wrong[4:-4, 4:-4].std() < 0.5
