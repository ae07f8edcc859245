"""Numbering the cells of a label image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def relabel_sequential(
    labels: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Number the cells of a label image from 1 without gaps.

    Labels that people paint or other programs write can be arbitrarily large, so that
    tables up to the largest label would not fit into memory.

    Parameters
    ----------
    labels
        Label image of any shape, 0 where there is no cell.

    Returns
    -------
    The label that each new number had before (index 0 is the background), and the
    renumbered image.
    """
    before, numbers = np.unique(np.append(labels, 0), return_inverse=True)
    return before, numbers[:-1].reshape(labels.shape).astype(np.int32)
