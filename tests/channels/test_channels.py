from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cellid.channels.model_input import combine
from napari_cellid.channels.normalisation import ROBUST, Normalisation, normalise
from napari_cellid.channels.resampling import rescale, scaled_shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLAIN = Normalisation(low=0, high=100)


def test_percentiles_become_zero_and_one() -> None:
    image = np.arange(1001, dtype=np.float32).reshape(7, 143)
    result = normalise(image, Normalisation(low=1, high=99))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result[image == 10], 0, atol=1e-6)
    np.testing.assert_allclose(result[image == 990], 1, atol=1e-6)
    assert result.min() == 0 and result.max() == 1


def test_constant_images_become_zero() -> None:
    assert not normalise(np.full((4, 4), 9, np.float32), PLAIN).any()


def test_a_few_bright_pixels_on_even_ground_are_seen() -> None:
    image = np.zeros((100, 100), np.float32)
    image[3, 4] = 5
    assert normalise(image, Normalisation())[3, 4] == 1


def test_gain_and_offset_do_not_matter() -> None:
    image = np.random.default_rng(0).random((30, 30), np.float32)
    a, b = normalise(image, Normalisation()), normalise(image * 37 + 5, Normalisation())
    np.testing.assert_allclose(a, b, atol=1e-4)


def cells_on_noise(seed: int = 0) -> NDArray[np.float32]:
    """A plane (256, 256) with a bright disc of 9 px every 25 px on faint noise."""
    y, x = np.mgrid[:256, :256]
    discs = np.hypot(y % 25 - 12, x % 25 - 12) <= 4
    noise = np.random.default_rng(seed).normal(10, 2, (256, 256))
    return np.asarray(noise + 100 * discs, np.float32)


def test_debris_does_not_dim_the_cells() -> None:
    clean = cells_on_noise()
    dirty = clean.copy()
    for y, x in ((30, 40), (120, 200), (190, 60), (230, 230)):
        dirty[y - 8 : y + 8, x - 8 : x + 8] = 4000
    cell = clean > 60
    untouched = cell & (dirty == clean)
    limited = normalise(dirty, ROBUST)[untouched]
    assert normalise(clean, ROBUST)[cell].mean() > 0.9
    assert limited.mean() > 0.3
    assert normalise(dirty, Normalisation())[untouched].mean() < 0.05


def test_without_debris_the_limit_changes_nothing() -> None:
    clean = cells_on_noise()
    np.testing.assert_array_equal(
        normalise(clean, ROBUST), normalise(clean, Normalisation())
    )


@pytest.mark.parametrize("value", [0.0, 500.0])
def test_an_even_border_does_not_count(value: float) -> None:
    inside = cells_on_noise()
    image = np.full((300, 290), value, np.float32)
    image[40:296, 34:] = inside
    for norm in (ROBUST, Normalisation()):
        expected = normalise(inside, norm)
        np.testing.assert_array_equal(normalise(image, norm)[40:296, 34:], expected)


def test_few_cells_on_even_ground_are_seen_with_a_limit() -> None:
    image = np.zeros((100, 100), np.float32)
    image[3:5, 4:8] = 5
    image[3, 4] = 3
    assert normalise(image, ROBUST)[3, 5] == 1
    assert normalise(image, ROBUST)[3, 4] == pytest.approx(0.6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (5, 3), (9, 200)])
def test_planes_smaller_than_the_grid_have_a_limit(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(1).random(shape, np.float32)
    result = normalise(image, ROBUST)
    assert result.shape == shape
    assert 0 <= result.min() <= result.max() <= 1


def test_combinations() -> None:
    red = np.array([[0, 1], [0, 1]], np.float32)
    green = np.array([[0, 0], [1, 1]], np.float32)
    grey = combine(red, green, PLAIN, "sum")
    assert grey.tolist() == [[[0, 0.5], [0.5, 1]]]
    rgb = combine(red, green, PLAIN, "rgb")
    np.testing.assert_array_equal(rgb, [red, green, (red + green) / 2])
    np.testing.assert_array_equal(combine(red, green, PLAIN, "pair"), [red, green])


def test_a_missing_channel_does_not_dim_the_other() -> None:
    green = np.array([[0, 1]], np.float32)
    assert combine(None, green, PLAIN, "sum").tolist() == [[[0, 1]]]
    assert combine(None, green, PLAIN, "pair").tolist() == [[[0, 0]], [[0, 1]]]
    assert combine(None, green, PLAIN, "rgb").tolist() == [[[0, 0]], [[0, 1]], [[0, 1]]]


@given(n=st.tuples(st.integers(1, 60), st.integers(1, 60)), factor=st.floats(0.2, 4))
def test_rescaling_a_constant_image_leaves_it_constant(
    n: tuple[int, int], factor: float
) -> None:
    image = np.full(n, 3, np.float32)
    result = rescale(image, factor)
    assert result.shape == scaled_shape(n, factor)
    np.testing.assert_allclose(result, 3, rtol=1e-5)


@pytest.mark.parametrize("factor", [0.5, 0.7, 1.3, 2.0])
def test_places_keep_their_place(factor: float) -> None:
    y, x = np.mgrid[:80, :90]
    image = np.exp(-((y - 30.0) ** 2 + (x - 50.0) ** 2) / 50).astype(np.float32)
    result = rescale(image, factor)
    centre = [
        float((np.arange(n) * result.sum(1 - axis)).sum() / result.sum())
        for axis, n in enumerate(result.shape)
    ]
    expected = [(p + 0.5) * factor - 0.5 for p in (30, 50)]
    np.testing.assert_allclose(centre, expected, atol=0.05)


def test_scale_one_returns_the_image() -> None:
    image = np.random.default_rng(0).random((2, 9, 8), np.float32)
    np.testing.assert_array_equal(rescale(image, 1.0), image)


def test_there_and_back_again() -> None:
    y, x = np.mgrid[:70, :61]
    image = np.sin(y / 6).astype(np.float32) + np.cos(x / 5).astype(np.float32)
    there = rescale(image, 1.7)
    back = rescale(there, 1 / 1.7, image.shape)
    assert np.abs(back - image)[3:-3, 3:-3].max() < 0.05
