"""Writing TIFF files: images, movies and label images that say their pixel size."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray

#: files up to this size (bytes) can be plain TIFF; 32 MB are left for its tables
_LARGEST_PLAIN_TIFF = 2**32 - 2**25


@dataclass(frozen=True)
class ImageMetadata:
    """What an OME-TIFF file says of its pixels.

    Parameters
    ----------
    axes
        Meaning of the dimensions, such as "CZYX".
    pixel_size_um
        Edge of a pixel in µm.
    channels
        Name of each channel.
    uuid
        Identifies the image. It must depend on the content alone, so that the same
        image gives the same file.
    plane_spacing_um
        Distance of planes in µm; None where it is not known.
    frame_interval_s
        Time between two frames; None where there are no frames.
    name, description
        Of the image; empty where there is nothing to say.
    """

    axes: str
    pixel_size_um: float
    channels: tuple[str, ...]
    uuid: str
    plane_spacing_um: float | None = None
    frame_interval_s: float | None = None
    name: str = ""
    description: str = ""


def stable_uuid(text: str) -> str:
    """A UUID that is always the same for a text."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, text)}"


def write_image(
    path: Path,
    image: NDArray[Any],
    metadata: ImageMetadata,
    *,
    compression: str | None = None,
) -> None:
    """Write an image as OME-TIFF.

    Parameters
    ----------
    path
        The file.
    image
        As many dimensions as `metadata.axes`, in the type that is to be stored.
    metadata
        What the file says of the image.
    compression
        Such as "zlib"; None for pixels as they are.
    """
    import tifffile

    tifffile.imwrite(
        path,
        image,
        ome=True,
        compression=compression,
        metadata=_ome(metadata),
        **_common(metadata.pixel_size_um),
    )


def write_labels(path: Path, labels: NDArray[np.int32], pixel_size_um: float) -> None:
    """Write a label image (plane, y, x); a single plane is written as (y, x)."""
    import tifffile

    planes = labels if len(labels) > 1 else labels[0]
    tifffile.imwrite(
        path,
        planes.astype(np.int32),
        compression="zlib",
        metadata={"axes": plane_axes(planes)},
        **_common(pixel_size_um),
    )


def write_projection(
    path: Path, image: NDArray[np.float32], pixel_size_um: float
) -> None:
    """Write an image (plane, y, x) as float32; a single plane is written as (y, x)."""
    import tifffile

    planes = image if len(image) > 1 else image[0]
    tifffile.imwrite(
        path,
        planes.astype(np.float32),
        compression="zlib",
        metadata={"axes": plane_axes(planes)},
        **_common(pixel_size_um),
    )


def allocate_movie(
    path: Path, shape: tuple[int, ...], dtype: DTypeLike, metadata: ImageMetadata
) -> int:
    """Write an OME-TIFF file with room for the frames of a movie.

    The frames follow one another without gaps and without compression, little-endian,
    so that they can be written one by one and read without the others.

    Parameters
    ----------
    path
        The file.
    shape, dtype
        Of the whole movie; `metadata.axes` names the dimensions.
    metadata
        What the file says of the movie.

    Returns
    -------
    Where the first frame begins, in bytes.
    """
    import tifffile

    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    with tifffile.TiffWriter(
        path, ome=True, bigtiff=n_bytes > _LARGEST_PLAIN_TIFF, byteorder="<"
    ) as tif:
        start, _ = tif.write(
            None,
            shape=shape,
            dtype=dtype,
            metadata=_ome(metadata),
            returnoffset=True,
            **_common(metadata.pixel_size_um),
        )
    return int(start)


def plane_axes(image: NDArray[Any]) -> str:
    """Axes of an image of planes: "ZYX", or "YX" where it has two dimensions."""
    return "ZYX" if image.ndim == 3 else "YX"


def _common(pixel_size_um: float) -> dict[str, Any]:
    pixels_per_cm = 1e4 / pixel_size_um
    return {
        # or three planes would be taken as red, green and blue
        "photometric": "minisblack",
        "resolution": (pixels_per_cm, pixels_per_cm),
        "resolutionunit": "CENTIMETER",
    }


def _ome(metadata: ImageMetadata) -> dict[str, Any]:
    sizes = dict.fromkeys("XY", metadata.pixel_size_um)
    if metadata.plane_spacing_um is not None:
        sizes["Z"] = metadata.plane_spacing_um
    ome: dict[str, Any] = {"axes": metadata.axes, "UUID": metadata.uuid}
    for axis, size in sizes.items():
        ome[f"PhysicalSize{axis}"] = size
        ome[f"PhysicalSize{axis}Unit"] = "µm"
    if metadata.frame_interval_s is not None:
        ome["TimeIncrement"] = metadata.frame_interval_s
        ome["TimeIncrementUnit"] = "s"
    texts = {"Name": metadata.name, "Description": metadata.description}
    ome |= {key: text for key, text in texts.items() if text}
    return ome | {"Channel": {"Name": list(metadata.channels)}}
