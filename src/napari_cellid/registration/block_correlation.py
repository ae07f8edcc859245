"""Correlations of maps block by block, from which a transform of the field is found.

Small blocks are only shifted, whatever the transform of the field, within a pixel or
two. The correlations of a block at all shifts are computed once; a transform shifts
each block by its own amount, and its agreement is a sum of what is there already.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: blocks along y and along x
_BLOCKS = 6


@dataclass(frozen=True, eq=False)
class BlockCorrelations:
    """Products of the maps of two images, summed over each block, at all shifts.

    Parameters
    ----------
    products
        (block, pair of maps, y shift, x shift).
    pixels
        (block, y shift, x shift): pixels of the block that the shifted image covers.
    middles
        (block, 2): middle of each block in px.
    shape
        Rows and columns of the field.
    """

    products: NDArray[np.float32]
    pixels: NDArray[np.float32]
    middles: NDArray[np.float64]
    shape: tuple[int, int]

    @classmethod
    def of(
        cls, fixed: NDArray[np.float32], moving: NDArray[np.float32], reach: int
    ) -> BlockCorrelations:
        """Correlate two sets of maps (map, plane, y, x) at shifts up to `reach` px."""
        shape = fixed.shape[2], fixed.shape[3]
        room = ((0, 0), (0, 0), (reach, reach), (reach, reach))
        padded = np.pad(moving, room)
        products, pixels, middles = [], [], []
        for rows in _parts(shape[0]):
            for columns in _parts(shape[1]):
                here = fixed[:, :, rows, columns]
                around = padded[
                    :, :,
                    rows.start : rows.stop + 2 * reach,
                    columns.start : columns.stop + 2 * reach,
                ]  # fmt: skip
                products.append(_products(here, around, reach))
                covered = [
                    _covered(part, n, reach)
                    for part, n in ((rows, shape[0]), (columns, shape[1]))
                ]
                pixels.append(np.outer(*covered) * fixed.shape[1])
                middles.append(
                    [(part.start + part.stop - 1) / 2 for part in (rows, columns)]
                )
        return cls(
            np.stack(products),
            np.stack(pixels).astype(np.float32),
            np.array(middles),
            shape,
        )

    def agreement(self, linear: NDArray[np.float64]) -> NDArray[np.float64]:
        """Agreement (y shift, x shift) where a field is also turned or scaled.

        Parameters
        ----------
        linear
            (2, 2), about the middle of the field.
        """
        middle = (np.array(self.shape) - 1) / 2
        own = np.rint((self.middles - middle) @ (linear - np.eye(2)).T).astype(int)
        products = np.zeros(self.products.shape[1:])
        pixels = np.zeros(self.pixels.shape[1:])
        for (y, x), product, count in zip(
            own.tolist(), self.products, self.pixels, strict=True
        ):
            to, source = _shifted(pixels.shape, y, x)
            products[:, *to] += product[:, *source]
            pixels[to] += count[source]
        # where little of the field is left, chance agrees best
        enough = pixels > 0.5 * self.pixels[:, self._zero, self._zero].sum()
        correlations = products / np.maximum(pixels, 1)
        return np.where(enough, (correlations**2).sum(0), 0.0)

    def paired_surfaces(self) -> NDArray[np.float64]:
        """(block, y shift, x shift): spline of the agreement near no shift.

        The maps are paired as they agree without a shift, so that the agreement is one
        sum of products, of which blocks have shares.
        """
        zero = self._zero
        sums = self.products.sum(0, dtype=np.float64)
        pixels = self.pixels.sum(0, dtype=np.float64)
        smooth = ndimage.gaussian_filter(sums / pixels, (0, 1, 1))
        weights = smooth[:, zero, zero]
        surfaces = np.einsum("p,bpyx->byx", weights, self.products)
        # a block at the edge has fewer pixels when it is shifted outwards
        share = self.pixels / self.pixels[:, zero, zero, None, None]
        surfaces = surfaces / np.maximum(share, 0.5)
        for axis in (1, 2):
            surfaces = ndimage.spline_filter1d(surfaces, 3, axis, mode="nearest")
        return np.asarray(surfaces)

    @property
    def _zero(self) -> int:
        return int(self.pixels.shape[1]) // 2


def _parts(n: int) -> list[slice]:
    ends = np.linspace(0, n, _BLOCKS + 1).round().astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(ends)]


def _covered(part: slice, n: int, reach: int) -> NDArray[np.intp]:
    """How many places of a part lie in the image after each shift."""
    steps = np.arange(-reach, reach + 1)
    covered = np.minimum(part.stop + steps, n) - np.maximum(part.start + steps, 0)
    return np.asarray(np.maximum(covered, 0), np.intp)


def _products(
    here: NDArray[np.float32], around: NDArray[np.float32], reach: int
) -> NDArray[np.float32]:
    size = [fft.next_fast_len(n, real=True) for n in around.shape[2:]]
    first = np.conj(fft.rfft2(here, size))
    second = fft.rfft2(around, size)
    cross = np.einsum("apyx,bpyx->abyx", first, second)
    n = 2 * reach + 1
    found = fft.irfft2(cross, size)[:, :, :n, :n]
    return np.asarray(found.reshape(-1, n, n), np.float32)


def _shifted(
    shape: tuple[int, ...], y: int, x: int
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where values go, and where they come from, when a block is moved by (y, x)."""
    to, source = zip(
        *(
            (slice(max(-d, 0), n - max(d, 0)), slice(max(d, 0), n - max(-d, 0)))
            for n, d in zip(shape, (y, x), strict=True)
        ),
        strict=True,
    )
    return to, source
