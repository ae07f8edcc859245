"""The input images of a network, made from the two channels of one plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from napari_cellid.channels.local_contrast import local_contrast
from napari_cellid.channels.normalisation import Normalisation, normalise
from napari_cellid.channels.resampling import rescale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes


#: input images of a network: `sum` is one grey image, the mean of the normalised
#: channels as in the paper; `pair` is mCherry and GCaMP; `rgb` is both and their mean;
#: `pair+local` is the pair, and the local contrast of each
Combination = Literal["sum", "pair", "rgb", "pair+local"]

#: number of input images of each combination
N_IMAGES: dict[Combination, int] = {
    "sum": 1, "pair": 2, "rgb": 3, "pair+local": 4
}  # fmt: skip


def combine(
    red: NDArray[np.float32] | None,
    green: NDArray[np.float32] | None,
    norm: Normalisation,
    combination: Combination,
) -> NDArray[np.float32]:
    """Normalise one plane of each channel and stack the input images of a network.

    Parameters
    ----------
    red, green
        (y, x). One of them may be None: `sum` then is the other channel alone, and
        the missing channel is 0 in `pair`, `rgb` and `pair+local`.
    norm
        Normalisation of the model.
    combination
        Input images of the model.

    Returns
    -------
    (channel, y, x) float32, 0 to 1; local contrast has a range of its own.
    """
    first, second = (
        None if image is None else normalise(image, norm) for image in (red, green)
    )
    return _stack(first, second, combination)


def _stack(
    red: NDArray[np.float32] | None,
    green: NDArray[np.float32] | None,
    combination: Combination,
) -> NDArray[np.float32]:
    """Input images of normalised channels (y, x), which may be overwritten."""
    present = [image for image in (red, green) if image is not None]
    if combination == "sum":
        return _mean(present, present[0])[None]
    if combination == "pair+local":
        return with_local_contrast(_stack(red, green, "pair"))
    images = np.zeros((N_IMAGES[combination], *present[0].shape), np.float32)
    for image, channel in zip(images, (red, green), strict=False):
        if channel is not None:
            image[:] = channel
    if combination == "rgb":
        _mean(present, images[2])
    return images


def with_local_contrast(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stack images (image, y, x) and the local contrast of each."""
    return np.concatenate([images, [local_contrast(image) for image in images]])


def _mean(
    images: list[NDArray[np.float32]], out: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Mean of one or two images, written into `out`, which can be the first of them."""
    if len(images) == 1:
        out[:] = images[0]
        return out
    np.add(images[0], images[1], out=out)
    out /= len(images)
    return out


class InputFormat(Protocol):
    """What a network needs to know of its input; a `ModelCard` has it."""

    @property
    def task(self) -> Literal["segment", "classify"]:
        """What the network does."""

    @property
    def pixel_size_um(self) -> float:
        """Pixel size (µm) of the training images."""

    @property
    def normalisation(self) -> Normalisation:
        """Normalisation of each channel."""

    @property
    def combination(self) -> Combination:
        """Which images the network receives."""


def plane_image(
    planes: MeanPlanes, plane: int, input_format: InputFormat, scale: float = 1.0
) -> NDArray[np.float32]:
    """Input images of one plane, at the pixel size of a model.

    Parameters
    ----------
    planes
        Mean images of the recording.
    plane
        Index of the plane.
    input_format
        The model's card.
    scale
        How much larger than at that pixel size.

    Returns
    -------
    As from `combine`: (channel, y, x) float32.
    """
    factor = scale * planes.network_pixel_um / input_format.pixel_size_um
    # one after the other, so that no more than one resampled channel is in memory
    red, green = (
        None
        if channel is None
        else normalise(rescale(channel, factor), input_format.normalisation)
        for channel in (
            _red(planes, plane, input_format),
            None if planes.green is None else planes.green[plane],
        )
    )
    return _stack(red, green, input_format.combination)


def _red(
    planes: MeanPlanes, plane: int, input_format: InputFormat
) -> NDArray[np.float32] | None:
    """Red (y, x) of a plane; without bleed-through where cells are classified."""
    if planes.red is None:
        return None
    red: NDArray[np.float32] = planes.red[plane]
    share = np.float32(planes.bleed_through)
    # outlines need no correction: green belongs to a cell, in whichever channel it is
    if not share or planes.green is None or input_format.task != "classify":
        return red
    # the offset of green does not matter, as the normalisation removes it
    corrected: NDArray[np.float32] = red - share * planes.green[plane]
    return corrected
