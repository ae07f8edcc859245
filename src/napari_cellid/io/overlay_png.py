"""The composite picture with coloured outlines, a legend and a scale bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_cellid.cells.measure import count_classes
from napari_cellid.cells.none_of_these import count_none
from napari_cellid.cells.numbering import relabel_sequential
from napari_cellid.channels.normalisation import DISPLAY, normalise
from napari_cellid.colours import (
    NONE_COLOUR,
    UNCLASSIFIED,
    class_colours,
    prediction_colours,
)
from napari_cellid.config import NO_CLASS_TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes

#: planes beyond these are not drawn: the picture would be too large
_MOST_PLANES = 24
#: side (inches) of a plane in the picture, and pixels per inch
_SIDE, _DPI = 9.0, 120
#: height (inches) of the title of a plane, of a row of the legend below all, and of the
#: space around that
_TITLE, _LEGEND_ROW, _LEGEND_SPACE = 0.3, 0.25, 0.35
#: width (inches) of a letter of the legend, on average, and of the line before a text
#: with the space after it
_LETTER, _LINE = 0.1, 0.8


def composite(planes: MeanPlanes, plane: int) -> NDArray[np.float32]:
    """Red and green of one plane as (y, x, 3), 0 to 1.

    Green is shown in part on the blue channel too, so that it differs from red by
    more than hue.
    """
    nothing = np.zeros(planes.shape[1:], np.float32)
    red, green = (
        nothing if channel is None else normalise(channel[plane], DISPLAY)
        for channel in (planes.red, planes.green)
    )
    # a square root makes faint cells visible
    red, green = np.sqrt(red), np.sqrt(green)
    return np.stack([red, green * 0.85, green * 0.35], axis=-1)


def save_overlay(
    path: Path,
    planes: MeanPlanes,
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    classes: Sequence[str] | Mapping[str, str],
) -> None:
    """Draw the planes (the first 24) with cells outlined in their classes' colours.

    Parameters
    ----------
    path
        A .png file.
    planes
        Mean images.
    labels
        (plane, y, x) of the same shape.
    cells
        Cell table: `label`, `plane` and `predicted` are read.
    classes
        Names of the classes, with or without their colours (#rrggbb); empty where
        cells were only outlined.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    n_planes, height, width = planes.shape
    shown = min(n_planes, _MOST_PLANES)
    columns = min(shown, 3)
    rows = -(-shown // columns)
    scale = _SIDE / max(height, width)
    tile = _Tile(width * scale, height * scale, _TITLE if n_planes > 1 else 0)
    across = columns * tile.width
    entries = _legend_entries(cells, classes)
    in_row = entries_in_row([text for _, text in entries], across)
    legend = -(-len(entries) // in_row) * _LEGEND_ROW + _LEGEND_SPACE
    size = across, rows * (tile.height + tile.title) + legend
    figure = Figure(
        figsize=size, dpi=_DPI if columns == 1 else _DPI * 0.75, facecolor="black"
    )
    # not pyplot, which keeps figures alive and is not made for threads
    FigureCanvasAgg(figure)
    colours = prediction_colours(class_colours(classes))
    predicted = dict(zip(cells["label"], cells["predicted"], strict=True))
    for plane in range(shown):
        row, column = divmod(plane, columns)
        # places are computed: a layout engine would draw everything once more
        axis = figure.add_axes(tile.place(row, column, size))
        axis.set_axis_off()
        # without ticks, which would be measured although they are not drawn
        axis.set(xticks=[], yticks=[])
        axis.imshow(composite(planes, plane), interpolation="nearest")
        _outlines(axis, labels[plane], predicted, colours)
        if n_planes > 1:
            axis.set_title(f"plane {plane}", color="white", fontsize=11, y=1)
        _scale_bar(axis, planes)
    _legend(figure, entries, in_row)
    # compressed a little: the picture is drawn at each saving
    figure.savefig(path, facecolor="black", pil_kwargs={"compress_level": 1})


class _Tile(NamedTuple):
    """Place of one plane in the picture (inches)."""

    width: float
    height: float
    title: float

    def place(
        self, row: int, column: int, size: tuple[float, float]
    ) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of the image, as shares of the picture."""
        gap = 0.03
        left = column * self.width + gap
        bottom = size[1] - (row + 1) * (self.height + self.title) + gap
        width, height = self.width - 2 * gap, self.height - 2 * gap
        return left / size[0], bottom / size[1], width / size[0], height / size[1]


def _outlines(
    axis: Any,
    labels: NDArray[np.int32],
    predicted: Mapping[int, str],
    colours: Mapping[str, str],
) -> None:
    from matplotlib.collections import LineCollection
    from scipy.ndimage import find_objects
    from skimage.measure import find_contours

    numbers, dense = relabel_sequential(labels)
    lines, shades = [], []
    for k, (number, box) in enumerate(
        zip(numbers[1:].tolist(), find_objects(dense), strict=True), 1
    ):
        # padded, so that contours close at the border of the box
        mask = np.pad(dense[box] == k, 1).astype(float)
        origin = np.array([box[1].start - 1, box[0].start - 1])
        for contour in find_contours(mask, 0.5):
            lines.append(contour[:, ::-1] + origin)
            shades.append(colours.get(predicted.get(number, ""), UNCLASSIFIED))
    axis.add_collection(LineCollection(lines, colors=shades, linewidths=1.3))


def _scale_bar(axis: Any, planes: MeanPlanes) -> None:
    _, height, width = planes.shape
    length_um = scale_bar_um(width * planes.pixel_size_um)
    length = length_um / planes.pixel_size_um
    x, y = 0.03 * width, 0.965 * height
    axis.plot(
        [x, x + length], [y, y], color="white", linewidth=4, solid_capstyle="butt"
    )
    axis.text(
        x + length / 2, y - 0.012 * height, f"{length_um:g} µm",
        color="white", ha="center", va="bottom", fontsize=11,
    )  # fmt: skip


def scale_bar_um(field_um: float) -> float:
    """A round length (µm) of about a fifth of the field."""
    wanted = field_um / 5
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(max(step * power for step in (1, 2, 5) if step * power <= wanted))


def _legend_entries(
    cells: pd.DataFrame, classes: Sequence[str] | Mapping[str, str]
) -> list[tuple[str, str]]:
    """Colour and text of each entry."""
    if not classes:
        return [(UNCLASSIFIED, f"cell ({len(cells)})")]
    counts = count_classes(cells, list(classes))
    colours = class_colours(classes)
    entries = [(colours[name], f"{name} ({n})") for name, n in counts.items()]
    if n_none := count_none(cells):
        entries.append((NONE_COLOUR, f"{NO_CLASS_TEXT} ({n_none})"))
    return entries


def entries_in_row(texts: Sequence[str], width: float) -> int:
    """How many entries of a legend stand in a row of some width (inches).

    The legend is filled column by column, and a column is as wide as its widest text.
    """
    for number in range(len(texts), 1, -1):
        parts = np.array_split([_LETTER * len(text) + _LINE for text in texts], number)
        if sum(part.max() for part in parts) <= width:
            return number
    return 1


def _legend(figure: Any, entries: Sequence[tuple[str, str]], in_row: int) -> None:
    from matplotlib.lines import Line2D

    figure.legend(
        handles=[Line2D([], [], color=c, linewidth=3, label=t) for c, t in entries],
        loc="lower center",
        ncols=in_row,
        frameon=False,
        labelcolor="white",
        fontsize=12,
    )
