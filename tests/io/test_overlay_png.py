from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skimage.io import imread

from napari_cellid.colours import (
    NONE_COLOUR,
    SPECIAL_COLOURS,
    UNCLASSIFIED,
    class_colours,
)
from napari_cellid.config.markers import PALETTE
from napari_cellid.io.overlay_png import (
    composite,
    entries_in_row,
    save_overlay,
    scale_bar_um,
)
from napari_cellid.recording import MeanPlanes


@pytest.fixture(scope="module", autouse=True)
def small_pictures() -> None:
    """Pictures have the size that users get."""


def test_composite_is_red_and_green(planes: MeanPlanes) -> None:
    image = composite(planes, 0)
    assert image.shape == (128, 160, 3)
    assert image.min() >= 0 and image.max() <= 1
    alone = MeanPlanes(name="g", red=None, green=planes.green, pixel_size_um=1.0)
    assert not composite(alone, 0)[..., 0].any()


@pytest.mark.parametrize(
    ("field_um", "bar"), [(600, 100), (300, 50), (128, 20), (55, 10), (2000, 200)]
)
def test_scale_bars_are_round(field_um: float, bar: float) -> None:
    assert scale_bar_um(field_um) == bar


def test_outlines_have_the_colours_of_their_classes(tmp_path: Path) -> None:
    black = np.zeros((1, 60, 60), np.float32)
    black[0, 0, 0] = 1
    planes = MeanPlanes(name="b", red=black, green=black, pixel_size_um=1.0)
    labels = np.zeros((1, 60, 60), np.int32)
    labels[0, 10:25, 10:25] = 4
    labels[0, 35:50, 35:50] = 1_900_000_000
    cells = pd.DataFrame(
        {"label": [4, 1_900_000_000], "plane": [0, 0], "predicted": ["PV", "SST"]}
    )
    save_overlay(tmp_path / "o.png", planes, labels, cells, ("PV", "SST", "VIP"))
    image = imread(tmp_path / "o.png")[..., :3].reshape(-1, 3)
    found = {"#{:02x}{:02x}{:02x}".format(*p) for p in np.unique(image, axis=0)}
    assert {PALETTE[0], PALETTE[1]} <= found


def test_colours_are_given_in_order() -> None:
    assert class_colours(["a", "b"]) == {"a": PALETTE[0], "b": PALETTE[1]}


def test_a_picture_of_many_planes_stays_small(tmp_path: Path) -> None:
    image = np.random.default_rng(0).random((300, 32, 32), np.float32)
    planes = MeanPlanes(name="many", red=image, green=image, pixel_size_um=1.0)
    labels = np.zeros((300, 32, 32), np.int32)
    cells = pd.DataFrame({"label": [], "plane": [], "predicted": []})
    save_overlay(tmp_path / "o.png", planes, labels, cells, ())
    assert max(imread(tmp_path / "o.png").shape) < 10_000


@pytest.mark.parametrize("own", [False, True])
def test_cells_without_a_class_are_grey(tmp_path: Path, own: bool) -> None:
    black = np.zeros((1, 60, 60), np.float32)
    black[0, 0, 0] = 1
    planes = MeanPlanes(name="b", red=black, green=black, pixel_size_um=1.0)
    labels = np.zeros((1, 60, 60), np.int32)
    labels[0, 10:25, 10:25], labels[0, 35:50, 35:50] = 1, 2
    cells = pd.DataFrame(
        {"label": [1, 2], "plane": [0, 0], "predicted": ["PV", "none"]}
    )
    if own:
        cells["p_none"] = [0.1, 0.9]
    classes = {"PV": "#e69f00"} | ({"none": "#0072b2"} if own else {})
    save_overlay(tmp_path / "o.png", planes, labels, cells, classes)
    image = imread(tmp_path / "o.png")[..., :3].reshape(-1, 3)
    found = {"#{:02x}{:02x}{:02x}".format(*p) for p in np.unique(image, axis=0)}
    # a class that is called so, in a study of an earlier version, keeps its colour
    assert ("#0072b2" if own else NONE_COLOUR) in found
    assert NONE_COLOUR not in {UNCLASSIFIED, *SPECIAL_COLOURS.values(), *PALETTE}


def test_a_legend_is_as_wide_as_the_picture() -> None:
    names = ["inhibitory (73)", "excitatory (252)", "inhibitory without GCaMP (158)"]
    assert entries_in_row(names, 9.0) == 3
    assert entries_in_row([*names, "none of these (24)"], 9.0) == 3
    assert entries_in_row(names, 3.0) == 1
    assert entries_in_row(["cell (9)"], 0.1) == 1


def test_long_names_are_not_cut_off(tmp_path: Path) -> None:
    """Nothing is drawn at the left and right edge of the legend."""
    names = {f"class with a long name {k}": "#ffffff" for k in range(4)}
    cells = pd.DataFrame(
        {"label": [1], "plane": [0], "predicted": ["class with a long name 0"]}
    )
    labels = np.zeros((1, 40, 40), np.int32)
    labels[0, 5:9, 5:9] = 1
    images = np.zeros((1, 40, 40), np.float32)
    planes = MeanPlanes("field", images, images, 1.0)
    save_overlay(tmp_path / "long.png", planes, labels, cells, names)
    picture = imread(tmp_path / "long.png")[..., :3]
    # below the image, which is as high as wide
    legend = picture[picture.shape[1] :]
    assert legend.max() > 200
    assert legend[:, :8].max() == legend[:, -8:].max() == 0
