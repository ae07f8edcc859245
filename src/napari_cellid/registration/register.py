"""Registration in a run: what is aligned, what is noticed, and the record of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.progress import Progress
from napari_cellid.recording.frames import channels_of
from napari_cellid.registration.channels import find_channel_transform, warp
from napari_cellid.registration.movie import corrected, find_movie_shifts

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config.registration import RegistrationConfig
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes, Recording
    from napari_cellid.registration.channels import ChannelTransform
    from napari_cellid.registration.movie import MovieShifts

#: shifts (µm) above which channels lie apart: half the radius of a nucleus, so that a
#: nucleus still lies in its ring below it
_APART_UM = 2.0
#: agreement at a shift over the best agreement elsewhere from which a shift is believed
LEAST_LEAD = 1.5


@dataclass(frozen=True, eq=False)
class Registration:
    """What was aligned in a run.

    Parameters
    ----------
    channels
        Transform that brought red onto green; None where nothing was done.
    movie
        Shifts of the frames; None where nothing was done.
    before
        Mean images (plane, y, x) of the channels before registration.
    """

    channels: ChannelTransform | None
    movie: MovieShifts | None
    before: dict[str, NDArray[np.float32]]

    def record(self, pixel_size_um: float) -> dict[str, Any]:
        """What was done, for JSON."""
        record: dict[str, Any] = {}
        if self.channels is not None:
            record["channels"] = _channel_record(self.channels, pixel_size_um)
        if self.movie is not None:
            sizes = _sizes(self.movie)
            record["movie"] = {
                "median_shift_px": round(float(np.median(sizes)), 3),
                "largest_shift_px": round(float(sizes.max()), 3),
                "frames_not_found": int((~self.movie.reliable).sum()),
            }
        return record

    def table(self) -> pd.DataFrame | None:
        """Shift of each frame; None where no movie was registered."""
        return None if self.movie is None else self.movie.table()


def register_movie(
    recording: Recording, config: RegistrationConfig
) -> Step[tuple[Recording, MovieShifts | None]]:
    """Take the motion out of a movie, if the settings say so.

    Channels that have as many frames as the longest one are registered together; a
    single image beside a movie stays as it is.

    Returns
    -------
    The recording, whose frames are corrected when they are read, and the shifts.

    Raises
    ------
    InputError
        If the pixel size is unknown.
    """
    channels = channels_of(recording)
    longest = max(len(array) for array in channels.values())
    if config.registration not in ("movie", "both") or longest == 1:
        return recording, None
    if recording.pixel_size_um is None:
        raise InputError(
            f"{recording.name}: no pixel size was found, which registration of a movie "
            "needs; give it with --pixel-size (µm per pixel)."
        )
    moving = {name: a for name, a in channels.items() if len(a) == longest}
    shifts = yield from find_movie_shifts(moving, recording.pixel_size_um)
    still = {name: corrected(a, shifts.shifts) for name, a in moving.items()}
    notes = (*recording.notes, _movie_note(shifts))
    return replace(recording, notes=notes, **still), shifts


def register_channels(
    planes: MeanPlanes, config: RegistrationConfig
) -> Step[tuple[MeanPlanes, ChannelTransform | None]]:
    """Bring red onto green, or notice that they lie apart.

    Returns
    -------
    The planes, with a note where red was moved, should be, or could not be; and the
    transform, None where red was left as it is.
    """
    if planes.red is None or planes.green is None:
        return planes, None
    wanted = config.registration in ("channels", "both")
    yield Progress("Comparing channels")
    kind = config.channel_transform if wanted else "shift"
    um = planes.pixel_size_um
    transform = find_channel_transform(planes.red, planes.green, um, kind)
    believed = transform.agreement > LEAST_LEAD * transform.chance
    distance = float(np.hypot(*transform.displacement(planes.shape[1:]))) * um
    if not wanted:
        if believed and distance > _APART_UM:
            return _noted(planes, _apart_note(transform, planes)), None
        return planes, None
    if not believed:
        note = (
            "Red was not moved onto green: no shift stands out from chance. Check the "
            "two channels by eye, and register them beforehand if they lie apart."
        )
        return _noted(planes, note), None
    moved = replace(planes, red=warp(planes.red, transform.matrix))
    return _noted(
        moved, f"Red was moved onto green by {_way(transform, planes)}."
    ), transform


def _noted(planes: MeanPlanes, note: str) -> MeanPlanes:
    return replace(planes, notes=(*planes.notes, note))


def _apart_note(transform: ChannelTransform, planes: MeanPlanes) -> str:
    return (
        f"Red and green seem to lie {_way(transform, planes)} apart, so that cells can "
        "get wrong classes; set Registration to channels (--registration channels) "
        "and compare the channels before and after in registration.png."
    )


def _way(transform: ChannelTransform, planes: MeanPlanes) -> str:
    y, x = transform.displacement(planes.shape[1:])
    length = float(np.hypot(y, x))
    return (
        f"{length * planes.pixel_size_um:.1f} µm ({-y:+.1f} px along y, {-x:+.1f} px "
        "along x)"
    )


def _channel_record(transform: ChannelTransform, um: float) -> dict[str, Any]:
    return {
        # green pixel (y, x) shows red pixel matrix @ (y, x, 1)
        "matrix": np.round(transform.matrix, 6).tolist(),
        "agreement": round(transform.agreement, 5),
        "chance": round(transform.chance, 5),
        "agreement_before": round(transform.before, 5),
        "pixel_size_um": um,
    }


def _sizes(shifts: MovieShifts) -> NDArray[np.float64]:
    return np.asarray(np.hypot(shifts.shifts[..., 0], shifts.shifts[..., 1]))


def _movie_note(shifts: MovieShifts) -> str:
    sizes = _sizes(shifts)
    note = (
        f"Motion was taken out of {len(sizes)} frames: their shifts have a median of "
        f"{np.median(sizes):.1f} px and reach {sizes.max():.1f} px."
    )
    lost = int((~shifts.reliable).sum())
    if lost:
        note += (
            f" In {lost} of {sizes.size} images no shift stands out from chance; they "
            "have that of the nearest frame."
        )
    return note
