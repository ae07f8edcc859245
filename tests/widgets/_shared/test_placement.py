"""What is read of layers is what the screen shows of them, pixel for pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Image, Labels

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.channels import (
    Channels,
    recording_from_layers,
    result_transform,
)
from napari_cellid.widgets._shared.layer_pixel_size import known_pixel_size

ROWS, COLUMNS = 60, 80
TURN_90 = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
TURN_180 = np.diag([-1, -1, 1.0])
SWAP = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1.0]])


def scene(spot: tuple[int, int] = (12, 50)) -> Any:
    """An image without symmetry: one bright pixel, and a slope along either axis."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    image = (y * 3.0 + x).astype(np.float32)
    image[spot] = 5000
    return image


def read(red: Image | None, green: Image | None, **attributes: Any) -> Any:
    return recording_from_layers(Channels(red, green, None, 1.0, **attributes))


def array_of(recording: Any, colour: str) -> Any:
    return getattr(recording, colour).compute()[0, 0]


def world_of_spot(image: Any, layer: Any) -> Any:
    index = np.unravel_index(int(np.nanargmax(image)), image.shape)
    return np.array(layer.data_to_world(index))


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"scale": (1.5, 1.5), "translate": (-30, 700)},
        {"scale": (-1.5, 1.5)},
        {"scale": (1.5, -1.5), "translate": (3, 4)},
        {"scale": (-1.2, -1.2)},
        {"affine": np.diag([-1, 1, 1.0])},
        {"affine": TURN_90},
        {"affine": TURN_180, "scale": (1.5, 1.5), "translate": (5, 6)},
        {"affine": SWAP, "translate": (5, 6)},
        {"rotate": 90, "scale": (2, 2)},
        {"rotate": 180},
        {"rotate": -90, "translate": (10, 20)},
    ],
)
def test_results_lie_on_what_the_screen_shows(attributes):
    green = Image(scene(), name="green", **attributes)
    recording = read(None, green)
    seen = array_of(recording, "green")
    transform = result_transform(Channels(None, green, None, 1.0))
    # rows go down and columns go right, as on the screen
    assert min(transform["scale"]) > 0
    labels = Labels(np.zeros(seen.shape, int), **transform)
    np.testing.assert_allclose(
        world_of_spot(seen, labels), world_of_spot(scene(), green), atol=1e-6
    )
    for index in ((0, 0), (59, 0), (20, 79), (33, 44)):
        value = scene()[index]
        row, column = np.round(labels.world_to_data(green.data_to_world(index)))
        assert seen[int(row), int(column)] == value
    turned = any(key in attributes for key in ("affine", "rotate"))
    flipped = np.min(attributes.get("scale", 1)) < 0
    assert bool(recording.notes) == (turned or flipped)


@pytest.mark.parametrize(
    ("array", "attributes"),
    [
        (lambda a: np.roll(a, 4, 1), {"translate": (0, -4)}),
        (lambda a: np.roll(a, (2, -3), (0, 1)), {"translate": (-2, 3)}),
        (
            lambda a: np.roll(a, 4, 0),
            {"affine": np.array([[1, 0, -4], [0, 1, 0], [0, 0, 1.0]])},
        ),
        (lambda a: a[::-1], {"scale": (-1, 1), "translate": (ROWS - 1, 0)}),
        (lambda a: a[:, ::-1], {"scale": (1, -1), "translate": (0, COLUMNS - 1)}),
        (lambda a: a[::-1, ::-1], {"rotate": 180, "translate": (59, 79)}),
        (lambda a: a.T, {"affine": SWAP}),
        (lambda a: np.rot90(a), {"rotate": -90, "translate": (0, 79)}),
    ],
)
def test_red_is_read_where_the_screen_shows_it(array, attributes):
    """The arrays differ, but the screen shows red exactly on green."""
    red = Image(np.ascontiguousarray(array(scene())), name="red", **attributes)
    recording = read(red, Image(scene(), name="green"))
    seen = array_of(recording, "red")
    inner = np.s_[6:-6, 6:-6]
    np.testing.assert_allclose(seen[inner], scene()[inner], atol=0.01)
    (note,) = recording.notes
    assert "'red' lies otherwise than 'green'" in note


def smooth() -> Any:
    y, x = np.mgrid[:ROWS, :COLUMNS]
    return (np.sin(y / 9) * np.cos(x / 7) * 100 + x).astype(np.float32)


