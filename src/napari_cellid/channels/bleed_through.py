"""Estimate of the bleed-through of green light into the red channel.

Estimated is the slope: grey values of red per grey value of green. It is the share of
green light that the red detector sees, times the ratio of the gains of both channels.

An ordinary regression of red on green is wrong here for two reasons. Noise of green
makes its slope too small, by half where photons are few. It is therefore computed from
covariances of each pixel with a neighbour, whose noise is independent: neighbours are
instrumental variables of each other. And cells that are red themselves are no
bleed-through: places with more red than the line and the tissue around explain are left
out, and the line is fitted again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage
from skimage.measure import block_reduce

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

_TOO_SMALL = "The field is too small, or too little of it is without red cells."
_NO_STRUCTURE = "Green shows too little structure above its noise."
#: pixels are joined to about this size, which holds soma and nucleus apart (µm)
_PIXEL_UM = 0.9
#: at most this many windows of at most this side are read (joined pixels)
_MOST_WINDOWS, _SIDE = 4, 512
#: distance of the neighbour (px): after registration the next pixel shares noise
_LAG = 2
#: SDs of the Gaussian that is the background (µm): the widest finds what is red
#: itself; the slope depends on the choice, so that each is used in the interval
_BACKGROUNDS_UM = (5.0, 8.0, 12.0)
_WIDEST_UM, _REST_UM = 15.0, 8.0
#: what is red itself: robust SDs above the line; smoothed by and grown by (µm)
_FAR, _SMOOTH_UM, _GROWN_UM = 2.5, 1.0, 1.0
_ROUNDS, _CONVERGED = 6, 0.01
#: side of a tile of the bootstrap (µm), larger than a soma and its surroundings
_TILE_UM = 40.0
_FEWEST_TILES, _FEWEST_PIXELS, _FEWEST_SHARE = 8, 1000, 0.1
_DRAWS, _SEED, _LEVELS = 2000, 0, (2.5, 97.5)
#: faint red of cells that is not left out raises the slope: mean and SD of the error on
#: 48 simulated fields, as a share of the contrast of own red over that of green
_LEFT_OVER = 0.01, 0.0125
#: relative SD of what else is systematic, such as haze that is darker in somata
_RELATIVE_SD = 0.03


@dataclass(frozen=True)
class BleedThrough:
    """Bleed-through of green into red, with its 95 % interval.

    Parameters
    ----------
    slope
        Grey values of red per grey value of green, 0 or more; None where no estimate
        is possible.
    low, high
        Ends of the 95 % interval; None likewise.
    reason
        Why no estimate is possible, one sentence; empty where there is one.
    """

    slope: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""

    def __str__(self) -> str:
        """One line for people."""
        if self.slope is None:
            return f"Bleed-through of green into red: no estimate. {self.reason}"
        return (
            "Bleed-through of green into red: "
            f"{self.slope:.3g} grey values of red per grey value of green "
            f"(95 % interval {self.low:.3g} to {self.high:.3g})."
        )


def bleed_through(planes: MeanPlanes) -> BleedThrough:
    """Estimate the bleed-through of a recording from its mean images."""
    if planes.red is None or planes.green is None:
        missing = "red" if planes.red is None else "green"
        return BleedThrough(None, reason=f"There is no {missing} channel.")
    return estimate_bleed_through(planes.red, planes.green, planes.pixel_size_um)


def estimate_bleed_through(
    red: NDArray[np.float32], green: NDArray[np.float32], pixel_size_um: float
) -> BleedThrough:
    """Estimate the bleed-through, see the top of this module.

    Parameters
    ----------
    red, green
        (plane, y, x).
    pixel_size_um
        Edge of a pixel in µm.

    Returns
    -------
    Slope and interval, or the reason why there are none. The interval is that of a
    bootstrap over tiles of 40 µm, as neighbouring pixels are not independent.
    """
    for name, image in (("red", red), ("green", green)):
        if image.min() == image.max():
            return BleedThrough(
                None, reason=f"The {name} channel is the same everywhere."
            )
    joined = max(round(_PIXEL_UM / pixel_size_um), 1)
    pixel_um = joined * pixel_size_um
    fits = [_Window(*pair, pixel_um) for pair in _windows(red, green, joined)]
    usable = np.concatenate([fit.valid.ravel() for fit in fits]).mean()
    if usable < 0.5:
        return BleedThrough(
            None,
            reason=f"{1 - usable:.0%} of the pixels are at the end of the range of "
            "their channel (saturated, or cut off at the lowest value).",
        )
    if not _leave_out_red(fits):
        return BleedThrough(
            None, reason="Nearly all pixels are brighter in red than green explains."
        )
    return _with_interval(fits)


class _Window:
    """A part of a plane, without the pixels that are red themselves."""

    def __init__(
        self, red: NDArray[np.float64], green: NDArray[np.float64], pixel_um: float
    ) -> None:
        self.red, self.green, self.pixel_um = red, green, pixel_um
        self.valid = np.ones(red.shape, bool)
        for image in (red, green):
            # at the ends of the range a value can be cut off
            self.valid &= (image > image.min()) & (image < image.max())
        self.kept = self.valid

    def excess(self, slope: float) -> NDArray[np.float64]:
        """Red (y, x) beyond the line and the background of its surroundings."""
        rest = self.red - slope * self.green
        smooth = ndimage.gaussian_filter(rest, _SMOOTH_UM / self.pixel_um)
        return self._fine(smooth, _REST_UM)

    def leave_out(self, red: NDArray[np.bool_]) -> None:
        """Leave out pixels (y, x) that are red themselves, and those around them."""
        grown = max(round(_GROWN_UM / self.pixel_um), 1)
        self.kept = self.valid & ~ndimage.binary_dilation(red, iterations=grown)

    def sums(self, background_um: float) -> NDArray[np.float64]:
        """Sums of each tile (tile, [red times green, green times green, pairs])."""
        red, green = (
            image - image[self.kept].mean()
            for image in (
                self._fine(self.red, background_um),
                self._fine(self.green, background_um),
            )
        )
        tile = max(round(_TILE_UM / self.pixel_um), _LAG + 1)
        n_columns = -(-red.shape[1] // tile)
        rows, columns = np.indices(red.shape) // tile
        number = rows * n_columns + columns
        total = np.zeros((number.max() + 1, 3))
        for here, there in _pairs():
            pair = self.kept[here] & self.kept[there]
            which = number[here][pair]
            for image, weight in ((red, 0), (green, 1)):
                products = (
                    image[here][pair] * green[there][pair]
                    + image[there][pair] * green[here][pair]
                )
                total[:, weight] += np.bincount(which, products, len(total))
            total[:, 2] += np.bincount(which, minlength=len(total))
        return total

    def power(self, slope: float) -> NDArray[np.float64]:
        """Contrast of what is red itself and of green, squared and free of noise.

        Of all pixels, also of those that are left out; the sums of some windows add up.
        """
        total = np.zeros(2)
        for k, image in enumerate((self.red - slope * self.green, self.green)):
            fine = self._fine(image, _REST_UM) * self.valid
            total[k] = sum((fine[here] * fine[there]).sum() for here, there in _pairs())
        return total

    def _fine(
        self, image: NDArray[np.float64], background_um: float
    ) -> NDArray[np.float64]:
        return image - self._background(image, background_um)

    def _background(
        self, image: NDArray[np.float64], width_um: float
    ) -> NDArray[np.float64]:
        """Gaussian mean of the pixels that are kept: nothing red bleeds into it."""
        kept = self.kept.astype(np.float64)
        sigma = width_um / self.pixel_um
        weight = ndimage.gaussian_filter(kept, sigma)
        mean = ndimage.gaussian_filter(image * kept, sigma)
        return np.asarray(mean / np.maximum(weight, 1e-3))


def _leave_out_red(fits: list[_Window]) -> bool:
    """Leave out what is red itself; whether enough pixels remain."""
    slope = 0.0
    for _ in range(_ROUNDS):
        excess = [fit.excess(slope) for fit in fits]
        values = np.concatenate(
            [image[fit.kept] for image, fit in zip(excess, fits, strict=True)]
        )
        middle = np.median(values)
        limit = middle + _FAR * 1.4826 * np.median(np.abs(values - middle))
        for image, fit in zip(excess, fits, strict=True):
            fit.leave_out(image > limit)
        if np.mean([fit.kept.mean() for fit in fits]) < _FEWEST_SHARE:
            return False
        total = np.sum([fit.sums(_WIDEST_UM).sum(0) for fit in fits], axis=0)
        before, slope = slope, total[0] / total[1] if total[1] > 0 else 0.0
        if abs(slope - before) <= _CONVERGED * abs(slope):
            break
    return True


def _with_interval(fits: list[_Window]) -> BleedThrough:
    # (width of the background, tile, sum)
    sums = np.stack(
        [np.concatenate([fit.sums(width) for fit in fits]) for width in _BACKGROUNDS_UM]
    )
    sums = sums[:, (sums[:, :, 2] > 0).all(0)]
    n_tiles = sums.shape[1]
    if n_tiles < _FEWEST_TILES or sums[0, :, 2].sum() < _FEWEST_PIXELS:
        return BleedThrough(None, reason=_TOO_SMALL)
    rng = np.random.default_rng(_SEED)
    drawn = rng.integers(0, n_tiles, (_DRAWS, n_tiles))
    width = rng.integers(0, len(sums), _DRAWS)
    totals = sums[width[:, None], drawn].sum(1)
    if np.percentile(totals[:, 1], _LEVELS[0]) <= 0:
        return BleedThrough(None, reason=_NO_STRUCTURE)
    whole = sums.sum(1)
    slope = float(np.mean(whole[:, 0] / whole[:, 1]))
    own, green = np.sum([fit.power(slope) for fit in fits], axis=0)
    contrast = np.sqrt(max(own, 0.0) / green) if green > 0 else 0.0
    mean, sd = (contrast * share for share in _LEFT_OVER)
    # neither of these errors becomes smaller with more tissue
    slopes = totals[:, 0] / totals[:, 1] * rng.normal(1, _RELATIVE_SD, _DRAWS)
    slopes -= rng.normal(mean, sd, _DRAWS)
    low, high = np.percentile(slopes, _LEVELS)
    # there is no negative bleed-through
    estimate, low, high = (
        max(float(value), 0.0) for value in (slope - mean, low, high)
    )
    return BleedThrough(estimate, low, high)


def _pairs() -> Iterator[tuple[Any, Any]]:
    """Each pixel and its neighbour below, and each pixel and that to the right."""
    yield np.s_[_LAG:], np.s_[:-_LAG]
    yield np.s_[:, _LAG:], np.s_[:, :-_LAG]


def _windows(
    red: NDArray[np.float32], green: NDArray[np.float32], joined: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Parts of some planes, pixels joined: all of small planes, four of a large one."""
    planes = np.linspace(0, len(red) - 1, min(len(red), _MOST_WINDOWS)).astype(int)
    shares = (0.0, 1.0) if len(red) == 1 else (0.5,)
    side = _SIDE * joined
    tops, lefts = (
        sorted({round(share * max(length - side, 0)) for share in shares})
        for length in red.shape[1:]
    )
    for plane, top, left in product(planes, tops, lefts):
        part = np.s_[plane, top : top + side, left : left + side]
        first, second = (_joined(image[part], joined) for image in (red, green))
        yield first, second


def _joined(image: NDArray[np.float32], n: int) -> NDArray[np.float64]:
    """Means of blocks of n x n pixels; an incomplete block at the end is left out."""
    rows, columns = (length // n * n for length in image.shape)
    exact = {"dtype": np.float64}
    return np.asarray(
        block_reduce(image[:rows, :columns], n, np.mean, func_kwargs=exact)
    )
