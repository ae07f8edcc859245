"""Label images at another pixel size."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

L = TypeVar("L", bound=np.generic)


def rescale_labels(
    labels: NDArray[L], factor: float, shape: tuple[int, ...]
) -> NDArray[L]:
    """Resample a label image by nearest neighbour, so that no new labels arise.

    Parameters
    ----------
    labels
        (..., y, x).
    factor
        Output pixels per input pixel.
    shape
        Shape (y, x) of the output.
    """
    rows, columns = (
        np.clip(np.round((np.arange(n) + 0.5) / factor - 0.5).astype(int), 0, m - 1)
        for n, m in zip(shape, labels.shape[-2:], strict=True)
    )
    return labels[..., rows[:, None], columns]