@pytest.mark.parametrize(
    ("array", "attributes"),
    [
        (
            lambda a: np.kron(a, np.ones((2, 2))),
            {"scale": (0.5, 0.5), "translate": (-0.25, -0.25)},
        ),
        (lambda a: a[::2, ::2], {"scale": (2, 2)}),
        (lambda a: a[:, ::2], {"scale": (1, 2)}),
        (lambda a: np.pad(a, 30), {"translate": (-30, -30)}),
    ],
)
def test_red_of_other_pixels_is_resampled(array, attributes):
    red = Image(array(smooth()), name="red", **attributes)
    recording = read(red, Image(smooth(), name="green"))
    seen = array_of(recording, "red")
    assert seen.shape == (ROWS, COLUMNS)
    inner = np.s_[3:-3, 3:-3]
    assert np.abs(seen[inner] - smooth()[inner]).max() < 6
    assert np.corrcoef(seen[inner].ravel(), smooth()[inner].ravel())[0, 1] > 0.999


@pytest.mark.parametrize("angle", [7, -20, 33])
def test_turned_red_is_resampled(angle):
    """Red reaches beyond green on all sides, and is turned about its centre."""
    y, x = np.mgrid[:120, :120]
    wave = np.sin(y / 9) * np.cos(x / 7) * 100 + x
    red = Image(wave, name="red", rotate=angle)
    red.translate = np.array([17, 17]) - red.data_to_world((60, 60))
    green = Image(np.ones((34, 34)), name="green")
    seen = array_of(read(red, green), "red")
    for index in ((0, 33), (2, 3), (30, 5), (17, 17), (8, 31)):
        y0, x0 = red.world_to_data(green.data_to_world(index))
        expected = np.sin(y0 / 9) * np.cos(x0 / 7) * 100 + x0
        assert seen[index] == pytest.approx(expected, abs=1)


def test_layers_at_one_place_are_read_as_they_are():
    attributes: dict[str, Any] = {"scale": (1.17, 1.17), "translate": (3, 4)}
    red = Image(scene((1, 2)), name="red", **attributes)
    # the same size in other units
    green = Image(
        scene(), name="green", scale=(1.17, 1.17 + 1e-9), translate=(3, 4.0001)
    )
    recording = read(red, green)
    np.testing.assert_array_equal(array_of(recording, "red"), scene((1, 2)))
    assert recording.notes == ()
    red.units, green.units = ("nm", "nm"), ("um", "um")
    red.scale, red.translate = (1170, 1170), (3000, 4000)
    recording = read(red, green)
    np.testing.assert_array_equal(array_of(recording, "red"), scene((1, 2)))
    assert recording.notes == ()


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"rotate": 30}, "turned or sheared"),
        ({"shear": [0.2]}, "turned or sheared"),
        ({"affine": [[1, 0.1, 0], [0, 1, 0], [0, 0, 1]]}, "turned or sheared"),
        ({"rotate": 1}, "turned or sheared"),
        ({"scale": (1, 2)}, "1 x 2, but square"),
        ({"affine": np.diag([1.5, 1.0, 1.0])}, "square"),
        ({"scale": (0.5, -1)}, "square"),
    ],
)
def test_green_that_lies_aslant_is_refused(attributes, message):
    with pytest.raises(InputError, match=message):
        read(Image(scene(), name="red"), Image(scene(), name="green", **attributes))


@pytest.mark.parametrize(
    ("attributes", "part"),
    [
        ({"translate": (30, 0)}, "50%"),
        ({"translate": (500, 500)}, "0%"),
        ({"scale": (0.5, 0.5)}, "25%"),
        ({"rotate": 90}, "covers"),
        ({"scale": (-1, 1)}, "covers"),
    ],
)
def test_red_that_lies_elsewhere_is_refused(attributes, part):
    with pytest.raises(InputError, match=f"(?s){part}.*90%") as caught:
        read(Image(scene(), name="red", **attributes), Image(scene(), name="green"))
    assert "Copy all to clipboard" in str(caught.value)


def test_units_that_cannot_be_compared_are_refused():
    red = Image(scene(), name="red", scale=(1.2, 1.2), units=("um", "um"))
    green = Image(scene(), name="green")
    with pytest.raises(InputError, match="micrometer and 'green' in pixel"):
        read(red, green)
    green.scale = (1.2, 1.2)
    assert read(red, green).notes == ()


def test_part_of_the_field_without_red_is_told():
    red = Image(scene(), name="red", translate=(0, 4))
    (note,) = read(red, Image(scene(), name="green")).notes
    assert "5.0% of the field" in note


