"""The images of a run: a resumed training must not go on with others."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_cellid.recording import MeanPlanes
    from napari_cellid.study.study import Study
    from napari_cellid.training.run import Run

#: where `run.json` has the digests, among what it says of the data
KEY = "images_sha256"


def digest_images(study: Study, names: Iterable[str]) -> dict[str, str]:
    """A hash of the pixels and the scale of each recording, by name.

    Parameters
    ----------
    study
        The study.
    names
        Names of recordings.

    Raises
    ------
    InputError
        If there is no such recording, or its images cannot be read.
    """
    chosen = sorted({str(name) for name in names})
    return {name: _digest(study.recording(name).planes()) for name in chosen}


def check_same_images(study: Study, run: Run) -> None:
    """Refuse to resume a run of which a recording has other images by now.

    Its cells are known by the names of recordings and their places, which would then be
    places in other tissue. Runs of earlier versions, without hashes, are not checked.

    Raises
    ------
    InputError
        If images have changed since the run began, or cannot be read.
    """
    began_with: dict[str, str] = run.about["data"].get(KEY, {})
    now = digest_images(study, began_with)
    changed = [name for name, digest in began_with.items() if now[name] != digest]
    if changed:
        raise InputError(
            f"The images of {', '.join(changed[:5])} changed since the training "
            f"{run.name} began, so it cannot be resumed; start a new training."
        )


def add_pixels(total: hashlib._Hash, planes: MeanPlanes) -> None:
    """Add the pixels of both channels to a hash."""
    for channel in (planes.red, planes.green):
        if channel is not None:
            total.update(np.ascontiguousarray(channel).tobytes())


def _digest(planes: MeanPlanes) -> str:
    total = hashlib.sha256(f"{planes.shape} {planes.network_pixel_um!r}".encode())
    if planes.bleed_through:
        # without it the hash is that of earlier versions
        total.update(f"{planes.bleed_through!r}".encode())
    add_pixels(total, planes)
    return total.hexdigest()
