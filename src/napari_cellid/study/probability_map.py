"""The probability map of a recording of a study, from which new outlines are grown."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.io.ome_tiff import ImageMetadata, stable_uuid, write_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

#: file of the map in the folder of a recording
PROBABILITY = "probability.tif"
#: the probability 1 in the file: a byte is fine enough to find the border of a cell
_ONE = 255


def write_probability(
    path: Path, probability: NDArray[np.float32], planes: MeanPlanes
) -> None:
    """Write a map as OME-TIFF of bytes, with the hash of the images that it is of.

    Parameters
    ----------
    path
        The file.
    probability
        (plane, y, x): probability that a pixel belongs to a cell.
    planes
        The mean images.
    """
    digest = _digest(planes)
    metadata = ImageMetadata(
        axes="ZYX",
        pixel_size_um=planes.pixel_size_um,
        channels=("cell probability",),
        uuid=stable_uuid(digest),
        description=f"255 is the probability 1; of the images {digest}",
    )
    bytes_ = np.round(probability.clip(0, 1) * _ONE).astype(np.uint8)
    write_image(path, bytes_, metadata, compression="zlib")


def read_probability(folder: Path, planes: MeanPlanes) -> NDArray[np.float32] | None:
    """Read the map of a recording, float32 (plane, y, x).

    Parameters
    ----------
    folder
        Folder of the recording.
    planes
        Its mean images.

    Returns
    -------
    None if there is no map, it cannot be read, or it is of other images: when images
    are replaced by those of outlines without a map, the earlier file can remain.
    """
    import tifffile

    from napari_cellid.io.tiff.pages import DECODE_ERRORS

    path = folder / PROBABILITY
    if not path.is_file():
        return None
    try:
        with tifffile.TiffFile(path) as file:
            if _digest(planes) not in (file.ome_metadata or ""):
                return None
            pixels = file.asarray()
    except (tifffile.TiffFileError, *DECODE_ERRORS):
        # discs take its place, as in a study that has no map
        return None
    if pixels.size != np.prod(planes.shape):
        return None
    probability: NDArray[np.float32] = pixels.reshape(planes.shape).astype(np.float32)
    probability /= _ONE
    return probability


def _digest(planes: MeanPlanes) -> str:
    total = hashlib.sha256()
    for image in (planes.red, planes.green):
        if image is not None:
            total.update(np.ascontiguousarray(image, np.float32).tobytes())
    return total.hexdigest()
