"""What the numbers of a label image mean: cells, classes, or numbers used again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import dist
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: a number that covers more of a plane than this is no cell
_LARGEST_SHARE = 0.2
#: pieces of one number whose middles are farther apart than this (µm) are not one cell
_ONE_CELL_UM = 30.0
#: without a pixel size: in px
_ONE_CELL_PX = 30.0
#: far pieces smaller than this share of the largest piece are stray pixels
_STRAY = 0.2
#: from so many numbers with far pieces on, an 8-bit image has begun anew after 255
_WRAPPED = 3


def check_background(labels: NDArray[Any], name: str) -> tuple[NDArray[Any], str]:
    """Check that 0 is the background.

    Parameters
    ----------
    labels
        (plane, y, x), numbers of cells.
    name
        Name of the file, for messages.

    Returns
    -------
    The labels, and a note; "" if nothing was assumed. An image of two classes, such
    as 1 for background and 2 for cells, becomes one of 0 and 1.

    Raises
    ------
    InputError
        If another number covers most of the image.
    """
    numbers, counts = np.unique(labels, return_counts=True)
    most = numbers[counts.argmax()]
    share = counts.max() / labels.size
    if most == 0 or share <= _LARGEST_SHARE:
        return labels, ""
    if len(numbers) == 2 and numbers[0] > 0 and share > 0.5:
        return (labels != most).astype(np.uint8), (
            f"{name} holds the numbers {numbers[0]:g} and {numbers[1]:g}; {most:g}, "
            f"which covers {share:.0%} of it, was taken as the background."
        )
    raise InputError(
        f"The number {most:g} covers {share:.0%} of {name}, which is no cell; a label "
        "image has 0 for the background and a number for each cell: set the "
        "background to 0, or invert the mask."
    )


def separate_pieces(
    labels: NDArray[Any], name: str, pixel_size_um: float | None
) -> tuple[NDArray[Any], str]:
    """Give the far pieces of one number numbers of their own.

    Parameters
    ----------
    labels
        (plane, y, x), numbers of cells.
    name
        Name of the file, for messages.
    pixel_size_um
        Edge of a pixel in µm; None if it is unknown.

    Returns
    -------
    The labels, and a note; "" if nothing changed. Stray pixels far from a cell of
    their number are removed.

    Raises
    ------
    InputError
        If the numbers of an 8-bit image have begun anew after 255: then every 256th
        cell is lost.
    """
    far = _far_pieces(labels, pixel_size_um)
    if not far:
        return labels, ""
    n_numbers = len({piece.number for piece in far})
    if labels.dtype.itemsize == 1 and n_numbers >= _WRAPPED:
        raise InputError(
            f"{name} has 8 bits, and {n_numbers} of its numbers stand for pieces that "
            "lie far apart: numbers above 255 began anew, and every 256th cell is "
            "lost; save the labels with 16 bits."
        )
    renumbered = labels.astype(np.int64)
    next_number = int(renumbered.max()) + 1
    for number, piece in enumerate(
        (piece for piece in far if not piece.stray), next_number
    ):
        renumbered[piece.plane, piece.rows, piece.columns] = number
    for piece in far:
        if piece.stray:
            renumbered[piece.plane, piece.rows, piece.columns] = 0
    return renumbered, _note(name, far, n_numbers)


@dataclass(frozen=True, eq=False)
class _Piece:
    """A connected piece of pixels of one number."""

    plane: int
    number: float
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    stray: bool = False

    @property
    def middle(self) -> tuple[float, float]:
        return float(self.rows.mean()), float(self.columns.mean())


def _far_pieces(labels: NDArray[Any], pixel_size_um: float | None) -> list[_Piece]:
    """Pieces that lie too far from the largest piece of their number and plane."""
    limit = _ONE_CELL_UM / pixel_size_um if pixel_size_um else _ONE_CELL_PX
    far = []
    for k, plane in enumerate(labels):
        for own in _pieces(plane, k).values():
            largest = max(own, key=_size)
            far += [
                replace(piece, stray=len(piece.rows) < _STRAY * len(largest.rows))
                for piece in own
                if dist(piece.middle, largest.middle) > limit
            ]
    return far


def _pieces(plane: NDArray[Any], k: int) -> dict[float, list[_Piece]]:
    """Pieces of the numbers of a plane that have several."""
    from skimage.measure import label, regionprops

    connected = label(plane, connectivity=2)
    by_number: dict[float, list[_Piece]] = {}
    for region in regionprops(connected):
        rows, columns = region.coords.T
        number = float(plane[rows[0], columns[0]])
        by_number.setdefault(number, []).append(_Piece(k, number, rows, columns))
    return {number: own for number, own in by_number.items() if len(own) > 1}


def _size(piece: _Piece) -> int:
    return len(piece.rows)


def _note(name: str, far: list[_Piece], n_numbers: int) -> str:
    n_stray = sum(piece.stray for piece in far)
    done = []
    if len(far) > n_stray:
        done.append(f"{len(far) - n_stray} of them became cells of their own")
    if n_stray:
        done.append(f"{n_stray} small ones were left out")
    numbers = "1 number" if n_numbers == 1 else f"{n_numbers} numbers"
    return f"{name}: pieces of {numbers} lie far apart; {' and '.join(done)}."
