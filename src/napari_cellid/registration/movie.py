"""Motion of the frames of a movie: one shift of each frame of each plane."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.progress import Progress
from napari_cellid.recording.frames import frame_blocks
from napari_cellid.registration.template import make_template
from napari_cellid.registration.translation import translated

if TYPE_CHECKING:
    import dask.array as da
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.progress import Step


@dataclass(frozen=True, eq=False)
class MovieShifts:
    """Where each frame of each plane lies.

    Parameters
    ----------
    shifts
        (time, plane, 2): a frame shows at (y, x) + shift what the movie's template
        shows at (y, x), in px.
    reliable
        (time, plane): whether the shift was found in the frame itself. Other frames
        have the shift of the nearest frame in which it was found.
    unmoved
        Mean (plane, y, x) of each channel without correction.
    """

    shifts: NDArray[np.float64]
    reliable: NDArray[np.bool_]
    unmoved: dict[str, NDArray[np.float32]]

    def table(self) -> pd.DataFrame:
        """One row a frame and plane: `frame`, `plane`, `y`, `x` (px), `reliable`."""
        import pandas as pd

        n_times, n_planes, _ = self.shifts.shape
        return pd.DataFrame(
            {
                "frame": np.repeat(np.arange(n_times), n_planes),
                "plane": np.tile(np.arange(n_planes), n_times),
                "y": self.shifts[..., 0].ravel(),
                "x": self.shifts[..., 1].ravel(),
                "reliable": self.reliable.ravel(),
            }
        ).round({"y": 3, "x": 3})


def find_movie_shifts(
    channels: dict[str, da.Array], pixel_size_um: float
) -> Step[MovieShifts]:
    """Find the motion of a movie, in two passes with bounded memory.

    The first pass reads a sample of the frames and makes the template of each plane,
    the second one finds all frames in it. All channels count, since they are recorded
    together, each by its noise.

    Parameters
    ----------
    channels
        (time, plane, y, x) of the channels that are movies, of one length.
    pixel_size_um
        Edge of a pixel in µm.
    """
    templates = yield from make_template(channels, pixel_size_um)
    first = next(iter(channels.values()))
    n_times, n_planes = first.shape[:2]
    shifts = np.zeros((n_times, n_planes, 2))
    reliable = np.zeros((n_times, n_planes), bool)
    sums = {name: np.zeros(array.shape[1:]) for name, array in channels.items()}
    yield Progress("Finding motion", 0, n_times)
    for frames, block in frame_blocks(channels):
        for name, values in block.items():
            sums[name] += np.nan_to_num(values).sum(0, dtype=np.float64)
        for time in range(frames.start, frames.stop):
            for plane, template in enumerate(templates):
                images = {
                    name: values[time - frames.start, plane]
                    for name, values in block.items()
                }
                shift, confidence = template.locate(images)
                shifts[time, plane] = shift
                reliable[time, plane] = confidence > 1
            if time % 10 == 9:
                yield Progress("Finding motion", time + 1, n_times)
    for plane in range(n_planes):
        _fill(shifts[:, plane], reliable[:, plane])
    unmoved = {name: _mean(total, n_times) for name, total in sums.items()}
    return MovieShifts(shifts, reliable, unmoved)


def corrected(array: da.Array, shifts: NDArray[np.float64]) -> da.Array:
    """Take the motion out of a channel (time, plane, y, x), when frames are read.

    Parameters
    ----------
    array
        The frames as they were recorded.
    shifts
        (time, plane, 2), as in `MovieShifts`.

    Returns
    -------
    float32 of the same shape. What a frame does not show is NaN, which the mean over
    time leaves out.
    """
    whole = array.rechunk({1: -1, 2: -1, 3: -1})
    result: da.Array = whole.map_blocks(
        partial(_corrected_block, shifts=shifts),
        dtype=np.float32,
        meta=np.empty((0,) * 4, np.float32),
    )
    return result


def _corrected_block(
    block: NDArray[Any],
    shifts: NDArray[np.float64],
    block_info: Any = None,
) -> NDArray[np.float32]:
    start = block_info[0]["array-location"][0][0] if block_info else 0
    result = np.empty(block.shape, np.float32)
    for k, planes in enumerate(block):
        for plane, image in enumerate(planes):
            shift = shifts[start + k, plane]
            result[k, plane] = translated(np.asarray(image, np.float32), shift)
    return result


def _mean(total: NDArray[np.float64], n: int) -> NDArray[np.float32]:
    return np.asarray(total / n, np.float32)


def nearest_reliable(reliable: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The nearest frame with a shift of its own, of each frame; one at least has it."""
    known = np.flatnonzero(reliable)
    times = np.arange(len(reliable))
    # not by a table of all distances, which grows with the square of the frames
    place = np.searchsorted(known, times)
    before = known[np.maximum(place - 1, 0)]
    after = known[np.minimum(place, len(known) - 1)]
    earlier = np.abs(times - before) <= np.abs(after - times)
    return np.where(earlier, before, after)


def _fill(shifts: NDArray[np.float64], reliable: NDArray[np.bool_]) -> None:
    """Give frames that cannot be told the shift of the nearest one that can."""
    shifts[:] = shifts[nearest_reliable(reliable)] if reliable.any() else 0
