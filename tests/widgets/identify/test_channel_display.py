"""After a run both channels can be seen, unless somebody has chosen how they look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from driving import run

from napari_cellid.channels.normalisation import contrast_limits
from napari_cellid.recording import MeanPlanes
from napari_cellid.widgets._shared.channels import Channels
from napari_cellid.widgets.identify.channel_display import display_in_colours

if TYPE_CHECKING:
    from napari.layers import Image


@pytest.fixture
def mean() -> MeanPlanes:
    """One plane of noise, with a speck of debris in the red."""
    rng = np.random.default_rng(0)
    red, green = (rng.normal(100, 10, (1, 64, 64)).astype(np.float32) for _ in "rg")
    red[0, 3:7, 3:7] = 5000
    return MeanPlanes(name="a", red=red, green=green, pixel_size_um=1.0)


@pytest.fixture
def opened(viewer: Any, mean: MeanPlanes) -> Channels:
    """The plane as napari opens two files: grey, one over the other."""
    assert mean.red is not None and mean.green is not None
    layers = [
        viewer.add_image(image[0], name=name)
        for image, name in ((mean.red, "red"), (mean.green, "green"))
    ]
    return Channels(layers[0], layers[1], None, 1.0)


def layers_of(channels: Channels) -> tuple[Image, Image]:
    assert channels.red is not None and channels.green is not None
    return channels.red, channels.green


def test_grey_layers_are_shown_together(opened: Channels, mean: MeanPlanes) -> None:
    display_in_colours(opened, mean)
    red, green = layers_of(opened)
    assert (red.colormap.name, green.colormap.name) == ("red", "green")
    assert red.blending == green.blending == "additive"
    # the speck is 5000; the tissue, 100, is not black beside it
    assert red.contrast_limits[1] < 250
    assert tuple(red.contrast_limits) == pytest.approx(contrast_limits(mean.red))


def test_what_somebody_chose_stays(opened: Channels, mean: MeanPlanes) -> None:
    red, green = layers_of(opened)
    red.contrast_limits = (50, 400)
    green.colormap = "cyan"
    before = tuple(green.contrast_limits)
    display_in_colours(opened, mean)
    assert red.colormap.name == "gray"
    assert tuple(red.contrast_limits) == (50, 400)
    assert green.colormap.name == "cyan"
    assert tuple(green.contrast_limits) == before


def test_movies_keep_their_brightness(viewer: Any, mean: MeanPlanes) -> None:
    assert mean.green is not None
    movie = viewer.add_image(np.repeat(mean.green, 5, axis=0), name="movie")
    before = tuple(movie.contrast_limits)
    display_in_colours(Channels(None, movie, "time", 1.0), mean)
    assert movie.colormap.name == "green"
    assert tuple(movie.contrast_limits) == before


def test_a_run_colours_the_layers(viewer, channels, dock, qtbot):
    for layer in channels:
        layer.colormap = "gray"
        layer.contrast_limits = layer.contrast_limits_range
    run(qtbot, dock)
    assert [layer.colormap.name for layer in channels] == ["red", "green"]
