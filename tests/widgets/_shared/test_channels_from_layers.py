"""Image layers to recordings: axes, pixel size, refusals of one sentence."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from napari.layers import Image

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.channels import (
    Channels,
    name_recording,
    recording_from_layers,
)
from napari_cellid.widgets._shared.layer_pixel_size import layer_pixel_size
from napari_cellid.widgets.identify.infer_channels import (
    infer_first_axis,
    infer_red_and_green,
    infer_shared_first_axis,
)

SIDE = 48


def image(*lead: int, name: str = "GCaMP", **attributes) -> Image:
    return Image(np.zeros((*lead, SIDE, SIDE), np.uint16), name=name, **attributes)


def recording(red=None, green=None, third=None):
    return recording_from_layers(Channels(red, green, third, 1.0))


@pytest.mark.parametrize(
    ("lead", "third", "shape"),
    [
        ((), None, (1, 1)),
        ((5,), "planes", (1, 5)),
        ((5,), "time", (5, 1)),
        ((7, 5), None, (7, 5)),
    ],
)
def test_axes(lead, third, shape):
    assert recording(green=image(*lead), third=third).green.shape[:2] == shape


def test_channels_may_differ_in_time():
    made = recording(image(name="red"), image(60), "time")
    assert made.red.shape[0] == 1
    assert made.green.shape[0] == 60


def test_lazy_arrays_are_not_read():
    def fail(block):
        raise AssertionError("read")

    data = da.zeros((50, SIDE, SIDE), chunks=(10, SIDE, SIDE)).map_blocks(
        fail, dtype=float, meta=np.empty((0, 0, 0))
    )
    layer = Image(data, name="GCaMP", contrast_limits=(0, 1), visible=False)
    assert recording(green=layer, third="time").green.chunks[0] == (10,) * 5


def test_level_0_of_a_pyramid():
    pyramid = [np.zeros((n, n)) for n in (128, 64)]
    layer = Image(pyramid, multiscale=True, name="GCaMP")
    assert recording(green=layer).shape == (1, 128, 128)


def test_refusals():
    rgb = Image(np.zeros((SIDE, SIDE, 3), np.uint8), rgb=True, name="photo")
    with pytest.raises(InputError, match="Split RGB"):
        recording(green=rgb)
    with pytest.raises(InputError, match="Neither a red nor a green"):
        recording()
    same = image(2, name="both")
    with pytest.raises(InputError, match=r"both red and green.*First axis is"):
        recording(same, same, "planes")
    with pytest.raises(InputError, match="5 axes"):
        recording(green=image(2, 3, 4))
    channels = image(2, axis_labels=("c", "y", "x"))
    with pytest.raises(InputError, match=r"holds all channels.*which one holds"):
        recording(green=channels, third="planes")
    with pytest.raises(InputError, match="planes, time or channels"):
        recording(green=image(5))
    with pytest.raises(InputError, match="First axis is"):
        recording(image(name="red"), image(5), "planes")


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ({}, None),
        ({"scale": (1.17, 1.17)}, 1.17),
        ({"units": ("um", "um")}, 1.0),
        ({"scale": (585, 585), "units": ("nm", "nm")}, 0.585),
        ({"scale": (0.0012, 0.0012), "units": ("mm", "mm")}, 1.2),
        ({"scale": (-1.5, 1.5)}, 1.5),
    ],
)
def test_pixel_size(attributes, size):
    assert layer_pixel_size(image(**attributes)) == (size and pytest.approx(size))


@pytest.mark.parametrize(
    ("scale", "message"), [((1, 2), "square"), ((200, 200), "0.05 to 20")]
)
def test_pixel_size_that_cannot_be(scale, message):
    with pytest.raises(InputError, match=message):
        layer_pixel_size(image(scale=scale, units=("um", "um")))


@pytest.mark.parametrize(
    ("lead", "attributes", "kind", "assumed"),
    [
        (3, {}, "planes", True),
        (41, {}, "time", True),
        (3, {"axis_labels": ("t", "y", "x")}, "time", False),
        (100, {"axis_labels": ("z", "y", "x")}, "planes", False),
        (3, {"units": ("s", "um", "um")}, "time", False),
        (3, {"units": ("um", "um", "um")}, "planes", False),
        (3, {"scale": (15, 1.2, 1.2)}, "planes", False),
    ],
)
def test_third_axis(lead, attributes, kind, assumed):
    assert infer_first_axis(image(lead, **attributes)) == (kind, assumed)


def test_channels_of_different_length_are_time_series():
    layers = [image(20, name="red"), image(30, name="green")]
    assert infer_shared_first_axis(layers) == ("time", True)
    assert infer_shared_first_axis(layers[:1]) == ("planes", True)
    layers.append(image(5, axis_labels=("z", "y", "x")))
    assert infer_shared_first_axis(layers) == ("planes", False)


@pytest.mark.parametrize(
    ("names", "colormaps", "red", "green"),
    [
        (["a mCherry", "a GCaMP"], ["gray", "gray"], 0, 1),
        (["GCaMP6s", "tdTomato"], ["red", "green"], 1, 0),
        (["x", "y"], ["green", "red"], 1, 0),
        (["x", "y"], ["magenta", "green"], 0, 1),
        (["x", "GCaMP"], ["gray", "gray"], 0, 1),
        (["x", "y"], ["gray", "gray"], None, None),
        (["x"], ["gray"], None, 0),
        (["old mCherry", "old GCaMP", "new mCherry", "new GCaMP"], ["gray"] * 4, 2, 3),
    ],
)
def test_channels_are_guessed(names, colormaps, red, green):
    layers = [
        image(name=name, colormap=colormap)
        for name, colormap in zip(names, colormaps, strict=True)
    ]
    inferred = infer_red_and_green(layers)
    assert inferred == {
        "red": None if red is None else layers[red],
        "green": None if green is None else layers[green],
    }


@pytest.mark.parametrize(
    ("red", "green", "name"),
    [
        ("a17_mCherry", "a17_GCaMP", "a17"),
        ("mCherry (simulated)", "GCaMP (simulated)", "simulated"),
        ("red", "green", "recording"),
        ("b/2: mCherry", "b/2: GCaMP", "b2"),
    ],
)
def test_recordings_are_named_after_their_layers(red, green, name):
    layers = Channels(image(name=red), image(name=green), None, 1.0)
    assert name_recording(layers) == name
