from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_cellid.channels.normalisation import Normalisation
from napari_cellid.classification.preprocess import Patches
from napari_cellid.models.card import ModelCard
from napari_cellid.recording import MeanPlanes

CARD = ModelCard(
    name="any",
    task="classify",
    architecture="resnet18",
    classes=("a", "b"),
    combination="rgb",
    normalisation=Normalisation(low=0, high=100),
    pixel_size_um=1.0,
    weights_sha256="",
)


def one_dot(y: int, x: int, shape: tuple[int, int] = (140, 160)) -> MeanPlanes:
    red = np.zeros((1, *shape), np.float32)
    red[0, y, x] = 1
    green = np.tile(np.linspace(0, 1, shape[1], dtype=np.float32), (1, shape[0], 1))
    return MeanPlanes(name="dot", red=red, green=green, pixel_size_um=1.0)


def table(*rows: tuple[float, float]) -> pd.DataFrame:
    return pd.DataFrame([{"plane": 0, "y": y, "x": x} for y, x in rows])


@pytest.mark.parametrize("place", [(70, 80), (0, 0), (139, 159), (3, 150), (20, 79)])
def test_the_cell_is_in_the_middle(place: tuple[int, int]) -> None:
    patches = Patches(one_dot(*place), table(place), CARD).cut(0, 1)
    assert patches.shape == (1, 3, 101, 101)
    assert patches[0, 0, 50, 50] == 1
    assert patches.dtype == np.float32


def test_centroids_are_rounded_to_the_nearest_pixel() -> None:
    cells = table((70.4, 79.6), (69.6, 80.4))
    patches = Patches(one_dot(70, 80), cells, CARD).cut(0, 2)
    assert (patches[:, 0, 50, 50] == 1).all()


def test_channels_are_red_green_and_their_mean() -> None:
    patch = Patches(one_dot(70, 80), table((70, 80)), CARD).cut(0, 1)[0]
    np.testing.assert_allclose(patch[2], (patch[0] + patch[1]) / 2, atol=1e-7)


def test_the_border_is_mirrored() -> None:
    planes = one_dot(70, 80)
    patch = Patches(planes, table((70, 0)), CARD).cut(0, 1)[0, 1]
    np.testing.assert_allclose(patch[:, 49::-1], patch[:, 51:], atol=1e-7)


def test_a_patch_is_the_same_piece_of_tissue_at_any_zoom() -> None:
    y, x = np.mgrid[:300, :300]

    # a smooth picture in micrometres, taken at 1 and at 0.5 µm per pixel
    def picture(step: float) -> np.ndarray:
        return (np.sin(x * step / 9) + np.cos(y * step / 7)).astype(np.float32)[None]

    coarse = MeanPlanes(name="c", red=picture(1), green=picture(1), pixel_size_um=1.0)
    fine = MeanPlanes(name="f", red=picture(0.5), green=picture(0.5), pixel_size_um=0.5)
    # the same place: centre of a pixel at 1 µm lies between two at 0.5 µm
    a = Patches(coarse, table((60, 70)), CARD).cut(0, 1)
    b = Patches(fine, table((120.5, 140.5)), CARD).cut(0, 1)
    # each is stretched between its own extremes, which differ a little
    middle = np.s_[0, 0, 20:80, 20:80]
    assert np.corrcoef(a[middle].ravel(), b[middle].ravel())[0, 1] > 0.999


def test_fields_smaller_than_a_patch_are_mirrored_as_often_as_needed() -> None:
    patches = Patches(one_dot(10, 12, (40, 40)), table((10, 12)), CARD).cut(0, 1)
    assert patches.shape == (1, 3, 101, 101)
    assert patches[0, 0, 50, 50] == 1
