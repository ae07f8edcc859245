"""What a person would outline in a simulated field."""

import numpy as np
import pandas as pd
import pytest

from napari_cellid.config import SimulationConfig
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.conditions import draw_config
from napari_cellid.simulation.field import simulate
from napari_cellid.simulation.visibility import (
    contrast_of_sections,
    green_seen,
    is_sharp,
    red_seen,
)

CONFIG = SimulationConfig(height=128, width=128, pixel_size_um=1.0, n_planes=1)


def disc(y, x, radius):
    rows, columns = np.ogrid[:128, :128]
    return np.hypot(rows - y, columns - x) <= radius


@pytest.fixture
def drawn():
    """A ring of 1.5, a filled cell of 1.25, a hole with a rim level with 1, red."""
    rng = np.random.default_rng(0)
    green = rng.normal(1, 0.02, (128, 128))
    red = rng.normal(1, 0.02, (128, 128))
    outline = np.full((128, 128), -1)
    for row, (y, x) in enumerate(((30, 30), (30, 90), (90, 30), (90, 90))):
        outline[disc(y, x, 6)] = row
    green[disc(30, 30, 6)] = 1.5
    green[disc(30, 30, 3)] = 0.6
    green[disc(30, 90, 6)] = 1.25
    green[disc(90, 30, 3)] = 0.5
    red[disc(90, 90, 6)] = 2.0
    return (red, green), outline


@pytest.fixture
def contrast(drawn):
    images, outline = drawn
    return contrast_of_sections(images, outline, outline >= 0, np.arange(4), CONFIG)


def test_contrasts_are_shares_of_the_surroundings(contrast):
    assert contrast["green_up"].tolist() == pytest.approx([0.5, 0.25, 0, 0], abs=0.06)
    assert contrast["green_hole"].tolist() == pytest.approx([0.9, 0, 0.5, 0], abs=0.06)
    assert contrast["green_dark"].tolist() == pytest.approx(
        [0.4, -0.25, 0.5, 0], abs=0.06
    )
    assert contrast["red_up"].tolist() == pytest.approx([0, 0, 0, 1], abs=0.03)


def test_a_hole_without_a_brighter_rim_is_a_cell_in_a_sharp_field(contrast):
    has = np.ones(4, bool)
    assert green_seen(contrast, has, sharp=True).tolist()[:3] == [2, 2, 2]


def test_a_hole_whose_rim_is_dark_too_is_a_cell_in_a_sharp_field_alone(drawn):
    (red, green), outline = drawn
    green[disc(90, 30, 6)] = 0.5
    contrast = contrast_of_sections(
        (red, green), outline, outline >= 0, np.arange(4), CONFIG
    )
    has = np.ones(4, bool)
    assert green_seen(contrast, has, sharp=True)[2] == 2
    assert green_seen(contrast, has, sharp=False)[2] == 0


def test_what_looks_stained_but_is_not_is_uncertain(contrast):
    none = np.zeros(4, bool)
    assert green_seen(contrast, none, sharp=True)[0] == 1
    assert red_seen(contrast, none, none).tolist() == [0, 0, 0, 1]


def test_stain_in_another_plane_is_uncertain(contrast):
    none, everywhere = np.zeros(4, bool), np.ones(4, bool)
    assert red_seen(contrast, everywhere, everywhere).tolist() == [1, 1, 1, 2]
    assert red_seen(contrast, none, everywhere)[0] == 1


def test_a_section_at_the_border_and_a_crowded_one_are_measured(drawn):
    images, outline = drawn
    outline[:4, :4] = 4
    contrast = contrast_of_sections(
        images, outline, np.ones_like(outline, bool), np.arange(5), CONFIG
    )
    assert np.isfinite(contrast.to_numpy()).all()


def test_sharpness_follows_from_focus_and_blur():
    thin = CONFIG.model_copy(update={"axial_fwhm_um": 3.0, "blur_um": 0.4})
    assert is_sharp(thin)
    assert not is_sharp(thin.model_copy(update={"axial_fwhm_um": 6.0}))
    assert not is_sharp(thin.model_copy(update={"blur_um": 1.2}))
    assert not is_sharp(thin.model_copy(update={"z_drift_um": 12.0}))


@pytest.fixture(scope="module")
def both_truths():
    config = draw_config(
        "nominal", np.random.default_rng(4), n_planes=1, height=256, width=256
    )
    return [
        run_to_end(simulate(config.model_copy(update={"outlined": outlined})))
        for outlined in ("cut", "visible")
    ]


def test_the_images_are_the_same_whatever_is_outlined(both_truths):
    cut, visible = both_truths
    np.testing.assert_array_equal(cut.red, visible.red)
    np.testing.assert_array_equal(cut.green, visible.green)


def test_geometry_stands_beside_what_is_visible(both_truths):
    cut, visible = both_truths
    assert (cut.cells["cut_um2"] >= 27).all()
    assert {"cut_um2", "green_up", "green_hole", "red_up"} <= set(visible.cells)
    pd.testing.assert_index_equal(
        visible.cells.columns.drop(visible.cells.columns.difference(cut.cells.columns)),
        cut.cells.columns,
    )
    assert np.bincount(visible.labels.ravel())[1:].min() > 0


def test_bright_sections_beside_the_plane_are_outlined(both_truths):
    _, visible = both_truths
    beside = visible.cells["cut_um2"] < 27
    assert beside.any()
    shown = visible.cells[["green_up", "green_hole", "red_up"]].max(axis=1)
    assert (shown[beside] >= 0.06).all()


def test_small_sections_of_green_alone_are_not_outlined(both_truths):
    _, visible = both_truths
    cells = visible.cells
    green_alone = (cells["class"] == "inhibitory") & ~cells["ambiguous"]
    assert (cells.loc[green_alone, "area_um2"] >= 40).all()


def test_capillaries_that_cross_the_plane_are_dark_and_no_cells():
    config = CONFIG.model_copy(
        update={"neuron_density": 0, "glia_density": 0, "outlined": "visible"}
    )
    many = config.model_copy(update={"cut_capillaries": 900.0})
    without, with_them = (run_to_end(simulate(one)) for one in (config, many))
    assert with_them.cells.empty
    assert not with_them.labels.any()
    assert with_them.green.mean() < 0.97 * without.green.mean()


@pytest.mark.parametrize(("focus_um", "outlined"), [(2.0, True), (6.0, False)])
def test_dark_somata_without_a_colour_count_in_a_sharp_field_alone(focus_um, outlined):
    config = CONFIG.model_copy(
        update={
            "expression_fraction": 0.0, "red_excitatory": 0.0, "red_inhibitory": 0.0,
            "glia_density": 0.0, "axial_fwhm_um": focus_um, "blur_um": 0.3,
            "exclusion": 1.0, "n_frames": 3000, "outlined": "visible",
        }
    )  # fmt: skip
    field = run_to_end(simulate(config))
    assert (len(field.cells) > 5) is outlined
    assert field.cells["ambiguous"].all()
