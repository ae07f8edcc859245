"""Mean images of a recording, registered as the settings say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.progress import WholeProgress
from napari_cellid.recording.channel_check import check_channels
from napari_cellid.recording.mean import mean_planes
from napari_cellid.registration.register import (
    Registration,
    register_channels,
    register_movie,
)

if TYPE_CHECKING:
    from napari_cellid.config import RegistrationConfig
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes, Recording


def registered_means(
    recording: Recording, config: RegistrationConfig
) -> Step[tuple[Recording, MeanPlanes, Registration | None]]:
    """Average a recording, and align its frames and channels as the settings say.

    Returns
    -------
    The recording, whose frames are corrected if they were aligned; its mean images with
    the notes of the recording; and what was aligned, None where nothing was.

    Raises
    ------
    InputError
        If the images cannot be used.
    """
    # the motion of a movie is looked for in more than one reading of its frames
    moves = config.registration in ("movie", "both")
    whole = WholeProgress({"motion": 2.0 if moves else 0.0, "mean": 1.0})
    recording, movie = yield from whole.part(
        "motion", register_movie(recording, config)
    )
    planes = yield from whole.part("mean", mean_planes(recording))
    # the mean repeats notes of the recording; each is shown once, in order
    notes = dict.fromkeys((*recording.notes, *planes.notes))
    planes = check_channels(replace(planes, notes=tuple(notes)))
    before = {"red": planes.red, "green": planes.green}
    planes, channels = yield from register_channels(planes, config)
    if movie is None and channels is None:
        return recording, planes, None
    images = {name: image for name, image in before.items() if image is not None}
    # of a movie that moved, the mean without correction
    images |= {} if movie is None else movie.unmoved
    return recording, planes, Registration(channels, movie, images)
