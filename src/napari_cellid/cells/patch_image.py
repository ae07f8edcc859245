"""Patches of a recording as RGB images: cut, resampled and coloured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import ndimage
from skimage.measure import find_contours

from napari_cellid.channels.normalisation import contrast_limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

Channel = Literal["red", "green"]
CHANNELS: tuple[Channel, ...] = ("red", "green")
#: weight of a channel in each of red, green and blue, as in overlay.png
_TINTS = {"red": (1.0, 0.0, 0.0), "green": (0.0, 0.85, 0.35)}
#: where the field ends: neither black nor any colour of tissue
OUTSIDE = (46, 46, 50)
#: distance of the drawn outline from the cell (px), so that the rim stays in sight
_OFFSET = 1.0
#: how far from its centre a cell is looked for (µm)
_LARGEST_UM = 40.0


@dataclass(frozen=True)
class DisplaySettings:
    """Display settings of a patch: visible channels and contrast limits.

    Parameters
    ----------
    shown
        The visible channels.
    red, green
        What is black and what is bright, in units of the plane's usual range, that of
        `overlay.png`: 0 is its 1st percentile, 1 its 99.7th, or less where debris is.
    subtract
        Whether green bleed-through is subtracted from red.
    """

    shown: frozenset[Channel] = frozenset(CHANNELS)
    red: tuple[float, float] = (0.0, 1.0)
    green: tuple[float, float] = (0.0, 1.0)
    subtract: bool = False

    def limits(self, channel: Channel) -> tuple[float, float]:
        """Black and bright of a channel."""
        return self.red if channel == "red" else self.green


class PatchSource:
    """Patches of one recording, cut when they are asked for.

    Parameters
    ----------
    planes
        Mean images.
    labels
        (plane, y, x), a number for each cell; None where nothing is outlined.
    """

    def __init__(self, planes: MeanPlanes, labels: NDArray[np.int32] | None) -> None:
        self.planes, self.labels = planes, labels
        self._ranges: dict[tuple[Channel, int], tuple[float, float]] = {}

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels that the recording has."""
        return tuple(name for name in CHANNELS if self._channel(name) is not None)

    def cut(
        self,
        where: tuple[int, float, float],
        field_um: float,
        size: int,
        *,
        channels: Sequence[Channel] = CHANNELS,
        bleed_through: float = 0.0,
    ) -> Patch:
        """Cut the patch around a position.

        Parameters
        ----------
        where
            plane, y, x (px).
        field_um
            Side of the square of tissue.
        size
            Side of the result in pixels.
        channels
            Which ones, as far as the recording has them.
        bleed_through
            Grey values of red per grey value of green that are subtracted from red.
        """
        plane, y, x = where
        side = field_um / self.planes.pixel_size_um
        _, rows, columns = self.planes.shape
        along_y = _Resampling.make(y, side, size, rows)
        along_x = _Resampling.make(x, side, size, columns)
        channel_images = {}
        for name in self.channels:
            if name in channels:
                window = (along_y.window, along_x.window)
                piece = self._window(name, plane, window, bleed_through)
                channel_images[name] = along_x.resample(along_y.resample(piece).T).T
        return Patch(channel_images, along_y.inside[:, None] & along_x.inside)

    def outline(
        self, where: tuple[int, float, float], label: int
    ) -> list[NDArray[np.float64]]:
        """Lines (point, [y, x]) in px round a cell near a place, a little outside."""
        if self.labels is None or not label:
            return []
        plane, y, x = where
        reach = _LARGEST_UM / self.planes.pixel_size_um
        top, left = max(int(y - reach), 0), max(int(x - reach), 0)
        near = self.labels[plane][top : int(y + reach) + 1, left : int(x + reach) + 1]
        rows, columns = np.nonzero(near == label)
        if not len(rows):
            return []
        mask = np.zeros((np.ptp(rows) + 9, np.ptp(columns) + 9), bool)
        mask[rows - rows.min() + 4, columns - columns.min() + 4] = True
        distance = ndimage.distance_transform_edt(~mask)
        distance -= ndimage.distance_transform_edt(mask)
        smooth = ndimage.gaussian_filter(distance, 0.8)
        origin = np.array([top + rows.min() - 4, left + columns.min() - 4])
        # half a pixel lies between the last one inside and the first one outside
        return [line + origin for line in find_contours(smooth, _OFFSET + 0.5)]

    def _channel(self, name: Channel) -> NDArray[np.float32] | None:
        return self.planes.red if name == "red" else self.planes.green

    def _window(
        self,
        name: Channel,
        plane: int,
        window: tuple[slice, slice],
        bleed_through: float,
    ) -> NDArray[np.float32]:
        """A piece of a plane, its usual range brought to 0 to 1."""
        image = self._channel(name)
        assert image is not None
        low, high = self._range(name, plane)
        piece = image[plane][window]
        green = self.planes.green
        if bleed_through and name == "red" and green is not None:
            # less the darkest green: the background keeps its level
            dark, _ = self._range("green", plane)
            piece = piece - bleed_through * (green[plane][window] - dark)
        return np.asarray((piece - low) / (high - low), np.float32)

    def _range(self, name: Channel, plane: int) -> tuple[float, float]:
        if (name, plane) not in self._ranges:
            image = self._channel(name)
            assert image is not None
            self._ranges[name, plane] = contrast_limits(image[plane])
        return self._ranges[name, plane]


