"""Contrast, size and places of outlines: exact on drawn discs and rings."""

import numpy as np
import pytest

from napari_cellid.evaluation.cell_statistics import (
    layout_statistics,
    measure_contrast,
    nucleus_statistics,
    ring_statistics,
)

SIDE = 200


def away(y, x, side=SIDE):
    """Distance of each pixel from a place (px)."""
    rows, columns = np.indices((side, side))
    return np.hypot(rows - y, columns - x)


def discs(places, radius, side=SIDE):
    labels = np.zeros((side, side), np.int32)
    for number, (y, x) in enumerate(places, 1):
        labels[away(y, x, side) <= radius] = number
    return labels


def lattice(step=40, side=SIDE):
    at = np.arange(step // 2, side, step)
    return [(y, x) for y in at for x in at]


def ringed(places, radius, rim, centre, base=0.1):
    """Discs whose outer 35 % has one brightness and whose inside has another."""
    image = np.full((SIDE, SIDE), base)
    for y, x in places:
        image[away(y, x) <= radius] = rim
        image[away(y, x) <= 0.5 * radius] = centre
    return image


def test_rings_have_the_contrast_they_were_drawn_with():
    labels = discs(lattice(), 12)
    contrast = measure_contrast(ringed(lattice(), 12, 0.6, 0.2), labels, 1.0)
    assert len(contrast.rim) == 25
    assert contrast.rim == pytest.approx(0.6)
    assert contrast.centre == pytest.approx(0.2)
    assert contrast.around == pytest.approx(0.1)
    found = ring_statistics(contrast)
    assert found["ring"] == found["ring_high"] == pytest.approx(0.4)
    assert found["rim_low"] == found["rim"] == found["rim_high"] == pytest.approx(0.5)
    assert found["rings"] == 1


def test_filled_discs_have_no_ring():
    labels = discs(lattice(), 12)
    found = ring_statistics(measure_contrast(labels > 0, labels, 1.0))
    assert found["ring"] == 0 and found["rings"] == 0
    assert found["rim"] == 1


def test_dark_holes_have_negative_contrast():
    labels = discs(lattice(), 12)
    contrast = measure_contrast(ringed(lattice(), 12, 0.3, 0.3, 0.8), labels, 1.0)
    assert nucleus_statistics(contrast)["nucleus"] == pytest.approx(-0.5)


def test_nuclei_are_measured_by_their_centre():
    labels = discs(lattice(), 12)
    image = ringed(lattice(), 12, 0.15, 0.7)
    image[labels == 1] *= 2
    found = nucleus_statistics(measure_contrast(image, labels, 1.0))
    assert found["nucleus_low"] == found["nucleus"] == pytest.approx(0.6)
    assert found["nucleus_high"] == pytest.approx(0.6)
    image[labels > 12] *= 2
    assert nucleus_statistics(measure_contrast(image, labels, 1.0))[
        "nucleus_high"
    ] == pytest.approx(1.3)


@pytest.mark.parametrize("pixel_size", [0.5, 1.0, 2.0])
def test_surroundings_are_2_to_7_um_outside(pixel_size):
    radius, place = 8, (100, 100)
    labels = discs([place], radius)
    outside = (away(*place) - radius) * pixel_size
    bright = (outside > 1) & (outside < 9)
    contrast = measure_contrast(bright.astype(float), labels, pixel_size)
    assert contrast.around == pytest.approx(1)
    beyond = (outside > 8) | ((outside > 0) & (outside < 1))
    contrast = measure_contrast(beyond.astype(float), labels, pixel_size)
    assert contrast.around == pytest.approx(0)


def test_neighbours_are_no_surroundings():
    places = [(100, 80), (100, 106)]
    labels = discs(places, 12)
    image = np.where(labels == 2, 9.0, np.where(labels == 1, 0.5, 0.1))
    assert measure_contrast(image, labels, 1.0).around == pytest.approx(0.1)
    # what is given counts no more than outlines do
    alone, off = np.where(labels == 1, 1, 0), labels == 2
    image[:] = np.where(away(100, 80) < 30, 9.0, 0.1)
    image[away(100, 80) < 30] = np.where(off, 9.0, 0.1)[away(100, 80) < 30]
    assert measure_contrast(image, alone, 1.0, off).around == pytest.approx(0.1)


def test_without_room_there_are_no_surroundings():
    labels = discs([(100, 100)], 12)
    everywhere = np.ones(labels.shape, bool)
    contrast = measure_contrast(labels.astype(float), labels, 1.0, everywhere)
    assert np.isnan(contrast.around).all()
    assert np.isnan(ring_statistics(contrast)["rim"])
    assert ring_statistics(contrast)["ring"] == 0


def test_the_border_is_no_rim():
    whole = (100, 100)
    places = [(0, 50), (50, 199), whole]  # two are cut in half by the border
    labels = discs(places, 12)
    contrast = measure_contrast(ringed(places, 12, 0.6, 0.2), labels, 1.0)
    assert contrast.rim == pytest.approx(0.6)
    assert contrast.centre == pytest.approx(0.2)
    assert contrast.around == pytest.approx(0.1)
    # nor do such outlines have a diameter, though they are counted
    found = layout_statistics(labels, 1.0)
    area = (away(*whole) <= 12).sum()
    assert found["diameter"] == pytest.approx(2 * np.sqrt(area / np.pi))
    assert found["diameter_sd"] == 0
    assert found["density"] == pytest.approx(3 / 0.04)


def test_an_outline_that_fills_the_image_has_no_rim():
    labels = np.ones((20, 20), int)
    contrast = measure_contrast(np.full((20, 20), 0.4), labels, 1.0)
    assert contrast.centre == pytest.approx(0.4)
    assert np.isnan(contrast.rim).all() and np.isnan(contrast.around).all()


def test_single_pixels_have_no_rim():
    labels = np.zeros((40, 40), int)
    labels[20, 20] = 1
    contrast = measure_contrast(labels.astype(float), labels, 1.0)
    assert contrast.centre == pytest.approx(1) and np.isnan(contrast.rim).all()
    assert np.isnan(ring_statistics(contrast)["rings"])


def test_contrast_follows_gain_and_not_offset():
    rng = np.random.default_rng(0)
    labels = discs(lattice(), 12)
    image = rng.random(labels.shape)
    once = ring_statistics(measure_contrast(image, labels, 1.0))
    other = ring_statistics(measure_contrast(3 * image + 5, labels, 1.0))
    assert other.pop("rings") == once.pop("rings")
    for name, value in once.items():
        assert other[name] == pytest.approx(3 * value)


def test_gaps_in_numbers_do_not_matter():
    labels = discs(lattice(), 12)
    image = ringed(lattice(), 12, 0.6, 0.2)
    some = np.where(labels % 2, 10 * labels, 0)
    assert len(measure_contrast(image, some, 1.0).rim) == 13
    assert layout_statistics(some, 1.0)["density"] == pytest.approx(13 / 0.04)


@pytest.mark.parametrize("pixel_size", [0.8, 1.17])
def test_a_lattice_of_discs(pixel_size):
    labels = discs(lattice(), 10)
    found = layout_statistics(labels, pixel_size)
    area = (away(100, 100) <= 10).sum()
    diameter = 2 * np.sqrt(area / np.pi) * pixel_size
    assert found["density"] == pytest.approx(25 / (0.2 * pixel_size) ** 2)
    assert found["diameter"] == pytest.approx(diameter)
    assert found["diameter_sd"] == pytest.approx(0)
    assert found["neighbour"] == pytest.approx(40 * pixel_size)
    # 25 points in a square of 200: 20, and for the border 0.0596 * 800 / 25
    assert found["regularity"] == pytest.approx(40 / 21.907, abs=1e-3)


def test_two_sizes():
    labels = discs(lattice()[:12], 8)
    labels += np.where(discs(lattice()[12:], 12) > 0, discs(lattice()[12:], 12) + 12, 0)
    found = layout_statistics(labels, 1.0)
    small, large = (
        2 * np.sqrt((away(100, 100) <= radius).sum() / np.pi) for radius in (8, 12)
    )
    assert found["diameter"] == pytest.approx(large)  # 13 of 25
    assert found["diameter_sd"] == pytest.approx(
        (large - small) * np.sqrt(12 * 13) / 25
    )


def scattered(rng, n=150, side=500):
    labels = np.zeros((side, side), np.int32)
    at = rng.choice(side * side, n, replace=False)
    labels.flat[at] = np.arange(1, n + 1)
    return labels


def test_regularity_is_one_at_random_and_below_in_clusters():
    rng = np.random.default_rng(0)
    at_random = [
        layout_statistics(scattered(rng), 1.0)["regularity"] for _ in range(40)
    ]
    assert np.mean(at_random) == pytest.approx(1, abs=0.02)
    clusters = np.zeros((500, 500), np.int32)
    clusters[:100, :100] = scattered(rng, 150, 100)
    assert layout_statistics(clusters, 1.0)["regularity"] < 0.3


def test_no_outlines():
    empty = np.zeros((50, 50), np.int32)
    contrast = measure_contrast(np.ones((50, 50)), empty, 1.0)
    assert contrast.centre.shape == contrast.rim.shape == contrast.around.shape == (0,)
    assert all(np.isnan(v) for v in ring_statistics(contrast).values())
    assert all(np.isnan(v) for v in nucleus_statistics(contrast).values())
    found = layout_statistics(empty, 1.0)
    assert found.pop("density") == 0
    assert all(np.isnan(value) for value in found.values())


def test_one_outline_has_no_neighbour():
    found = layout_statistics(discs([(100, 100)], 10), 1.0)
    assert np.isnan(found["neighbour"]) and np.isnan(found["regularity"])
    assert found["diameter"] == pytest.approx(20, rel=0.02)
