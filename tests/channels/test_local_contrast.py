"""The channels relative to their surroundings, and the input that holds both."""

import numpy as np
import pytest

from napari_cellid.channels.local_contrast import local_contrast
from napari_cellid.channels.model_input import N_IMAGES, combine
from napari_cellid.channels.normalisation import Normalisation

PLAIN = Normalisation(low=0, high=100)


@pytest.fixture
def image():
    rng = np.random.default_rng(3)
    spots = np.zeros((160, 200), np.float32)
    spots[40:48, 50:58] = 1
    spots[120:128, 150:158] = -0.5
    return spots + rng.normal(2, 0.1, spots.shape).astype(np.float32)


def test_gain_and_offset_change_nothing(image):
    np.testing.assert_allclose(
        local_contrast(image * 7 + 100), local_contrast(image), atol=2e-3
    )


def test_cells_in_a_dim_corner_look_like_those_in_bright_light(image):
    across = np.geomspace(1, 10, image.shape[1], dtype=np.float32)
    uneven, even = local_contrast(image * across), local_contrast(image)
    middle = np.s_[41:47, 51:57]
    assert even[middle].mean() > 1
    assert uneven[middle].mean() == pytest.approx(even[middle].mean(), rel=0.15)
    assert uneven[121:127, 151:157].mean() < -0.4


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 40_000.0])
def test_a_constant_image_becomes_zero(value):
    assert not local_contrast(np.full((64, 64), value, np.float32)).any()


def test_the_range_is_limited(image):
    image[0, 0] = 1e6
    image[159, 199] = -1e6
    contrast = local_contrast(image)
    assert contrast.dtype == np.float32
    assert contrast.min() >= -2
    assert contrast.max() == 4


def test_pair_and_local_contrast_of_each_channel(image):
    red, green = image, image[::-1].copy()
    images = combine(red, green, PLAIN, "pair+local")
    assert len(images) == N_IMAGES["pair+local"] == 4
    np.testing.assert_array_equal(images[:2], combine(red, green, PLAIN, "pair"))
    np.testing.assert_array_equal(images[2], local_contrast(images[0]))
    np.testing.assert_array_equal(images[3], local_contrast(images[1]))


def test_a_missing_channel_is_zero_in_both(image):
    images = combine(None, image, PLAIN, "pair+local")
    assert not images[0].any()
    assert not images[2].any()
    assert images[3].any()
