"""What the focus shows of a cell, and the outline that goes with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import erf

from napari_cellid.config import SimulationConfig
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.conditions import draw_config
from napari_cellid.simulation.field import simulate
from napari_cellid.simulation.optics import Canvas
from napari_cellid.simulation.sections import cut_areas, cut_sections
from napari_cellid.simulation.tissue import Tissue

CONFIG = SimulationConfig(
    height=64, width=64, pixel_size_um=0.5, axial_fwhm_um=4.0, z_drift_um=0, tilt_um=0
)
SIGMA = 4.0 / 2.355
RADIUS = 6.0


def ball(depth_um: float) -> Tissue:
    """One round cell in the middle, so far from the plane; half as wide a nucleus."""
    return Tissue(
        centre=np.array([[depth_um, 16.0, 16.0]]),
        kind=np.array([0]),
        soma=np.full((1, 3), RADIUS),
        nucleus=np.full((1, 3), RADIUS / 2),
        angle=np.zeros(1),
        shift=np.zeros((1, 3)),
        outline=np.zeros((1, 3, 2)),
        green=np.ones(1),
        red=np.ones(1),
        nucleus_green=np.zeros(1),
        spots=np.zeros((1, 0, 3)),
    )


def section(depth_um: float):
    (found,) = cut_sections(ball(depth_um), CONFIG, 0)
    return found


def test_share_in_the_middle_of_a_ball_is_that_of_a_gaussian() -> None:
    share = section(0.0).soma[0].max()
    assert share == pytest.approx(erf(RADIUS / SIGMA / np.sqrt(2)), abs=1e-3)


@pytest.mark.parametrize("depth", [0.0, 3.0, 5.5, 7.0])
def test_share_is_what_random_points_of_the_focus_meet(depth: float) -> None:
    found = section(depth)
    z = np.random.default_rng(0).normal(0, SIGMA, 20_000)
    y = (found.top[0] + np.arange(found.soma.shape[1])) * 0.5 - 16
    x = (found.left[0] + np.arange(found.soma.shape[2])) * 0.5 - 16
    away = np.hypot(y[:, None], x[None, :])
    for place in ((0.0, 0.0), (2.0, 1.0), (-3.0, 2.5)):
        row, column = np.argmin(abs(y - place[0])), np.argmin(abs(x - place[1]))
        met = np.mean((z - depth) ** 2 + away[row, column] ** 2 < RADIUS**2)
        assert found.soma[0, row, column] == pytest.approx(met, abs=0.02)


def test_outline_of_a_cell_in_focus_is_its_cut() -> None:
    area = (section(0.0).depth_in_soma > 0).sum() * 0.5**2
    assert area == pytest.approx(np.pi * RADIUS**2, rel=0.1)


def test_a_cap_beside_the_plane_has_the_outline_of_what_it_shows() -> None:
    # the plane itself does not meet the cell, the focus does
    found = section(RADIUS + 0.8)
    inside = found.depth_in_soma[0] > 0
    assert 0.15 < found.soma[0].max() < 0.5
    assert 27 < inside.sum() * 0.5**2 < np.pi * RADIUS**2
    assert found.soma[0][inside].min() >= found.soma[0].max() / 2


@pytest.mark.parametrize("depth", [-4.0, 0.0, 2.0, 5.9, 6.1])
def test_area_that_the_plane_cuts_is_that_of_a_circle(depth: float) -> None:
    expected = np.pi * max(RADIUS**2 - depth**2, 0)
    assert cut_areas(ball(depth), CONFIG, 0) == pytest.approx(expected)


def test_a_pear_is_cut_as_wide_as_its_outline() -> None:
    pear = replace(ball(0.0), outline=np.array([[[0.2, 0.1], [0, 0], [0, 0]]]))
    thin = CONFIG.model_copy(update={"axial_fwhm_um": 0.01})
    (found,) = cut_sections(pear, thin, 0)
    drawn = (found.soma[0] > 0.5).sum() * 0.5**2
    assert cut_areas(pear, CONFIG, 0) == pytest.approx(drawn, rel=0.05)


def test_without_gcamp_the_plane_cuts_the_nucleus() -> None:
    dark = replace(ball(1.0), green=np.zeros(1), shift=np.array([[1.0, 0.0, 0.0]]))
    assert cut_areas(dark, CONFIG, 0) == pytest.approx(np.pi * (3.0**2 - 2.0**2))


def test_what_is_hardly_in_focus_has_no_outline() -> None:
    found = section(RADIUS + 3.0)
    assert 0 < found.soma[0].max() < 0.15
    assert not (found.depth_in_soma > 0).any()


def test_a_pixel_belongs_to_the_cell_that_shows_most() -> None:
    canvas = Canvas((1, 3))
    nothing = {"green": np.zeros((1, 3))}
    for cell, depth in ((7, [0.4, 0.2, -0.5]), (9, [0.1, 0.3, -0.1])):
        depths = np.array([depth])
        canvas.add(cell, (0, 0), nothing, (depths, depths))
    assert canvas.soma.tolist() == [[7, 9, -1]]


def test_red_that_is_mostly_bleed_through_leaves_the_class_unclear() -> None:
    config = draw_config("bleed", np.random.default_rng(3), n_planes=1)
    given = {"height": 200, "width": 200, "red_brightness": 0.05, "n_frames": 3000}
    cells = run_to_end(simulate(config.model_copy(update=given))).cells
    assert cells["bleed_share"].between(0, 1).all()
    drowned = (cells["bleed_share"] > 0.5) & (cells["class"] == "excitatory")
    assert drowned.sum() > 5
    assert cells.loc[drowned, "ambiguous"].all()


def test_without_bleed_through_no_red_is_from_it() -> None:
    config = SimulationConfig(
        seed=4, height=128, width=128, n_planes=1, bleed_green_to_red=0
    )
    assert (run_to_end(simulate(config)).cells["bleed_share"] == 0).all()
