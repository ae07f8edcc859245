"""Channels that are the same everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from napari_cellid.recording.data import MeanPlanes


def check_channels(planes: MeanPlanes) -> MeanPlanes:
    """Refuse a pair of channels of which one is empty; note when both are.

    Raises
    ------
    InputError
        If one channel is the same everywhere and the other is not.
    """
    channels = {"red": planes.red, "green": planes.green}
    images = {name: image for name, image in channels.items() if image is not None}
    flat = [name for name, image in images.items() if image.min() == image.max()]
    # an empty channel beside a good one is a wrong file, two are a blank field
    if flat and len(flat) < len(images):
        other = "green" if flat == ["red"] else "red"
        level = float(images[flat[0]].flat[0])
        raise InputError(
            f"The {flat[0]} channel of {planes.name} is {level:g} everywhere; give the "
            f"right image, or the {other} channel alone to outline cells only."
        )
    if flat:
        note = f"{planes.name} is the same everywhere, so there are no cells in it."
        return replace(planes, notes=(*planes.notes, note))
    return planes