@dataclass(frozen=True, eq=False)
class Patch:
    """A piece of tissue, resampled.

    Parameters
    ----------
    channels
        (y, x) float32 of each channel there is, its plane's usual range being 0 to 1.
    inside
        (y, x), False beyond the border of the field.
    """

    channels: Mapping[Channel, NDArray[np.float32]]
    inside: NDArray[np.bool_]

    def colours(self, settings: DisplaySettings) -> NDArray[np.uint8]:
        """The channels in their colours, (y, x, 3)."""
        picture = np.zeros((*self.inside.shape, 3), np.float32)
        for name in self.channels:
            if name in settings.shown:
                shade = self._shade(name, settings)
                for k, weight in enumerate(_TINTS[name]):
                    if weight:
                        picture[..., k] += shade * weight
        return self._to_rgb(picture)

    def grey(self, channel: Channel, settings: DisplaySettings) -> NDArray[np.uint8]:
        """One channel in grey, (y, x, 3); black where the recording has none."""
        if channel in self.channels:
            shade = self._shade(channel, settings)
        else:
            shade = np.zeros(self.inside.shape, np.float32)
        return self._to_rgb(np.repeat(shade[..., None], 3, axis=2))

    def _shade(
        self, channel: Channel, settings: DisplaySettings
    ) -> NDArray[np.float32]:
        low, high = settings.limits(channel)
        stretched = (self.channels[channel] - low) / max(high - low, 1e-3)
        # a square root lifts the faint cells that one wants to judge
        return np.asarray(np.sqrt(np.clip(stretched, 0, 1)), np.float32)

    def _to_rgb(self, picture: NDArray[np.float32]) -> NDArray[np.uint8]:
        shown = (picture * 255 + 0.5).astype(np.uint8)
        if not self.inside.all():
            shown[~self.inside] = OUTSIDE
        return shown


@dataclass(frozen=True, eq=False)
class _Resampling:
    """Weights that resample one axis by cubic interpolation.

    Parameters
    ----------
    window
        What is read of the image.
    index, weight
        (pixel of the result, k): which pixels of the window it is made of.
    inside
        (pixel of the result,), False beyond the border.
    """

    window: slice
    index: NDArray[np.intp]
    weight: NDArray[np.float32]
    inside: NDArray[np.bool_]

    @classmethod
    def make(cls, centre: float, side: float, size: int, length: int) -> _Resampling:
        """Show `side` px round `centre`, of an image of `length` px, as `size` px."""
        step = side / size
        place = centre + (np.arange(size) + 0.5 - size / 2) * step
        # where many pixels become one, all of them count
        width = max(step, 1.0)
        reach = math.ceil(2 * width)
        pixel = np.floor(place).astype(np.intp)[:, None] + np.arange(
            1 - reach, reach + 1
        )
        weight = _cubic((place[:, None] - pixel) / width)
        weight /= weight.sum(1, keepdims=True)
        pixel = np.clip(pixel, 0, length - 1)
        start = int(pixel.min())
        return cls(
            window=slice(start, int(pixel.max()) + 1),
            index=pixel - start,
            weight=weight.astype(np.float32),
            inside=(place > -0.5) & (place < length - 0.5),
        )

    def resample(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Resample the first axis."""
        # not a matrix product: its threads wait for one another on a busy machine
        result = image[self.index[:, 0]] * self.weight[:, :1]
        for k in range(1, self.index.shape[1]):
            result += image[self.index[:, k]] * self.weight[:, k : k + 1]
        return result


def _cubic(distance: NDArray[np.floating]) -> NDArray[np.float64]:
    """Cubic interpolation (Catmull and Rom): passes through the pixels' values."""
    d = np.abs(distance).astype(np.float64)
    near = (1.5 * d - 2.5) * d * d + 1
    far = ((-0.5 * d + 2.5) * d - 4) * d + 2
    return np.where(d < 1, near, np.where(d < 2, far, 0.0))