@pytest.mark.parametrize(
    "change",
    [
        {"translate": (0, 15, 0, 0)},
        {"scale": (1, 5, 1, 1)},
        {"scale": (1, -15, 1, 1)},
    ],
)
def test_planes_at_other_depths_are_refused(change):
    stack = np.zeros((6, 5, 40, 40), np.float32)
    green = Image(stack, name="green", scale=(1, 15, 1, 1))
    attributes = {"scale": (1, 15, 1, 1), **change}
    with pytest.raises(InputError, match="other depths"):
        read(Image(stack, name="red", **attributes), green)
    # the times at which frames were recorded do not matter
    red = Image(stack, name="red", scale=(0.1, 15, 1, 1), translate=(9, 0, 0, 0))
    assert read(red, green).shape == (5, 40, 40)


@pytest.mark.parametrize("axes", [(0, 1), (0, 2), (1, 0)])
def test_planes_that_are_tilted_are_refused(axes):
    matrix = np.eye(4)
    matrix[axes] = 0.5
    green = Image(np.zeros((5, 40, 40)), name="green", affine=matrix)
    with pytest.raises(InputError, match="mixes its planes"):
        recording_from_layers(Channels(None, green, "planes", 1.0))
    # one plane can be tilted against others only
    single = Image(np.zeros((1, 40, 40)), name="green", affine=matrix)
    if axes[0] != 0:
        assert recording_from_layers(Channels(None, single, "planes", 1.0)).shape


def test_pixel_size_is_that_of_the_layer_whose_pixels_are_read():
    red = Image(scene(), name="red", scale=(0.6, 0.6))
    green = Image(scene(), name="green", scale=(1.2, 1.2))
    assert known_pixel_size(red, green) == pytest.approx(1.2)
    assert known_pixel_size(red, None) == pytest.approx(0.6)
    green.scale = (1, 1)
    assert known_pixel_size(red, green) is None
    green.affine = np.diag([1.3, 1.3, 1.0])
    assert known_pixel_size(red, green) == pytest.approx(1.3)
    metres = Image(scene(), name="red", units=("um", "um"))
    assert known_pixel_size(metres, Image(scene())) == pytest.approx(1.0)


def test_stack_keeps_the_depth_of_its_planes():
    green = Image(
        np.zeros((9, 5, 40, 40), np.float32),
        name="green",
        scale=(1, 15, -2, 2),
        translate=(0, 30, 0, 0),
        axis_labels=("t", "z", "y", "x"),
    )
    transform = result_transform(Channels(None, green, None, 2.0))
    assert transform["scale"] == pytest.approx((15, 2, 2))
    assert transform["translate"] == pytest.approx((30, -78, 0))
    assert transform["axis_labels"] == ("z", "y", "x")


QUARTERS = st.tuples(st.booleans(), st.sampled_from([-1, 1]), st.sampled_from([-1, 1]))


def quarter(kind: tuple[bool, int, int], scale: float, translate: Any) -> Any:
    """Matrix (3, 3) of a turn by quarters or a flip, scaled and moved."""
    swap, down, right = kind
    linear = np.diag([down, right]) @ (np.eye(2)[::-1] if swap else np.eye(2))
    matrix = np.eye(3)
    matrix[:2, :2] = linear * scale
    matrix[:2, 2] = translate
    return matrix


@given(
    green=QUARTERS,
    red=QUARTERS,
    step=st.floats(0.1, 5),
    ratio=st.sampled_from([0.5, 1, 1.3, 2]),
    place=st.tuples(st.floats(-900, 900), st.floats(-900, 900)),
    off=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
)
def test_any_two_layers_are_read_as_they_lie(green, red, step, ratio, place, off):
    """Red is a plane in space, so that resampling it is exact."""
    base = Image(
        np.arange(40.0 * 50).reshape(40, 50),
        name="green",
        affine=quarter(green, step, place),
    )
    centre = np.array(base.data_to_world((19.5, 24.5)))
    y, x = np.mgrid[:140, :140]
    other = Image(y * 3.0 - 2.0 * x, name="red", affine=quarter(red, step * ratio, 0))
    # red reaches beyond green on all sides
    other.translate = (0, 0)
    matrix = other.affine.affine_matrix.copy()
    matrix[:2, 2] = centre + np.array(off) * step - other.data_to_world((69.5, 69.5))
    other.affine = matrix
    channels = Channels(other, base, None, 1.0)
    recording = recording_from_layers(channels)
    result = Labels(np.zeros(recording.shape[1:], int), **result_transform(channels))
    seen_green = array_of(recording, "green")
    seen_red = array_of(recording, "red")
    # at the rim, coarse pixels are averaged over less than their width
    for index in ((4, 4), (5, 30), (30, 5), (20, 20)):
        world = result.data_to_world(index)
        at = tuple(np.round(base.world_to_data(world)).astype(int))
        assert seen_green[index] == base.data[at]
        row, column = other.world_to_data(world)
        assert seen_red[index] == pytest.approx(3 * row - 2 * column, abs=0.35)
