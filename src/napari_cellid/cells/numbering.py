"""Numbering the cells of a label image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.row_blocks import row_blocks

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
    if labels.ndim >= 2 and _fits_table(labels):
        return _relabel_by_table(labels)
    before, numbers = np.unique(np.append(labels, 0), return_inverse=True)
    return before, numbers[:-1].reshape(labels.shape).astype(np.int32)


def sum_by_label(
    labels: NDArray[np.int32], length: int, image: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Sum an image over each label, or count pixels; no array is as large as a plane.

    Parameters
    ----------
    labels
        (..., y, x), from 0 to `length` - 1.
    length
        Length of the result.
    image
        Of the same shape; None to count the pixels.

    Returns
    -------
    (label,): float64 sums, or whole numbers of pixels.
    """
    total = np.zeros(length, np.int64 if image is None else np.float64)
    for rows in row_blocks(labels.shape):
        weights = None if image is None else image[..., rows, :].ravel()
        total += np.bincount(labels[..., rows, :].ravel(), weights, minlength=length)
    return total


def replace_labels(labels: NDArray[np.int32], new: NDArray[np.int32]) -> None:
    """Replace each label by `new[label]`, in place."""
    for rows in row_blocks(labels.shape):
        labels[..., rows, :] = new[labels[..., rows, :]]


def _fits_table(labels: NDArray[Any]) -> bool:
    """Whether a table up to the largest label is no longer than the image."""
    if labels.dtype.kind not in "iu" or labels.dtype == np.uint64 or not labels.size:
        return False
    return int(labels.min()) >= 0 and int(labels.max()) <= labels.size


def _relabel_by_table(
    labels: NDArray[Any],
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    present = np.zeros(int(labels.max()) + 1, bool)
    present[0] = True
    for rows in row_blocks(labels.shape):
        present[labels[..., rows, :]] = True
    before = np.flatnonzero(present)
    number = np.cumsum(present, dtype=np.int32)
    number -= 1
    numbers = np.empty(labels.shape, np.int32)
    for rows in row_blocks(labels.shape):
        numbers[..., rows, :] = number[labels[..., rows, :]]
    return before, numbers
