"""What is measured in the frames of a movie, in one pass over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.cells.traces import TraceReader
from napari_cellid.progress import Progress
from napari_cellid.recording.frames import frame_blocks
from napari_cellid.recording.projections import Projections

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.cells.traces import Traces
    from napari_cellid.config.frames import FramesConfig
    from napari_cellid.progress import Step
    from napari_cellid.recording import Recording


def measure_frames(
    recording: Recording, labels: NDArray[np.int32], config: FramesConfig
) -> Step[tuple[Traces | None, dict[str, NDArray[np.float32]]]]:
    """Take traces and projections of a movie, as the settings say.

    Both are of green, or of red where there is no green movie. The frames are read
    once, about 64 MB at a time; the traces themselves need 8 bytes a cell and frame.

    Parameters
    ----------
    recording
        The recording, its motion corrected if it is to be.
    labels
        (plane, y, x).
    config
        What is taken.

    Returns
    -------
    Traces, and images (plane, y, x) by name. None and no images of what is not asked
    for, or where there is no movie.
    """
    channel, movie = "green", recording.green
    if (movie is None or len(movie) < 2) and recording.red is not None:
        channel, movie = "red", recording.red
    if movie is None or len(movie) < 2 or not (config.traces or config.projections):
        return None, {}
    n_frames = len(movie)
    reader = TraceReader(labels, n_frames) if config.traces else None
    projections = Projections(recording.shape) if config.projections else None
    yield Progress("Reading frames", 0, n_frames)
    for frames, blocks in frame_blocks({channel: movie}):
        block = blocks[channel].astype(np.float32, copy=False)
        if reader is not None:
            reader.add(frames, block)
        if projections is not None:
            projections.add(block)
        yield Progress("Reading frames", frames.stop, n_frames)
    images = {} if projections is None else projections.images()
    if reader is None:
        return None, images
    rate = config.frame_rate_hz or recording.frame_rate_hz
    times = np.arange(n_frames) / (rate or 1.0)
    return reader.traces(times, "s" if rate else "frame", channel), images
