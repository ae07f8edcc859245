"""Movies of simulated fields, made frame by frame.

The mean image of a field and the mean over time of its movie agree within noise: cells,
neuropil and bleaching are scaled to a mean of 1 over the movie, and the motion of the
frames is taken from the blur of the mean image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.simulation.activity import (
    bleaching,
    draw_events,
    fluorescence,
    slow_noise,
)
from napari_cellid.simulation.detection import expected_photons
from napari_cellid.simulation.field import simulate
from napari_cellid.simulation.motion import (
    Motion,
    draw_jitter,
    draw_motion,
    shift_and_blur,
)
from napari_cellid.simulation.scene import (
    N_PATCHES,
    Scene,
    render_scene,
    select_cells,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig
    from napari_cellid.config.movie import MovieConfig
    from napari_cellid.progress import Step
    from napari_cellid.simulation.detection import Scan
    from napari_cellid.simulation.field import SimulatedField
    from napari_cellid.simulation.optics import Light
    from napari_cellid.simulation.tissue import Tissue

#: random streams of the movie: the field stays the same with and without a movie
_ACTIVITY, _NEUROPIL, _MOTION, _COUNTS, _FRAME = 201, 202, 203, 204, 206


@dataclass(frozen=True)
class Digitisation:
    """How photons become whole numbers in one channel."""

    per_photon: float
    offset: float
    bit_depth: int


@dataclass(frozen=True, eq=False)
class Movie:
    """A movie whose frames are computed on request.

    Parameters
    ----------
    config, movie
        The settings.
    scenes
        One for each plane.
    events
        When which cell was active, see `draw_events`.
    tissue
        (cell,) row in the tissue of each cell that lights up.
    cells
        (frame, cell): light of these cells over their mean.
    neuropil
        (frame, 1 + patch): change of the whole neuropil and of its patches.
    bleaching
        (frame,) of red and of green: light over its mean.
    motion
        Motion of the frames; the same for all planes of a time point.
    counts
        Digitisation of red and of green.
    """

    config: SimulationConfig
    movie: MovieConfig
    scenes: tuple[Scene, ...]
    events: pd.DataFrame
    tissue: NDArray[np.int64]
    cells: NDArray[np.float32]
    neuropil: NDArray[np.float64]
    bleaching: tuple[NDArray[np.float64], NDArray[np.float64]]
    motion: Motion
    counts: tuple[Digitisation, Digitisation]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Number of frames, planes, rows and columns: (time, plane, y, x)."""
        config = self.config
        return self.movie.movie_frames, config.n_planes, config.height, config.width

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of the counts."""
        return np.dtype(np.uint8 if self.config.bit_depth == 8 else np.uint16)

    def frame(
        self, plane: int, time: int
    ) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        """Red and green counts (y, x) of one frame, the same in any order of calls."""
        rng = self._stream(plane, time)
        light = self._light(plane, time, rng)
        red, green = (
            _count(image, counts, self.config, rng)
            for image, counts in zip(light, self.counts, strict=True)
        )
        return red, green

    def photons(
        self, plane: int, time: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Red and green of one frame without noise (y, x), in photons."""
        return self._light(plane, time, self._stream(plane, time))

    def _light(
        self, plane: int, time: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        config, scene = self.config, self.scenes[plane]
        change = self.neuropil[time].astype(np.float32)
        level = self.bleaching[1][time] * (
            1 + change[0] + np.tensordot(change[1:], scene.patches, axes=1)
        )
        green = (scene.cells @ self.cells[time]).reshape(scene.red.shape)
        green += np.maximum(level, 0).astype(np.float32) * scene.neuropil
        red = scene.red * np.float32(self.bleaching[0][time])
        lines = draw_jitter(len(red), self.motion.jitter, rng)
        mixed = (
            red + np.float32(config.bleed_green_to_red) * green,
            green + np.float32(config.bleed_red_to_green) * red,
        )
        first, second = (
            shift_and_blur(image, self.motion.rigid[time], lines, self.motion.blur)
            for image in mixed
        )
        return first, second

    def _stream(self, plane: int, time: int) -> np.random.Generator:
        return np.random.default_rng([self.config.seed, _FRAME, plane, time])


def simulate_movie(
    config: SimulationConfig, movie: MovieConfig
) -> Step[tuple[SimulatedField, Movie]]:
    """Simulate a field and its movie, whose frames are computed on request.

    Parameters
    ----------
    config
        The settings of the field. Its mean image averages as many frames as the movie
        has, whatever `n_frames` says.
    movie
        The settings of the movie.

    Returns
    -------
    The field with its mean image and truth, and the movie. Both show the same tissue;
    their photon noise differs.
    """
    config = config.model_copy(update={"n_frames": movie.movie_frames})
    scenes: list[Scene] = []
    tissues: list[Tissue] = []
    peaks: list[tuple[float, float]] = []

    def keep(plane: int, tissue: Tissue, light: Light, scan: Scan) -> None:
        tissues.append(tissue)
        scenes.append(render_scene(plane, tissue, light, scan, config, movie))
        red, green = expected_photons(light, scan, config)
        peaks.append((float(np.quantile(red, 0.999)), float(np.quantile(green, 0.999))))

    field = yield from simulate(config, keep)
    kind = tissues[0].kind
    # cells outside all planes would only take memory
    shown = np.concatenate([scene.cells.indices for scene in scenes])
    lit = np.unique(shown).astype(np.int64)
    seed = config.seed
    events = draw_events(
        lit, kind[lit], movie, np.random.default_rng([seed, _ACTIVITY])
    )
    n = movie.movie_frames
    left = bleaching(movie.bleaching_red, n), bleaching(movie.bleaching_green, n)
    compact = events.assign(tissue=np.searchsorted(lit, events["tissue"]))
    cells = fluorescence(compact, len(lit), movie) * left[1][:, None].astype(np.float32)
    # summed in double precision, as a movie can have thousands of frames
    cells /= cells.mean(0, dtype=np.float64).astype(np.float32)
    result = Movie(
        config=config,
        movie=movie,
        scenes=tuple(select_cells(scene, lit) for scene in scenes),
        events=events,
        tissue=lit,
        cells=cells,
        neuropil=_neuropil(config, movie, left[1]),
        bleaching=left,
        motion=draw_motion(config, movie, np.random.default_rng([seed, _MOTION])),
        counts=_counts(config, np.max(peaks, axis=0)),
    )
    return field, result


def simulate_with_movie(
    config: SimulationConfig, movie: MovieConfig | None
) -> Step[tuple[SimulatedField, Movie | None]]:
    """Simulate a field, and its movie where settings of one are given."""
    if movie is None:
        return (yield from simulate(config)), None
    return (yield from simulate_movie(config, movie))


def _neuropil(
    config: SimulationConfig, movie: MovieConfig, light: NDArray[np.float64]
) -> NDArray[np.float64]:
    rng = np.random.default_rng([config.seed, _NEUROPIL])
    time = movie.neuropil_time_s * movie.frame_rate_hz
    change = slow_noise(movie.movie_frames, 1 + N_PATCHES, time, rng)
    # the mean weighted by the fading light is 0, as in the mean image
    change = change - (light[:, None] * change).mean(0)
    part = np.sqrt([0.5] + [0.5 / N_PATCHES] * N_PATCHES)
    return np.asarray(movie.neuropil_fluctuation * part * change)


def _counts(
    config: SimulationConfig, peaks: NDArray[np.float64]
) -> tuple[Digitisation, Digitisation]:
    """Set gains so that the brightest 0.1 % of a frame comes near the top."""
    rng = np.random.default_rng([config.seed, _COUNTS])
    channels = []
    # active cells make green brighter than its mean image, and nothing makes red so
    for peak, active in zip(peaks, (1.0, 1.5), strict=True):
        bright = max(active * peak, 1e-3)
        bright += 3 * np.sqrt(config.excess_noise * bright + config.read_noise**2)
        top = 200.0 if config.bit_depth == 8 else 3000 * rng.uniform(0.5, 1.5)
        gain = float(top / bright)
        # no read noise is cut off at the bottom
        offset = gain * max(6 * config.read_noise, 1.0)
        channels.append(Digitisation(gain, offset, config.bit_depth))
    return channels[0], channels[1]


def _count(
    light: NDArray[np.float32],
    counts: Digitisation,
    config: SimulationConfig,
    rng: np.random.Generator,
) -> NDArray[np.generic]:
    """Draw photons, add excess and read noise, and round to whole numbers."""
    photons = rng.poisson(light).astype(np.float32)
    excess = np.float32(max(config.excess_noise - 1, 0.0))
    spread = np.sqrt(excess * photons + np.float32(config.read_noise**2))
    seen = photons + spread * rng.standard_normal(light.shape, np.float32)
    values = np.rint(seen * np.float32(counts.per_photon) + np.float32(counts.offset))
    top = 2**counts.bit_depth - 1
    kind = np.uint8 if counts.bit_depth == 8 else np.uint16
    return np.asarray(np.clip(values, 0, top).astype(kind))
