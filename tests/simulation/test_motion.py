"""Motion and drift: of frames, and of the mean image."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_cellid.config import SimulationConfig
from napari_cellid.config.movie import MovieConfig
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.detection import expected_photons, mean_blur_px
from napari_cellid.simulation.field import simulate
from napari_cellid.simulation.motion import draw_jitter, draw_motion, shift_and_blur
from napari_cellid.simulation.optics import green_cells
from napari_cellid.simulation.sections import axial_fwhm
from napari_cellid.simulation.tissue import GLIA, generate_tissue

SMALL = SimulationConfig(seed=5, height=128, width=128, n_planes=1)


def _spot(y: float, x: float) -> np.ndarray:
    image = np.zeros((61, 81), np.float32)
    image[round(y), round(x)] = 1
    return image


@pytest.mark.parametrize("blur", [(0.6, 0.8), (0.1, 0.2)])
@pytest.mark.parametrize("rigid", [(0.0, 0.0), (0.3, -0.4), (-7.6, 11.3)])
def test_frames_shift_as_told(rigid, blur) -> None:
    moved = shift_and_blur(_spot(30, 40), np.array(rigid), np.zeros(61), blur)
    assert moved.sum() == pytest.approx(1, rel=1e-5)
    centre = ndimage.center_of_mass(moved)
    # a frame shows at a pixel what lies at the pixel plus the shift
    assert centre == pytest.approx((30 - rigid[0], 40 - rigid[1]), abs=0.02)


def test_lines_shift_by_themselves_and_blur_is_as_told() -> None:
    image = np.zeros((20, 80), np.float32)
    image[:, 40] = 1
    lines = np.linspace(-2, 2, 20)
    moved = shift_and_blur(image, np.zeros(2), lines, (0.0, 1.0))
    x = np.arange(80)
    centre = (moved * x).sum(1) / moved.sum(1)
    np.testing.assert_allclose(centre, 40 - lines, atol=0.01)
    spread = (moved * (x - centre[:, None]) ** 2).sum(1) / moved.sum(1)
    np.testing.assert_allclose(spread, 1, atol=0.02)


@pytest.mark.parametrize("pixel", [0.5, 1.17, 2.0])
def test_frames_together_blur_as_much_as_the_mean_image(pixel) -> None:
    config = SMALL.model_copy(update={"motion_um": 0.5, "pixel_size_um": pixel})
    movie = MovieConfig(movie_frames=300)
    motion = draw_motion(config, movie, np.random.default_rng(0))
    np.testing.assert_allclose(motion.rigid.mean(0), 0, atol=1e-9)
    down = motion.rigid[:, 0].var() + motion.blur[0] ** 2
    across = motion.rigid[:, 1].var() + motion.blur[1] ** 2 + motion.jitter**2
    assert down == pytest.approx(mean_blur_px(config) ** 2)
    assert across == pytest.approx(mean_blur_px(config) ** 2)
    assert motion.rigid.std(0).min() * pixel >= 0.5 - 1e-9


def test_jitter_has_the_spread_that_is_told() -> None:
    jitter = draw_jitter(5000, 0.4, np.random.default_rng(0))
    assert jitter.std() == pytest.approx(0.4, rel=0.05)


def test_motion_blurs_the_mean_image() -> None:
    kept = []
    run_to_end(simulate(SMALL, lambda _p, _t, light, scan: kept.append((light, scan))))
    still = expected_photons(*kept[0], SMALL)
    moved = expected_photons(*kept[0], SMALL.model_copy(update={"motion_um": 2.0}))
    for before, after in zip(still, moved, strict=True):
        more = ndimage.gaussian_filter(before, 2.0 / SMALL.pixel_size_um)
        np.testing.assert_allclose(after, more, atol=0.02 * before.mean())
        assert after.std() < before.std()


def test_drift_widens_the_focus() -> None:
    drifted = SMALL.model_copy(update={"z_drift_um": 6.0})
    assert axial_fwhm(SMALL) == 4.4
    assert axial_fwhm(drifted) == pytest.approx(np.hypot(4.4, 2.355 * 6 / 12**0.5))
    tissue = generate_tissue(SMALL, np.random.default_rng(5))
    light = [green_cells(tissue, c, 0).sum(axis=0) for c in (SMALL, drifted)]
    # more cells reach into it
    assert (light[1] > 0).sum() > (light[0] > 0).sum()


@pytest.mark.parametrize(
    "neutral",
    [
        {"astrocyte_fraction": 0.2},  # where the sizes do not differ
        {"glia_pairs": 1e-9},  # too few for one pair
        {"z_drift_um": 1e-30, "motion_um": 1e-30},
    ],
)
def test_neutral_settings_change_no_bit(neutral) -> None:
    plain = run_to_end(simulate(SMALL))
    same = run_to_end(simulate(SMALL.model_copy(update=neutral)))
    for name in ("red", "green", "labels", "unsure"):
        np.testing.assert_array_equal(getattr(same, name), getattr(plain, name))
    assert same.cells.equals(plain.cells)


def test_new_settings_leave_the_rest_of_the_field_alone() -> None:
    def grow(**new: float):
        config = SMALL.model_copy(update=new)
        return generate_tissue(config, np.random.default_rng(config.seed))

    plain = grow()
    paired = grow(glia_pairs=0.8)
    neuron = plain.kind != GLIA
    np.testing.assert_array_equal(paired.centre[neuron], plain.centre[neuron])
    np.testing.assert_array_equal(paired.red, plain.red)
    assert len(paired.kind) == len(plain.kind)
    bright = grow(inhibitory_green=2.0)
    other = plain.kind != 1
    np.testing.assert_array_equal(bright.green[other], plain.green[other])
    np.testing.assert_allclose(bright.green[~other], 2 * plain.green[~other])


def test_pairs_of_glia_touch() -> None:
    config = SimulationConfig(seed=1, height=300, width=300, n_planes=1)

    def near(share: float) -> tuple[float, float]:
        told = config.model_copy(update={"glia_pairs": share})
        tissue = generate_tissue(told, np.random.default_rng(1))
        glia = tissue.kind == GLIA
        centre, core = tissue.centre[glia], tissue.nucleus[glia].mean(1)
        away = np.linalg.norm(centre[:, None] - centre[None], axis=2)
        np.fill_diagonal(away, np.inf)
        ratio = away / (core[:, None] + core[None])
        return float((ratio.min(1) < 1.01).mean()), float(ratio.min())

    assert near(0.0)[0] == 0
    share, closest = near(0.5)
    assert share == pytest.approx(0.5, abs=0.1)
    assert closest > 0.95


def test_two_kinds_of_glia() -> None:
    config = SimulationConfig(
        seed=1, height=400, width=400, n_planes=1, soma_spread=0.02
    )

    def sizes(difference: float) -> np.ndarray:
        told = config.model_copy(update={"glia_size_difference": difference})
        tissue = generate_tissue(told, np.random.default_rng(1))
        return tissue.soma[tissue.kind == GLIA].mean(1)

    one, two = sizes(0.0), sizes(0.3)
    assert two.mean() == pytest.approx(one.mean(), rel=0.03)
    assert two.std() > 2 * one.std()


@pytest.mark.parametrize("seed", range(16))
def test_all_glia_can_be_in_pairs(seed: int) -> None:
    config = SMALL.model_copy(update={"glia_pairs": 1.0, "seed": seed})
    tissue = generate_tissue(config, np.random.default_rng(seed))
    glia = tissue.kind == GLIA
    centre, core = tissue.centre[glia], tissue.nucleus[glia].mean(1)
    away = np.linalg.norm(centre[:, None] - centre[None], axis=2)
    np.fill_diagonal(away, np.inf)
    # they touch, and none was put into another
    assert (away >= 0.99 * (core[:, None] + core[None])).all()


def test_motion_that_changes_at_once_is_white() -> None:
    config = SMALL.model_copy(update={"motion_um": 0.5})
    movie = MovieConfig(movie_frames=2000, motion_time_s=0)
    rigid = draw_motion(config, movie, np.random.default_rng(0)).rigid
    assert abs(np.corrcoef(rigid[1:, 0], rigid[:-1, 0])[0, 1]) < 0.1


def test_without_expression_no_neuron_is_green() -> None:
    config = SMALL.model_copy(update={"expression_fraction": 0.0})
    assert not generate_tissue(config, np.random.default_rng(5)).green.any()
