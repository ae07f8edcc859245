"""Axes of a TIFF file: time, plane and channel before y and x."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.recording.data import format_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_LEADING = "TZC"
_MEANING = {"T": "time points", "Z": "planes", "C": "channels"}


class Axes(NamedTuple):
    """The axes before y and x, in the file's order, and notes of assumptions."""

    letters: str
    sizes: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def page_table(self) -> NDArray[np.int64]:
        """Number of each page: (time, plane, channel)."""
        # pages lie in the file in the order of its axes, the last axis fastest
        table = np.arange(np.prod(self.sizes, dtype=np.int64)).reshape(self.sizes)
        present = [letter for letter in _LEADING if letter in self.letters]
        table = table.transpose([self.letters.index(letter) for letter in present])
        shape = [self.size(letter) for letter in _LEADING]
        return table.reshape(shape)

    def size(self, letter: str) -> int:
        """Length of an axis; 1 if the file does not have it."""
        if letter not in self.letters:
            return 1
        return self.sizes[self.letters.index(letter)]


def axes_from_user(
    axes: str, shapes: Sequence[tuple[int, ...]], file_name: str
) -> Axes:
    """Assign the axes that the user gave to the dimensions of a file.

    Parameters
    ----------
    axes
        Letters of T, Z, C, Y, X, one for each dimension, ending in YX.
    shapes
        Shapes of the file without and with dimensions of length 1.
    file_name
        The file's name, for messages.

    Raises
    ------
    InputError
        If the letters are not valid axes, or their number fits none of the shapes.
    """
    letters = normalise_axes(axes)
    # a user may name an axis of length 1 that tifffile drops, or leave it out
    for shape in shapes:
        if len(shape) == len(letters):
            return Axes(letters[:-2], shape[:-2])
    raise InputError(
        f"{file_name} has {len(shapes[0])} dimensions, {format_shape(shapes[0])}, but "
        f"the axes {letters} name {len(letters)}; give one letter for each dimension "
        "with --axes."
    )


def normalise_axes(axes: str) -> str:
    """Axes in capital letters, checked.

    Raises
    ------
    InputError
        If they are not T, Z and C at most once each, followed by YX.
    """
    letters = axes.strip().upper()
    leading = letters[:-2]
    valid = set(leading) <= set(_LEADING) and len(set(leading)) == len(leading)
    if not (letters.endswith("YX") and valid):
        raise InputError(
            f"The axes {axes!r} cannot be read; give T (time), Z (planes) and C "
            "(channels) at most once each, followed by YX, such as TYX or TCYX."
        )
    return letters


def axes_from_file(letters: str, shape: tuple[int, ...], file_name: str) -> Axes:
    """Take the axes from the file's header; one unknown axis is assumed to be time.

    Parameters
    ----------
    letters
        tifffile's code of each dimension, ending in YX.
    shape
        Length of each dimension.
    file_name
        The file's name, for messages.

    Raises
    ------
    InputError
        If more than one axis is unknown, or one is unknown and time is known.
    """
    if not letters.endswith("YX"):
        raise InputError(
            f"{file_name} has the axes {letters}, {format_shape(shape)}; save it again "
            "as images of Y rows and X columns, one page a time point, plane "
            "and channel."
        )
    # tifffile calls an axis that it cannot name I, Q or such; an axis of length 1
    # needs no name
    leading = [
        (letter if letter in _LEADING else "?", size)
        for letter, size in zip(letters[:-2], shape[:-2], strict=True)
        if size > 1
    ]
    names = "".join(letter for letter, _ in leading)
    sizes = tuple(size for _, size in leading)
    if "?" not in names and len(set(names)) == len(names):
        return Axes(names, sizes)
    # with a known time axis, the unknown one could be planes or channels alike
    if names.count("?") > 1 or "T" in names or len(set(names)) < len(names):
        raise InputError(
            f"{file_name} has the dimensions {format_shape(shape)}, and it does not "
            "say what all of them are; name them with --axes, such as --axes TZYX."
        )
    # one unknown axis is nearly always the frames of a movie
    pages = sizes[names.index("?")]
    assumed = names.replace("?", "T")
    other = names.replace("?", "Z") if "Z" not in names else names.replace("?", "C")
    note = (
        f"{file_name}: assumed that its {pages} pages are {_MEANING['T']}; "
        f"say --axes {other}YX if they are {_MEANING['C' if 'Z' in names else 'Z']}"
    )
    return Axes(assumed, sizes, (f"{note}.",))
