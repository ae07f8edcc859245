"""Images of a movie besides its mean: maximum, and correlation of neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: frames that are averaged before the maximum is taken, lest it shows noise alone
_TOGETHER = 5


class Projections:
    """Takes projections of a movie that is read block by block.

    Parameters
    ----------
    shape
        (plane, y, x).
    """

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._maximum = np.full(shape, -np.inf, np.float32)
        self._first: NDArray[np.float32] | None = None
        self._n = np.zeros(shape)
        self._sum, self._squares = np.zeros(shape), np.zeros(shape)
        planes, height, width = shape
        self._down = np.zeros((planes, height - 1, width))
        self._right = np.zeros((planes, height, width - 1))

    def add(self, block: NDArray[np.float32]) -> None:
        """Add some frames (time, plane, y, x), which are numbers or NaN."""
        for start in range(0, len(block), _TOGETHER):
            mean = block[start : start + _TOGETHER].mean(0)
            np.fmax(self._maximum, mean, out=self._maximum)
        if self._first is None:
            # sums of small differences are exact, those of large values are not
            self._first = np.nan_to_num(block[0])
        for frame in block:
            seen = np.isfinite(frame)
            step = np.where(seen, frame - self._first, 0).astype(np.float64)
            self._n += seen
            self._sum += step
            self._squares += step * step
            self._down += step[:, 1:] * step[:, :-1]
            self._right += step[:, :, 1:] * step[:, :, :-1]

    def images(self) -> dict[str, NDArray[np.float32]]:
        """The projections (plane, y, x), by name.

        `max`: the largest mean of five frames that follow one another. `correlation`:
        the mean correlation over time with the two to four pixels beside, -1 to 1; it
        is 0 for a pixel that never changes.
        """
        maximum = np.where(np.isfinite(self._maximum), self._maximum, 0)
        return {"max": maximum.astype(np.float32), "correlation": self._correlation()}

    def _correlation(self) -> NDArray[np.float32]:
        n = np.maximum(self._n, 1)
        mean = self._sum / n
        spread = np.sqrt(np.maximum(self._squares / n - mean**2, 0))
        total, count = np.zeros(mean.shape), np.zeros(mean.shape)
        for products, first, second in (
            (self._down, np.s_[:, 1:], np.s_[:, :-1]),
            (self._right, np.s_[:, :, 1:], np.s_[:, :, :-1]),
        ):
            both = np.minimum(n[first], n[second])
            covariance = products / both - mean[first] * mean[second]
            scale = spread[first] * spread[second]
            pair = np.divide(
                covariance, scale, out=np.zeros_like(scale), where=scale > 0
            )
            for part in (first, second):
                total[part] += pair
                count[part] += 1
        return np.clip(total / np.maximum(count, 1), -1, 1).astype(np.float32)
