"""Crops and targets: the same deformation for image and mask, published weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_cellid.segmentation.augment import (
    ElasticDeformation,
    displacement_field,
    jitter_intensity,
    random_crop,
)
from napari_cellid.segmentation.targets import (
    IGNORE_INDEX,
    border_weights,
    pixel_targets,
)

NONE = ElasticDeformation(0.0)


def _discs(*places: tuple[int, int, int], shape=(96, 96)) -> np.ndarray:
    """Labels of discs (y, x, radius), numbered from 1."""
    y, x = np.indices(shape)
    labels = np.zeros(shape, np.int32)
    for number, (cy, cx, r) in enumerate(places, 1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 <= r**2] = number
    return labels


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_displacements_have_the_wanted_size_on_the_grid() -> None:
    """SD 10 px at the points of a grid of 150 px; smooth between them."""
    deformation = ElasticDeformation(10.0, 30.0)
    fields = [displacement_field(301, deformation, _rng(k)) for k in range(60)]
    on_grid = np.stack([f[:, ::30, ::30] for f in fields])
    # scipy's splines go through the grid's points
    assert on_grid.std() == pytest.approx(10, rel=0.03)
    assert abs(on_grid.mean()) < 0.5
    assert fields[0].shape == (2, 301, 301)
    # neighbouring pixels move alike: nothing is torn
    assert max(np.abs(np.diff(f, axis=1)).max() for f in fields) < 3


def test_the_displacement_is_that_of_seed_and_settings() -> None:
    one = displacement_field(64, ElasticDeformation(), _rng(3))
    np.testing.assert_array_equal(
        one, displacement_field(64, ElasticDeformation(), _rng(3))
    )
    assert not np.array_equal(
        one, displacement_field(64, ElasticDeformation(), _rng(4))
    )
    twice = displacement_field(64, ElasticDeformation(20.0), _rng(3))
    np.testing.assert_allclose(twice, 2 * one, rtol=1e-5, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31))
def test_image_mask_and_weight_move_together(seed: int) -> None:
    """Where the image shows a cell the target says one, whatever is done to both."""
    labels = ndimage.zoom(_discs((30, 40, 14), (66, 60, 9), (20, 80, 8)), 2, order=0)
    image = (labels > 0).astype(np.float32)
    weight = np.where(labels > 0, 3, 1).astype(np.float32)
    images = np.stack([image, image])
    target = (labels > 0).astype(np.uint8)
    moved, aims, counts = random_crop(
        images, target, weight, 80, ElasticDeformation(4.0, 30.0), _rng(seed)
    )
    assert moved.shape == (2, 80, 80)
    assert aims.shape == counts.shape == (80, 80)
    known = aims != IGNORE_INDEX
    cell = ndimage.binary_erosion(aims == 1, iterations=2) & known
    other = ndimage.binary_erosion(aims == 0, iterations=2) & known
    np.testing.assert_array_equal(counts[cell], 3)
    np.testing.assert_array_equal(counts[other], 1)
    for channel in moved:
        if cell.any() and other.any():
            assert channel[cell].min() > channel[other].max() + 0.2


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(20, 70))
def test_beyond_the_field_nothing_is_learned(seed: int, side: int) -> None:
    """A crop larger than its field: known pixels are at most those of the field."""
    images = np.full((1, 30, 26), 0.5, np.float32)
    target = np.ones((30, 26), np.uint8)
    moved, aims, _ = random_crop(
        images, target, target.astype(np.float32), side, NONE, _rng(seed)
    )
    assert np.isfinite(moved).all()
    assert set(np.unique(aims)) <= {1, IGNORE_INDEX}
    assert 0 < (aims == 1).sum() <= 30 * 26 * 1.1


def test_left_out_pixels_stay_left_out() -> None:
    target = np.full((60, 60), IGNORE_INDEX, np.uint8)
    images = np.zeros((2, 60, 60), np.float32)
    for seed in range(5):
        _, aims, _ = random_crop(
            images,
            target,
            np.ones((60, 60), np.float32),
            32,
            ElasticDeformation(),
            _rng(seed),
        )
        assert (aims == IGNORE_INDEX).all()


def test_crops_are_rotated_by_any_angle_and_mirrored() -> None:
    """An L of four corners: its handedness and direction take many values."""
    image = np.zeros((1, 61, 61), np.float32)
    image[0, 10:50, 28:32] = 1
    image[0, 46:50, 28:48] = 1
    ones = np.ones((61, 61), np.float32)
    angles, hands = [], set()
    for seed in range(40):
        aims = random_crop(
            image, image[0].astype(np.uint8), ones, 61, NONE, _rng(seed)
        )[1]
        y, x = np.nonzero(aims == 1)
        points = np.stack([y, x]) - np.array([[y.mean()], [x.mean()]])
        _, axes = np.linalg.eigh(points @ points.T)
        angles.append(np.arctan2(axes[0, 1], axes[1, 1]) % np.pi)
        along, across = axes[:, 1] @ points, axes[:, 0] @ points
        hands.add(np.sign((along**2 * across).sum() * (along**3).sum()
                          * np.linalg.det(axes)))  # fmt: skip
    assert np.ptp(angles) > 2.5
    assert len(set(np.digitize(angles, np.linspace(0, np.pi, 9)))) >= 6
    assert hands == {-1.0, 1.0}


def test_other_light_keeps_the_order_of_grey_values() -> None:
    ramp = np.linspace(0, 1, 101, dtype=np.float32)[None].repeat(2, 0)[:, None]
    seen = [jitter_intensity(ramp, _rng(k)) for k in range(20)]
    for one in seen:
        assert (np.diff(one[:, 0], axis=1) > 0).all()
        assert one.min() >= -0.05 - 1e-6
        assert one.max() <= 1.25 + 1e-6
    # each channel has a light of its own
    assert all(not np.allclose(one[0], one[1]) for one in seen)


def test_a_missing_channel_stays_dark() -> None:
    images = np.stack([np.zeros((40, 40)), np.ones((40, 40)) / 2]).astype(np.float32)
    ones = np.ones((40, 40), np.uint8)
    for seed in range(5):
        moved, _, _ = random_crop(
            images,
            ones,
            ones.astype(np.float32),
            32,
            ElasticDeformation(),
            _rng(seed),
        )
        assert not moved[0].any()
        assert moved[1].any()


def test_pixel_classes() -> None:
    labels = _discs((30, 30, 10), (60, 60, 1), (61, 20, 7))
    target = pixel_targets(labels)
    assert set(np.unique(target)) == {0, 1, 2}
    np.testing.assert_array_equal(target > 0, labels > 0)
    for number in (1, 2, 3):
        there = target[labels == number]
        assert (there == 2).any()
    # the core of a disc is the disc of half its radius
    core = ((target == 2) & (labels == 1)).sum()
    assert core == pytest.approx(np.pi * 5**2, rel=0.15)
    assert target[30, 30] == 2
    assert target[30, 21] == 1


def test_touching_cells_have_cores_apart() -> None:
    labels = _discs((40, 30, 9), (40, 47, 9))
    _, n = ndimage.label(pixel_targets(labels) == 2)
    assert n == 2


def test_unsure_pixels_are_left_out_but_not_those_of_cells() -> None:
    labels = _discs((30, 30, 10))
    unsure = np.zeros(labels.shape, bool)
    unsure[25:60, 25:60] = True
    target = pixel_targets(labels, unsure)
    assert (target[unsure & (labels == 0)] == IGNORE_INDEX).all()
    np.testing.assert_array_equal(target[labels > 0], pixel_targets(labels)[labels > 0])
    assert (target[~unsure & (labels == 0)] == 0).all()


def test_no_cell_is_all_background() -> None:
    empty = np.zeros((20, 30), np.int32)
    assert not pixel_targets(empty).any()
    for weighting in ("none", "ronneberger", "falk"):
        weight = border_weights(empty, weighting)
        assert np.ptp(weight) < 1e-6
        assert (weight > 0).all()


def test_without_weighting_all_pixels_count_alike() -> None:
    assert (border_weights(_discs((30, 30, 10)), "none") == 1).all()


@pytest.mark.parametrize("gap", [2, 4, 8])
def test_ronneberger_weights_are_those_of_the_formula(gap: int) -> None:
    """On the line between two squares d1 + d2 is known exactly."""
    labels = np.zeros((60, 60), np.int32)
    labels[20:40, 10:20] = 1
    labels[20:40, 20 + gap : 30 + gap] = 2
    weight = border_weights(labels, "ronneberger")
    # distances count from pixel to pixel: 1 in the pixel beside a cell
    between = np.arange(20, 20 + gap)
    d1, d2 = between - 19, 20 + gap - between
    wanted = 1 + 10 * np.exp(-((d1 + d2) ** 2) / (2 * 2.5**2))
    np.testing.assert_allclose(weight[30, between], wanted, rtol=1e-5)
    assert (weight[labels > 0] == 1).all()
    assert weight[2, 2] == pytest.approx(1)


def test_falk_weights_have_a_weak_background_and_strong_borders() -> None:
    labels = _discs((40, 30, 9), (40, 51, 9))
    weight = border_weights(labels, "falk")
    assert (weight[labels > 0] == 1).all()
    assert weight[5, 90] == pytest.approx(0.1, abs=1e-3)
    assert weight[40, 40] == weight[(labels == 0)].max()
    assert weight[40, 40] > 5


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**31))
def test_weights_are_those_of_two_distances_however_many_cells(seed: int) -> None:
    """Against the two smallest of the distances to each cell, all computed."""
    rng = _rng(seed)
    places = [(*rng.integers(5, 60, 2), int(rng.integers(2, 6))) for _ in range(7)]
    labels = _discs(*places, shape=(64, 64))
    numbers = np.unique(labels[labels > 0])
    away = np.sort(
        [ndimage.distance_transform_edt(labels != n) for n in numbers], axis=0
    )
    if len(away) < 2:
        return
    wanted = 1 + 10 * np.exp(-((away[0] + away[1]) ** 2) / (2 * 2.5**2))
    found = border_weights(labels, "ronneberger")
    outside = labels == 0
    np.testing.assert_allclose(found[outside], wanted[outside], atol=1e-4)
