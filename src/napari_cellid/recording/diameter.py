"""The scale of a recording by the diameter of its somata, given in px."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.recording.data import ASSUMED_SOURCE, ESTIMATED_SOURCE, SOMA_UM

if TYPE_CHECKING:
    from napari_cellid.recording.data import Recording

#: smaller somata have no ring and no nucleus that could be seen
_SMALLEST_PX = 3.0
#: a diameter and a pixel size that differ by more than this factor cannot both be right
_CONTRADICTION = 2.0


def with_diameter(
    recording: Recording, diameter_px: float | None, source: str = "given"
) -> Recording:
    """Give a recording the diameter of its somata.

    Images are then scaled for the models by the diameter. Micrometres stay those of the
    pixel size; without one they are those of a soma of 15 µm, and said to be assumed.

    Parameters
    ----------
    recording
        The recording, with or without a pixel size.
    diameter_px
        Diameter of a usual soma in px; None changes nothing.
    source
        Where the diameter comes from: "given" or "estimated from the image".

    Raises
    ------
    InputError
        If it is no diameter of a soma in this image, or contradicts the pixel size more
        than two-fold.
    """
    if diameter_px is None:
        return recording
    name, side = recording.name, min(recording.shape[1:])
    if not (isfinite(diameter_px) and _SMALLEST_PX <= diameter_px <= side):
        raise InputError(
            f"{name}: a diameter of {diameter_px:g} px is not that of a cell in an "
            f"image whose shorter side has {side} px; give that of a usual soma, at "
            f"least {_SMALLEST_PX:g} px."
        )
    if source == ESTIMATED_SOURCE:
        note = (
            f"{name}: the diameter of a usual soma, {diameter_px:g} px, was estimated "
            "from the image; look at the outlines before you rely on it."
        )
        recording = replace(recording, notes=(*recording.notes, note))
    if recording.pixel_size_um is None:
        return _assume_size(recording, diameter_px, source)
    soma_um = diameter_px * recording.pixel_size_um
    if not 1 / _CONTRADICTION <= soma_um / SOMA_UM <= _CONTRADICTION:
        raise InputError(
            f"{name}: at the pixel size of {recording.pixel_size_um:g} µm "
            f"({recording.pixel_size_source}) a diameter of {diameter_px:g} px is "
            f"{soma_um:.3g} µm, but somata have about {SOMA_UM:g} µm; one of both is "
            "wrong: correct it, or leave out the diameter."
        )
    return replace(recording, diameter_px=diameter_px, diameter_source=source)


def _assume_size(recording: Recording, diameter_px: float, source: str) -> Recording:
    size = SOMA_UM / diameter_px
    note = (
        f"{recording.name}: there is no pixel size; {size:.3g} µm was assumed from the "
        f"diameter of {diameter_px:g} px, as if it were {SOMA_UM:g} µm, so all "
        "micrometres are assumed, too."
    )
    return replace(
        recording,
        pixel_size_um=size,
        pixel_size_source=ASSUMED_SOURCE,
        diameter_px=diameter_px,
        diameter_source=source,
        notes=(*recording.notes, note),
    )
