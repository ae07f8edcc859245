"""Spectra and histograms: exact on images whose statistics are known."""

import numpy as np
import pytest

from napari_cellid.evaluation.image_statistics import (
    measure_image,
    noise_floor,
    radial_spectrum,
    stretch_to_display,
)


def noise(side=256, seed=0):
    return np.random.default_rng(seed).normal(size=(side, side))


def waves(side, pixel_size_um, frequency):
    x = np.arange(side) * pixel_size_um
    return np.tile(np.sin(2 * np.pi * frequency * x), (side, 1))


def power_law(exponent, side=512, pixel_size_um=1.0, seed=0):
    """Image whose power goes with the frequency to this exponent."""
    f = np.fft.fftfreq(side, pixel_size_um)
    away = np.hypot(f[:, None], f[None, :])
    away[0, 0] = np.inf
    spectrum = np.fft.fft2(noise(side, seed)) * away ** (exponent / 2)
    return np.fft.ifft2(spectrum).real


def blobs(seed=0):
    """Something like a field: smooth, skewed, a little noise."""
    return np.exp(power_law(-2.5, 256, seed=seed)) + 0.05 * noise(256, seed + 1)


@pytest.mark.parametrize("pixel_size", [0.5, 1.0, 2.1])
@pytest.mark.parametrize("shape", [(256, 256), (200, 301)])
def test_white_noise_is_flat_and_keeps_its_variance(pixel_size, shape):
    image = 3 * np.random.default_rng(1).normal(size=shape)
    spectrum = radial_spectrum(image, pixel_size)
    # the density of white noise is its variance times the area of a pixel
    assert spectrum.power.mean() == pytest.approx(9 * pixel_size**2, rel=0.05)
    assert noise_floor(spectrum, pixel_size) == pytest.approx(3, rel=0.05)
    # rings end at half a cycle a pixel: a disc in the square of all frequencies
    disc = np.pi / 4
    assert spectrum.variance(0, np.inf) == pytest.approx(9 * disc, rel=0.05)


def test_all_rings_end_at_half_a_cycle_a_pixel():
    spectrum = radial_spectrum(noise(64), 0.8)
    assert spectrum.frequency[-1] == pytest.approx(0.5 / 0.8)
    assert np.isnan(spectrum.at(0.7)) and np.isnan(spectrum.at(0.001))
    # a side at which a quotient of floats would lose a ring
    for side in range(64, 80):
        assert len(radial_spectrum(noise(side), 1.17).frequency) == side // 2


def test_smooth_images_keep_their_variance():
    image = power_law(-3)
    spectrum = radial_spectrum(image, 0.7)
    window = np.hanning(514)[1:-1, None] * np.hanning(514)[None, 1:-1]
    weight = window**2 / (window**2).sum()
    mean = (weight * image).sum()
    weighted = (weight * (image - mean) ** 2).sum()
    assert spectrum.variance(0, np.inf) == pytest.approx(weighted, rel=0.25)
    assert spectrum.variance(0, np.inf) < weighted  # the mean's ring and the corners


@pytest.mark.parametrize("frequency", [0.05, 0.1, 0.3])
def test_waves_have_their_power_at_their_frequency(frequency):
    pixel_size = 0.8
    spectrum = radial_spectrum(waves(300, pixel_size, frequency), pixel_size)
    peak = spectrum.frequency[spectrum.power.argmax()]
    step = spectrum.frequency[0]
    assert abs(peak - frequency) <= step
    near = spectrum.variance(frequency - 3 * step, frequency + 3 * step)
    # of a sine; rings of pixels are not exactly as large as rings
    assert near == pytest.approx(0.5, rel=0.06)
    assert spectrum.variance(0, np.inf) == pytest.approx(near, rel=0.02)


