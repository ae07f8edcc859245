"""Red is brought onto green, and channels that lie apart are noticed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_cellid.config import RegistrationConfig
from napari_cellid.config.registration import TransformKind
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.registration.channels import find_channel_transform, warp
from napari_cellid.registration.register import register_channels
from napari_cellid.registration.structure import structure_maps

SIDE, MARGIN, UM = 160, 24, 1.17


def nuclei_in_rings(
    seed: int, shift: tuple[float, float] = (0, 0), scale: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Red nuclei and green rings round them (1, y, x), some cells of one colour."""
    rng = np.random.default_rng(seed)
    side = SIDE + 2 * MARGIN
    middle = (side - 1) / 2
    spots = rng.uniform(0, side, (140, 2))
    kind = rng.uniform(size=140)
    y, x = np.mgrid[:side, :side]
    red, green = np.zeros((side, side)), np.ones((side, side))
    for (cy, cx), which in zip(spots, kind, strict=True):
        far = np.hypot(y - cy, x - cx)
        if which < 0.8:
            green += np.exp(-(((far - 4.5) / 1.5) ** 2)) - 0.5 * (far < 3)
        moved = middle + np.array(shift) + scale * (np.array([cy, cx]) - middle)
        if which > 0.2:
            far = np.hypot(y - moved[0], x - moved[1])
            red += np.exp(-((far / 3.0) ** 2))
    cut = slice(MARGIN, MARGIN + SIDE)
    noise = rng.normal(0, 0.05, (2, SIDE, SIDE))
    images = np.stack([red[cut, cut], green[cut, cut]]) + noise
    return images[:1].astype(np.float32), images[1:].astype(np.float32)


def error(matrix: np.ndarray, shift: tuple[float, float], scale: float) -> float:
    middle = (SIDE - 1) / 2
    true = np.column_stack(
        [np.eye(2) * scale, middle + np.array(shift) - scale * middle]
    )
    y, x = np.mgrid[:SIDE:8, :SIDE:8]
    places = np.stack([y.ravel(), x.ravel(), np.ones(y.size)])
    return float(np.hypot(*((matrix - true) @ places)).mean())


@pytest.mark.parametrize(
    ("kind", "scale"), [("shift", 1.0), ("scale", 1.04), ("affine", 0.96)]
)
def test_nuclei_are_brought_into_their_rings(kind: TransformKind, scale: float) -> None:
    shift = (6.3, -11.6)
    red, green = nuclei_in_rings(1, shift, scale)
    found = find_channel_transform(red, green, UM, kind)
    assert error(found.matrix, shift, scale) < 0.3
    assert found.agreement > 1.5 * found.chance
    assert found.agreement > 2 * found.before


def test_the_same_image_lies_on_itself() -> None:
    _, green = nuclei_in_rings(2)
    found = find_channel_transform(green, green, UM)
    np.testing.assert_allclose(found.matrix, np.eye(2, 3), atol=0.03)


@settings(max_examples=6)
@given(st.integers(-12, 12), st.integers(-12, 12), st.floats(0.1, 50), st.floats(-9, 9))
def test_whole_shifts_are_found_whatever_gain_and_offset(
    dy: int, dx: int, gain: float, offset: float
) -> None:
    _, green = nuclei_in_rings(3)
    red = (np.roll(green, (dy, dx), (1, 2)) * gain + offset).astype(np.float32)
    found = find_channel_transform(red, green, UM)
    np.testing.assert_allclose(found.displacement((SIDE, SIDE)), (dy, dx), atol=0.05)


def test_warping_undoes_a_shift() -> None:
    _, green = nuclei_in_rings(4)
    smooth = ndimage.gaussian_filter(green, (0, 2, 2))
    red = ndimage.shift(smooth, (0, 3.5, -2.25), order=3, mode="nearest")
    matrix = np.array([[1, 0, 3.5], [0, 1, -2.25]])
    inner = np.s_[:, 10:-10, 10:-10]
    np.testing.assert_allclose(warp(red, matrix)[inner], smooth[inner], atol=5e-3)


def test_maps_are_uncorrelated_and_of_one_variance() -> None:
    _, green = nuclei_in_rings(5)
    flat = structure_maps(green, UM).reshape(3, -1)
    np.testing.assert_allclose(flat @ flat.T / flat.shape[1], np.eye(3), atol=1e-3)


def planes_of(red: np.ndarray, green: np.ndarray) -> MeanPlanes:
    return MeanPlanes("rings", red, green, UM)


def test_channels_that_lie_apart_are_noticed_and_left() -> None:
    planes = planes_of(*nuclei_in_rings(6, (4, 5)))
    noted, transform = run_to_end(register_channels(planes, RegistrationConfig()))
    assert transform is None
    np.testing.assert_array_equal(noted.red, planes.red)
    (note,) = noted.notes
    assert "7.5 µm" in note
    assert "--registration channels" in note


def test_channels_that_lie_together_are_not_mentioned() -> None:
    planes = planes_of(*nuclei_in_rings(7))
    noted, _ = run_to_end(register_channels(planes, RegistrationConfig()))
    assert noted is planes


def test_red_is_moved_where_the_settings_say_so() -> None:
    config = RegistrationConfig(registration="channels")
    still = planes_of(*nuclei_in_rings(8))
    planes = planes_of(*nuclei_in_rings(8, (4, 5)))
    moved, transform = run_to_end(register_channels(planes, config))
    assert transform is not None
    np.testing.assert_array_equal(moved.green, planes.green)
    inner = np.s_[:, 12:-12, 12:-12]
    agreement = np.corrcoef(moved.red[inner].ravel(), still.red[inner].ravel())[0, 1]
    assert agreement > 0.9
    assert "Red was moved" in moved.notes[0]


def test_channels_of_nothing_in_common_are_not_moved() -> None:
    config = RegistrationConfig(registration="channels")
    rng = np.random.default_rng(0)
    planes = planes_of(*rng.normal(size=(2, 1, SIDE, SIDE)).astype(np.float32))
    moved, transform = run_to_end(register_channels(planes, config))
    assert transform is None
    np.testing.assert_array_equal(moved.red, planes.red)
    assert "no shift stands out" in moved.notes[0]


@pytest.mark.parametrize("registration", ["off", "channels"])
def test_images_that_are_the_same_everywhere_do_no_harm(registration: str) -> None:
    flat = np.full((1, 64, 64), 7, np.float32)
    config = RegistrationConfig(registration=registration)
    moved, transform = run_to_end(register_channels(planes_of(flat, flat), config))
    assert transform is None
    np.testing.assert_array_equal(moved.red, flat)
