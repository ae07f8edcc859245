"""Motion and blur of the single frames of a simulated movie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_cellid.simulation.activity import slow_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig
    from napari_cellid.config.movie import MovieConfig

#: below this SD (px) a Gaussian kernel on whole pixels shifts less than requested
_FINEST_PX = 0.45
#: factor that restores the SD of the jitter after smoothing over neighbouring lines
_SMOOTHED = 1.9


@dataclass(frozen=True, eq=False)
class Motion:
    """Motion of a movie's frames, which together blur as much as the mean image.

    Parameters
    ----------
    rigid
        (frame, 2): shift in y and x (px); mean 0. A frame shows at a pixel what lies
        at the pixel plus the shift.
    jitter
        SD of the lines' own shifts in x (px).
    blur
        SD of the remaining blur of each frame, in y and x (px).
    """

    rigid: NDArray[np.float64]
    jitter: float
    blur: tuple[float, float]


def draw_motion(
    config: SimulationConfig, movie: MovieConfig, rng: np.random.Generator
) -> Motion:
    """Draw the motion of frames; their blur is reduced by what the motion adds."""
    pixel = config.pixel_size_um
    blur = config.blur_um / pixel
    rigid, jitter = movie.frame_motion_um / pixel, movie.frame_jitter_um / pixel
    moves = float(np.hypot(rigid, jitter))
    room = np.sqrt(max(blur**2 - _FINEST_PX**2, 0.0))
    share = min(1.0, room / moves) if moves > 0 else 0.0
    rigid, jitter = share * rigid, share * jitter
    whole = float(np.hypot(rigid, config.motion_um / pixel))
    time = movie.motion_time_s * movie.frame_rate_hz
    return Motion(
        rigid=whole * slow_noise(movie.movie_frames, 2, time, rng),
        jitter=jitter,
        blur=(
            float(np.sqrt(max(blur**2 - rigid**2, 0.0))),
            float(np.sqrt(max(blur**2 - rigid**2 - jitter**2, 0.0))),
        ),
    )


def draw_jitter(
    n_lines: int, jitter: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Shifts of the lines of one frame (y,), SD `jitter` (px)."""
    shifts = ndimage.gaussian_filter1d(rng.standard_normal(n_lines), 1.0)
    return np.asarray(shifts * _SMOOTHED * jitter)


def shift_and_blur(
    image: NDArray[np.float32],
    rigid: NDArray[np.float64],
    lines: NDArray[np.float64],
    blur: tuple[float, float],
) -> NDArray[np.float32]:
    """Shift and blur an image (y, x) with one kernel: two steps would blur it more.

    Parameters
    ----------
    image
        The image; it is mirrored at its edges.
    rigid
        (2,) shift in y and x (px), as in `Motion`.
    lines
        (y,) further shift in x of each line (px).
    blur
        SD in y and x (px).
    """
    across = np.asarray(rigid[1] + lines)
    moved = _along_x(image, across, blur[1])
    turned = np.ascontiguousarray(moved.T)
    down = np.full(len(turned), rigid[0])
    return np.ascontiguousarray(_along_x(turned, down, blur[0]).T)


def _along_x(
    image: NDArray[np.float32], shifts: NDArray[np.float64], sigma: float
) -> NDArray[np.float32]:
    whole = round(float(np.median(shifts)))
    rest = shifts - whole
    reach = int(np.ceil(4 * sigma + np.abs(rest).max())) + 1
    pad = reach + abs(whole)
    padded = np.pad(image, ((0, 0), (pad, pad)), mode="symmetric")
    steps = np.arange(-reach, reach + 1)
    weights = _kernels(rest, sigma, steps).astype(np.float32)
    result = np.zeros_like(image)
    width = image.shape[1]
    for k, step in enumerate(steps):
        if not weights[:, k].any():
            continue
        start = pad + whole + step
        result += weights[:, k, None] * padded[:, start : start + width]
    return result


def _kernels(
    shifts: NDArray[np.float64], sigma: float, steps: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Weights (line, step) of a Gaussian round each line's shift."""
    if sigma >= _FINEST_PX:
        weights = np.exp(-0.5 * ((steps - shifts[:, None]) / sigma) ** 2)
    else:
        low = np.floor(shifts)[:, None]
        share = shifts[:, None] - low
        near, far = (
            np.exp(-0.5 * ((steps - low - offset) / max(sigma, 0.05)) ** 2)
            for offset in (0, 1)
        )
        weights = (1 - share) * near + share * far
    return np.asarray(weights / weights.sum(1, keepdims=True))
