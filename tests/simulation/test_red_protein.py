"""Red that marks other cells than in the paper, or another part of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_cellid.config import SimulationConfig
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.detection import digitise, resample
from napari_cellid.simulation.field import simulate

#: enough cells for shares, little enough to be quick
BASE = {
    "height": 256, "width": 256, "n_planes": 1, "seed": 5, "inhibitory_fraction": 0.3,
    "vignetting": 0.0, "unevenness": 0.0,
}  # fmt: skip


def field(**settings: object):
    return run_to_end(simulate(SimulationConfig(**(BASE | settings))))


def test_a_seed_gives_the_field_that_it_always_gave() -> None:
    before = field()
    same = field(red_place="nucleus", stripes=0.0, resampling=1.0)
    np.testing.assert_array_equal(before.red, same.red)
    np.testing.assert_array_equal(before.green, same.green)


def test_where_red_marks_interneurons_the_classes_follow_the_colours() -> None:
    """`class` is what the colours show, in the names of the paper's labelling."""
    cells = field(red_excitatory=0.0, red_inhibitory=1.0, red_glia=0.0).cells
    clear = cells[~cells["ambiguous"]]
    red = clear[clear["class"] == "excitatory"]
    assert len(red) > 5
    assert set(red["biological"]) == {"inhibitory"}
    green = clear[clear["class"] == "inhibitory"]
    assert len(green) > 5
    assert (green["biological"] == "excitatory").mean() > 0.9
    # red alone are interneurons without GCaMP
    assert set(clear.loc[clear["class"] == "glia", "biological"]) == {"inhibitory"}


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_the_share_of_red_neurons(share: float) -> None:
    settings = {"red_excitatory": share, "red_glia": 0.0, "expression_fraction": 1.0}
    cells = field(**settings, red_brightness=2.0, inhibitory_fraction=0.0).cells
    clear = cells[~cells["ambiguous"]]
    assert (clear["class"] == "excitatory").mean() == pytest.approx(share, abs=0.17)


def test_cytosolic_red_fills_the_soma() -> None:
    """Its rim is as red as its middle; a nuclear red one's is dark."""
    rims = {}
    for place in ("nucleus", "cytosol", "both"):
        made = field(red_place=place, red_brightness=2.0, red_haze=0.01)
        clear = made.cells[~made.cells["ambiguous"]]
        both = clear.loc[clear["class"] == "excitatory", "label"]
        cells = np.isin(made.labels[0], both)
        inner = ndimage.binary_erosion(cells, iterations=3)
        rim = cells & ~ndimage.binary_erosion(cells)
        background = np.median(made.red[0][made.labels[0] == 0])
        rims[place] = (made.red[0][rim].mean() - background) / (
            made.red[0][inner].mean() - background
        )
    assert rims["nucleus"] < rims["both"] < rims["cytosol"]
    assert rims["cytosol"] > 2 * rims["nucleus"]


def test_cells_that_are_red_alone_are_as_large_as_what_is_red() -> None:
    sizes = {}
    for place in ("nucleus", "cytosol"):
        cells = field(red_place=place, expression_fraction=0.3, seed=8).cells
        red = cells[(cells["class"] == "glia") & (cells["biological"] == "excitatory")]
        assert len(red) > 5
        sizes[place] = red["area_um2"].median()
    assert sizes["cytosol"] > 1.2 * sizes["nucleus"]


def test_images_are_cut_off_at_both_ends() -> None:
    image = np.random.default_rng(0).normal(100, 10, (1, 64, 64))
    cut = digitise(image, 8, np.random.default_rng(1), (0.1, 0.05))
    assert (cut == cut.min()).mean() == pytest.approx(0.1, abs=0.03)
    assert (cut == cut.max()).mean() == pytest.approx(0.05, abs=0.03)
    whole = digitise(image, 8, np.random.default_rng(1))
    np.testing.assert_array_equal(
        whole, digitise(image, 8, np.random.default_rng(1), (0.0, 0.0))
    )


@pytest.mark.parametrize("shape", [(64, 64), (61, 97)])
@pytest.mark.parametrize("factor", [1.0, 1.3, 2.0, 3.7])
def test_resampling_keeps_shape_place_and_mean(shape, factor: float) -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=shape)
    y, x = np.indices(shape)
    blob = 40 * np.exp(-((y - 30) ** 2 + (x - 30) ** 2) / (2 * 6**2))
    image = resample(blob, factor)
    assert image.shape == shape
    assert image.mean() == pytest.approx(blob.mean(), rel=0.03)
    middle = [(image * one).sum() / image.sum() for one in (y, x)]
    assert middle == pytest.approx([30, 30], abs=0.35)
    # neighbouring pixels are no longer independent
    smooth = resample(noise, factor)
    if factor > 1:
        assert smooth.std() < 0.9 * noise.std()


def test_stripes_are_in_red_alone() -> None:
    plain, striped = field(), field(stripes=0.2)
    lines = striped.red[0].mean(1) / plain.red[0].mean(1)
    assert np.std(np.log(lines)) > 0.05
    # green differs only by the noise that is drawn afterwards
    green = striped.green[0].mean(1) / plain.green[0].mean(1)
    assert np.std(np.log(green)) < 0.05
