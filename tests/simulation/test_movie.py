"""Movies: their mean is the mean image, and what changes with time is as told."""

from __future__ import annotations

import numpy as np
import pytest

from napari_cellid.config import SimulationConfig
from napari_cellid.config.movie import MovieConfig
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.activity import bleaching, draw_events, fluorescence
from napari_cellid.simulation.detection import expected_photons
from napari_cellid.simulation.field import simulate
from napari_cellid.simulation.movie import Movie, simulate_movie
from napari_cellid.simulation.tissue import EXCITATORY, INHIBITORY

FIELD = SimulationConfig(
    seed=4, height=96, width=112, n_planes=2, bleed_green_to_red=0.05, motion_um=0.6
)
SETTINGS = MovieConfig(movie_frames=150)


@pytest.fixture(scope="module")
def made():
    return run_to_end(simulate_movie(FIELD, SETTINGS))


@pytest.fixture(scope="module")
def counted(made) -> np.ndarray:
    """Red and green of the first plane, (channel, time, y, x), in photons."""
    _, movie = made
    frames = np.array([movie.frame(0, t) for t in range(150)], float).swapaxes(0, 1)
    return np.stack(
        [
            (f - c.offset) / c.per_photon
            for f, c in zip(frames, movie.counts, strict=True)
        ]
    )


def test_the_field_is_the_one_without_a_movie(made) -> None:
    field, movie = made
    alone = run_to_end(simulate(FIELD.model_copy(update={"n_frames": 150})))
    for name in ("red", "green", "labels", "unsure"):
        np.testing.assert_array_equal(getattr(field, name), getattr(alone, name))
    assert field.cells.equals(alone.cells)
    assert movie.shape == (150, 2, 96, 112)


@pytest.mark.parametrize("motion", [True, False])
def test_light_of_all_frames_is_that_of_the_mean_image(motion) -> None:
    still = {} if motion else {"frame_motion_um": 0, "frame_jitter_um": 0}
    config = FIELD.model_copy(update={"n_planes": 1, "motion_um": 0.3 * motion})
    wanted = []
    run_to_end(
        simulate(config, lambda _p, _t, light, scan: wanted.append((light, scan)))
    )
    light = expected_photons(*wanted[0], config)
    _, movie = run_to_end(
        simulate_movie(config, MovieConfig(movie_frames=150, **still))
    )
    mean = np.mean([movie.photons(0, t) for t in range(150)], axis=0)
    for made, told in zip(mean, light, strict=True):
        left = (made - told)[4:-4, 4:-4] / told.mean()
        # what moves is told by a sample of movements, not by all there could be
        assert left.std() < (0.02 if motion else 1e-4)
        assert left.mean() == pytest.approx(0, abs=1e-3)


def test_mean_of_the_movie_is_the_mean_image_within_noise(made, counted) -> None:
    field, _ = made
    excess, read, n = FIELD.excess_noise, FIELD.read_noise, 150
    inner = np.s_[4:-4, 4:-4]
    for image, frames in zip((field.red[0], field.green[0]), counted, strict=True):
        mean = frames.mean(0)[inner]
        slope, level = np.polyfit(mean.ravel(), image[inner].ravel().astype(float), 1)
        # both are noisy, which flattens the line
        noise = excess * np.maximum(mean, 0) + read**2
        slope /= 1 - noise.mean() / n / mean.var()
        level = image[inner].mean() - slope * mean.mean()
        left = (image[inner] - level) / slope - mean
        # two exposures of n frames each
        assert left.std() < 1.2 * np.sqrt(2 * noise.mean() / n)
        assert left.std() > 0.8 * np.sqrt(2 * noise.mean() / n)


def test_noise_of_single_frames(made, counted) -> None:
    _, movie = made
    for k, frames in enumerate(counted):
        light = np.array([movie.photons(0, t)[k] for t in range(150)])
        expected = FIELD.excess_noise * light.mean() + FIELD.read_noise**2
        assert (frames - light).var() == pytest.approx(expected, rel=0.05)
        # whole numbers and a bottom that cuts nothing off
        assert (frames - light).mean() == pytest.approx(
            0, abs=0.01 * float(light.mean())
        )


