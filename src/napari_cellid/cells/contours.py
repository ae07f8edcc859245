"""Outline pixels of the cells of a label image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray


class OutlinePixels:
    """The pixels of every cell of a label image, sorted once.

    Painting the outline of a cell anew then costs as much as it has pixels, however
    many cells there are.

    Parameters
    ----------
    labels
        (plane, y, x), 0 where there is no cell.
    """

    def __init__(self, labels: NDArray[Any]) -> None:
        self._shape = labels.shape
        flat = np.flatnonzero(labels)
        numbers = labels.ravel()[flat]
        order = np.argsort(numbers, kind="stable")
        self._flat = flat[order]
        self._on_edge = _edges(labels).ravel()[self._flat]
        self._labels, starts = np.unique(numbers[order], return_index=True)
        self._bounds = np.append(starts, len(flat))

    def outline(self, label: int) -> tuple[NDArray[np.intp], ...]:
        """(plane, y, x) indices of a cell's outermost pixels; empty without a cell."""
        part = self._part(label)
        return self._unravelled(self._flat[part][self._on_edge[part]])

    def inside(self, label: int) -> tuple[NDArray[np.intp], ...]:
        """(plane, y, x) indices of the other pixels of a cell."""
        part = self._part(label)
        return self._unravelled(self._flat[part][~self._on_edge[part]])

    def draw(self, codes: Mapping[int, int], otherwise: int) -> NDArray[np.uint8]:
        """Draw all outlines.

        Parameters
        ----------
        codes
            What to write for the outline of a label.
        otherwise
            What to write for labels that are not in `codes`.

        Returns
        -------
        (plane, y, x), 0 where there is no outline.
        """
        image = np.zeros(self._shape, np.uint8)
        each = np.array([codes.get(int(k), otherwise) for k in self._labels], np.uint8)
        everywhere = np.repeat(each, np.diff(self._bounds))
        image.ravel()[self._flat[self._on_edge]] = everywhere[self._on_edge]
        return image

    def _part(self, label: int) -> slice:
        at = int(np.searchsorted(self._labels, label))
        if at == len(self._labels) or self._labels[at] != label:
            return slice(0, 0)
        return slice(int(self._bounds[at]), int(self._bounds[at + 1]))

    def _unravelled(self, flat: NDArray[np.intp]) -> tuple[NDArray[np.intp], ...]:
        return np.unravel_index(flat, self._shape)


def join_indices(
    parts: Iterable[tuple[NDArray[np.intp], ...]],
) -> tuple[NDArray[np.intp], ...]:
    """Join the indices of several cells into one set."""
    return tuple(np.concatenate(axis) for axis in zip(*parts, strict=True))


def _edges(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels with a neighbour in their plane that has another label."""
    edges = np.zeros(labels.shape, bool)
    for axis in (1, 2):
        before = [slice(None)] * 3
        after = [slice(None)] * 3
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        differs = labels[tuple(before)] != labels[tuple(after)]
        edges[tuple(before)] |= differs
        edges[tuple(after)] |= differs
    return edges