@pytest.mark.parametrize("exponent", [-1.0, -2.0, -3.0])
def test_the_exponent_of_a_power_law_is_recovered(exponent):
    for pixel_size in (0.8, 1.17):
        spectrum = radial_spectrum(power_law(exponent, 512, pixel_size), pixel_size)
        assert spectrum.slope(0.03, 0.2) == pytest.approx(exponent, abs=0.15)
        assert spectrum.normalised().slope(0.03, 0.2) == pytest.approx(
            spectrum.slope(0.03, 0.2)
        )


def test_normalised_spectra_have_variance_one_in_their_band():
    spectrum = radial_spectrum(power_law(-2), 1.0).normalised(0.02, 0.1)
    assert spectrum.variance(0.02, 0.1) == pytest.approx(1)


def test_power_between_rings_is_between_them():
    spectrum = radial_spectrum(power_law(-2, 128), 1.0)
    low, high = spectrum.frequency[1:3]
    at = spectrum.at((low + high) / 2)
    assert at == pytest.approx(spectrum.power[1:3].mean())


def test_stretching_clips_at_the_percentiles_of_a_screen():
    shown = stretch_to_display(np.arange(1001).reshape(7, 143))
    assert shown.min() == 0 and shown.max() == 1
    assert (shown == 0).sum() == 11 and (shown == 1).sum() == 3
    assert np.median(shown) == pytest.approx((500 - 10) / (998 - 10))


def test_gain_and_offset_change_nothing():
    image = blobs()
    once = measure_image(image, 0.8)
    other = measure_image(37.5 * image + 1200, 0.8)
    assert once.keys() == other.keys()
    for name, value in once.items():
        assert other[name] == pytest.approx(value, rel=1e-6, abs=1e-9, nan_ok=True)


def test_whole_numbers_are_as_good_as_fractions():
    image = np.round(1000 * stretch_to_display(blobs())).astype(np.uint16)
    whole, fractions = (measure_image(i, 0.8) for i in (image, image.astype(float)))
    assert whole == fractions


def test_statistics_of_lengths_follow_the_pixel_size():
    coarse = measure_image(waves(300, 1.0, 1 / 60), 1.0)
    assert coarse["coarse"] > 0.98 and coarse["field_wide"] < 0.02
    fine = measure_image(waves(300, 1.0, 1 / 60), 0.5)  # a period of 30 µm
    assert fine["coarse"] < 0.02
    wide = measure_image(waves(300, 1.0, 1 / 150), 1.0)
    assert wide["field_wide"] > 0.9


def test_histograms_of_known_images():
    even = measure_image(np.linspace(0, 1, 200 * 200).reshape(200, 200), 1.0)
    for percent in (10, 50, 90, 98):
        assert even[f"q{percent}"] == pytest.approx((percent - 1) / 98.8, abs=1e-3)
    assert abs(even["skew"]) < 0.02
    # 5 % bright pixels: the skew of two values is (1 - 2p) / sqrt(p (1 - p))
    two = np.zeros(10_000)
    two[:500] = 7
    found = measure_image(np.random.default_rng(0).permuted(two).reshape(100, 100), 1)
    assert found["skew"] == pytest.approx(0.9 / np.sqrt(0.05 * 0.95))
    assert found["q90"] == 0 and found["q98"] == 1


def test_noise_is_a_share_of_the_range():
    smooth = waves(300, 1.0, 0.01)  # from -1 to 1: a range of 2
    found = measure_image(smooth + 0.02 * noise(300), 1.0)
    assert found["noise"] == pytest.approx(0.01, rel=0.1)


def test_power_beyond_half_a_cycle_a_pixel_is_not_known():
    assert np.isnan(measure_image(noise(128), 1.5)["power_0.4"])
    assert np.isfinite(measure_image(noise(128), 1.17)["power_0.4"])


@pytest.mark.parametrize("image", [np.zeros((64, 64)), np.full((64, 80), 7, np.uint8)])
def test_even_images_have_no_structure(image):
    assert not stretch_to_display(image).any()
    found = measure_image(image, 1.0)
    assert found.pop("noise") == 0
    assert {found.pop(f"q{p}") for p in (10, 50, 90, 98)} == {0}
    assert all(np.isnan(value) for value in found.values())
