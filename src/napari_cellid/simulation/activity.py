"""Changes with time in a simulated movie: cells, neuropil and bleaching."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import ndimage, signal

from napari_cellid.simulation.tissue import INHIBITORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config.movie import MovieConfig


def draw_events(
    cells: NDArray[np.int64],
    kind: NDArray[np.int64],
    movie: MovieConfig,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Draw the events of cells: independent Poisson trains.

    Parameters
    ----------
    cells
        (cell,) rows of the tissue.
    kind
        (cell,) their classes, as in `Tissue`.
    movie
        The settings.
    rng
        Random stream of the activity.

    Returns
    -------
    Table `tissue, time_s, dff`, one row an event, in order of time. The first
    events precede the first frame, at negative times, so that cells are already active
    when the movie begins.
    """
    # after five time constants less than 1 % of an event is left
    before = 5 * movie.decay_s
    length = before + movie.movie_frames / movie.frame_rate_hz
    inhibitory = kind == INHIBITORY
    rate = np.where(inhibitory, movie.inhibitory_rate_hz, movie.excitatory_rate_hz)
    rate = rate * rng.lognormal(0, movie.rate_spread, len(cells))
    owner = np.repeat(np.arange(len(cells)), rng.poisson(rate * length))
    peak = np.where(inhibitory, movie.inhibitory_dff, movie.excitatory_dff)[owner]
    events = pd.DataFrame(
        {
            "tissue": cells[owner],
            "time_s": rng.uniform(-before, length - before, len(owner)),
            "dff": peak * rng.lognormal(0, movie.dff_spread, len(owner)),
        }
    )
    return events.sort_values("time_s", kind="stable", ignore_index=True)


def fluorescence(
    events: pd.DataFrame, n_cells: int, movie: MovieConfig
) -> NDArray[np.float32]:
    """Compute the brightness of each cell over its baseline, 1 + dF/F: (frame, cell).

    Parameters
    ----------
    events
        As from `draw_events`.
    n_cells
        Number of cells of the tissue.
    movie
        The settings.
    """
    before = int(np.ceil(5 * movie.decay_s * movie.frame_rate_hz))
    n = before + movie.movie_frames
    time = events["time_s"].to_numpy() * movie.frame_rate_hz + before
    # the first frame that sees an event, and how long after it that frame comes
    frame = np.ceil(time).astype(int)
    late = (frame - time) / movie.frame_rate_hz
    cell, size = events["tissue"].to_numpy(), events["dff"].to_numpy()
    seen = (frame >= 0) & (frame < n)
    # rise and decay make a difference of two exponentials
    slow = 1 / movie.decay_s
    fast = slow + 1 / movie.rise_s
    total = np.zeros((n, n_cells), np.float32)
    for rate, sign in ((slow, 1.0), (fast, -1.0)):
        pulses = np.zeros((n, n_cells), np.float32)
        force = sign * size * np.exp(-late * rate)
        # not +=, which counts two events of a cell in one frame once
        np.add.at(pulses, (frame[seen], cell[seen]), force[seen])
        # an exponential decay is a recursive filter: no sum over all earlier events
        step = float(np.exp(-rate / movie.frame_rate_hz))
        total += signal.lfilter([1.0], [1.0, -step], pulses, axis=0)
    at_peak = np.log(fast / slow) / (fast - slow)
    peak = np.exp(-slow * at_peak) - np.exp(-fast * at_peak)
    return np.asarray(1 + total[before:] / peak, np.float32)


def bleaching(lost: float, n_frames: int) -> NDArray[np.float64]:
    """Light of each frame (frame,) if a share is lost by the last frame; mean 1."""
    left = (1 - lost) ** np.linspace(0, 1, n_frames)
    return np.asarray(left / left.mean())


def slow_noise(
    n_frames: int, parts: int, time: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Noise (frame, part) of mean 0 and SD 1 that changes over `time` frames."""
    sigma = max(time, 0.0)
    margin = int(np.ceil(4 * sigma))
    noise = rng.standard_normal((n_frames + 2 * margin, parts))
    if sigma > 0:
        noise = ndimage.gaussian_filter1d(noise, sigma, axis=0)
    noise = noise[margin : margin + n_frames]
    noise = noise - noise.mean(0)
    return np.asarray(noise / np.maximum(noise.std(0), 1e-12))
