"""The colour of each label of a layer, set quickly for tens of thousands of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.colours import UNCLASSIFIED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari.layers import Labels

#: largest label that has a colour of its own: without numba napari refuses larger ones
LARGEST_COLOURED = 2**16


def colour_labels(
    layer: Labels, labels: Iterable[int], colours: Iterable[str | None]
) -> None:
    """Give each label its colour (#rrggbb); None hides it, "" is that without class."""
    from napari.utils.colormaps import DirectLabelColormap

    colormap = DirectLabelColormap(color_dict={None: UNCLASSIFIED, 0: "transparent"})
    rgba: dict[str | None, _Colour] = {}
    for label, colour in zip(labels, colours, strict=True):
        if label > LARGEST_COLOURED:
            continue
        if colour not in rgba:
            rgba[colour] = _colour(colour)
        # not in the arguments, of which napari would convert every colour for itself:
        # for 50,000 cells that takes a second
        colormap.color_dict[int(label)] = rgba[colour]
    layer.colormap = colormap


class _Colour(np.ndarray):
    """RGBA, an array whose numbers are those of Python when it is iterated.

    napari makes a tuple of the colour of each label, twice, and looks it up: with the
    numbers of NumPy, which are made each time, this takes 2.5 times as long.
    """

    _numbers: list[float] | None

    def __array_finalize__(self, other: Any) -> None:
        """Forget the numbers of another array."""
        self._numbers = None

    def __iter__(self) -> Iterator[Any]:
        """Iterate over numbers that are made once."""
        if self._numbers is None:
            self._numbers = self.tolist()
        return iter(self._numbers)


def _colour(name: str | None) -> _Colour:
    from napari.utils.colormaps.standardize_color import transform_color

    shown = "transparent" if name is None else name or UNCLASSIFIED
    colour: _Colour = transform_color(shown)[0].view(_Colour)
    # or the numbers could be others than those of the array
    colour.flags.writeable = False
    return colour