def test_frames_are_the_same_in_any_order(made) -> None:
    _, movie = made
    _, again = run_to_end(simulate_movie(FIELD, SETTINGS))
    late, early = again.frame(1, 20), again.frame(1, 3)
    for one, other in ((early, movie.frame(1, 3)), (late, movie.frame(1, 20))):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(movie.frame(0, 3)[0], movie.frame(1, 3)[0])
    assert again.events.equals(movie.events)
    _, else_ = run_to_end(
        simulate_movie(FIELD.model_copy(update={"seed": 5}), SETTINGS)
    )
    assert not np.array_equal(else_.frame(1, 3), movie.frame(1, 3))


def test_bit_depth() -> None:
    config = FIELD.model_copy(update={"bit_depth": 8, "n_planes": 1})
    _, movie = run_to_end(simulate_movie(config, MovieConfig(movie_frames=4)))
    red, green = movie.frame(0, 0)
    assert red.dtype == green.dtype == movie.dtype == np.uint8
    assert 40 < green.max() <= 255
    assert (green == 255).mean() < 0.01


def test_cells_are_active_independently() -> None:
    movie = MovieConfig(movie_frames=3000)
    kind = np.full(40, INHIBITORY)
    events = draw_events(np.arange(40), kind, movie, np.random.default_rng(1))
    traces = fluorescence(events, 40, movie)
    between = np.corrcoef(traces.T)[np.triu_indices(40, 1)]
    assert abs(between.mean()) < 0.02
    assert np.abs(between).max() < 0.35
    assert traces.min() >= 1


def test_an_event_rises_to_its_peak_and_decays() -> None:
    movie = MovieConfig(movie_frames=400, frame_rate_hz=100, rise_s=0.1, decay_s=0.8)
    events = draw_events(
        np.array([0]),
        np.array([EXCITATORY]),
        movie,
        np.random.default_rng(0),
    ).iloc[:0]
    events.loc[0] = {"tissue": 0, "time_s": 0.5, "dff": 0.7}
    trace = fluorescence(events.astype({"tissue": int}), 1, movie)[:, 0] - 1
    assert np.allclose(trace[:50], 0)
    assert trace.max() == pytest.approx(0.7, rel=0.01)
    top = int(trace.argmax())
    assert 0.1 < top / 100 - 0.5 < 0.4
    later = trace[top + 100 : top + 102 + 80]
    assert later[80] / later[0] == pytest.approx(np.exp(-1), rel=0.02)


def test_classes_differ_in_rate_and_size() -> None:
    movie = MovieConfig(movie_frames=5000)
    kind = np.repeat([EXCITATORY, INHIBITORY], 60)
    events = draw_events(np.arange(120), kind, movie, np.random.default_rng(2))
    by = events.groupby(kind[events["tissue"].to_numpy()])["dff"]
    assert by.size()[INHIBITORY] > 3 * by.size()[EXCITATORY]
    assert by.median()[EXCITATORY] == pytest.approx(0.7, rel=0.1)
    assert by.median()[INHIBITORY] == pytest.approx(0.2, rel=0.1)


def test_light_fades() -> None:
    left = bleaching(0.3, 200)
    assert left[-1] / left[0] == pytest.approx(0.7)
    assert left.mean() == pytest.approx(1)
    settings = MovieConfig(
        movie_frames=20, bleaching_red=0.5, bleaching_green=0, neuropil_fluctuation=0
    )
    config = FIELD.model_copy(update={"bleed_green_to_red": 0.0, "n_planes": 1})
    _, movie = run_to_end(simulate_movie(config, settings))
    first, last = movie.photons(0, 0)[0].mean(), movie.photons(0, 19)[0].mean()
    assert last / first == pytest.approx(0.5, rel=0.03)


def test_a_cell_shows_its_own_activity(made) -> None:
    field, movie = made
    row = field.cells[(field.cells["plane"] == 0)].nlargest(1, "green_z").iloc[0]
    here = field.labels[0] == row["label"]
    light = np.array([movie.photons(0, t)[1][here].mean() for t in range(150)])
    place = np.argmax([np.corrcoef(light, trace)[0, 1] for trace in movie.cells.T])
    assert movie.tissue[place] == row["tissue"]


def test_no_cells_make_a_quiet_movie() -> None:
    config = FIELD.model_copy(
        update={"neuron_density": 0.0, "glia_density": 0.0, "n_planes": 1}
    )
    _, movie = run_to_end(simulate_movie(config, MovieConfig(movie_frames=3)))
    assert isinstance(movie, Movie)
    assert len(movie.events) == 0
    assert np.ptp(movie.frame(0, 1)[1]) > 0
