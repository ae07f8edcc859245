"""Properties of a recording that say whether a model knows such recordings.

All are measured from what a run has anyway, and none depends on the gain or the offset
of a detector. A property that cannot be measured is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from scipy import ndimage

from napari_cellid.cells.none_of_these import is_none
from napari_cellid.cells.size_check import median_diameter_px
from napari_cellid.channels.normalisation import ROBUST, value_range

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.channels.bleed_through import BleedThrough
    from napari_cellid.recording import MeanPlanes

Property = Literal[
    "noise_green",
    "noise_red",
    "cut_bright",
    "cut_dark",
    "unevenness",
    "soma_diameter_um",
    "density_per_mm2",
    "red_fraction",
    "bleed_through",
]
PROPERTIES: tuple[Property, ...] = get_args(Property)

#: second differences along both axes: straight edges and slopes of the image do not
#: count as noise (Immerkær, 1996); of white noise with SD 1 the SD is 1
_SECOND_DIFFERENCES = np.outer([1, -2, 1], [1, -2, 1]).astype(np.float32) / 6
#: median absolute deviation of a normal distribution with SD 1. Not from scipy.stats,
#: which takes half a second to import
_MAD_OF_NORMAL = 0.6744897501960817
#: fewer cells say little about their number and their classes
_FEWEST_CELLS = 20
#: a plane is cut into a grid of so many parts along y and x to compare their brightness
_GRID = 4


def noise(image: NDArray[np.float32], pixel_um: float) -> float | None:
    """Noise of a channel after averaging over 1 µm², as a share of its range.

    The SD of the noise of a pixel is estimated robustly from second differences, and
    multiplied by the edge of a pixel, because the mean of n pixels has 1/√n of it. The
    range is that of the normalisation, so that this is what a network sees.

    Parameters
    ----------
    image
        (plane, y, x).
    pixel_um
        Edge of a pixel in µm.

    Returns
    -------
    The median over the planes; None if all of them are the same everywhere.
    """
    shares = []
    for plane in image:
        low, high = value_range(plane, ROBUST)
        if high > low:
            differences = ndimage.correlate(plane, _SECOND_DIFFERENCES, mode="reflect")
            deviations = np.abs(differences - np.median(differences))
            sd = float(np.median(deviations)) / _MAD_OF_NORMAL
            shares.append(sd / (high - low) * pixel_um)
    return float(np.median(shares)) if shares else None


def cut_share(image: NDArray[np.float32], end: Literal["bright", "dark"]) -> float:
    """Share of the pixels at one end of the range of a channel, where values were cut.

    Constant borders, as registration leaves them, count at the dark end.

    Parameters
    ----------
    image
        (plane, y, x).
    end
        Whether pixels at the highest or at the lowest value of a plane count.

    Returns
    -------
    The largest share of a plane; one pixel of it is always at each end.
    """
    extreme = np.max if end == "bright" else np.min
    return max(float((plane == extreme(plane)).mean()) for plane in image)


def unevenness(image: NDArray[np.float32]) -> float | None:
    """Brightness of the brightest sixteenth of a plane over that of the dimmest.

    Compared are medians of 4 x 4 parts, above the 1st percentile of the plane.

    Parameters
    ----------
    image
        (plane, y, x).

    Returns
    -------
    The median over the planes; None if a part is as dark as the 1st percentile.
    """
    ratios = []
    for plane in image:
        black = np.percentile(plane, ROBUST.low)
        rows = np.array_split(plane, _GRID)
        parts = [p for r in rows for p in np.array_split(r, _GRID, axis=1)]
        levels = [float(np.percentile(p, 95) - black) for p in parts]
        if min(levels) <= 0:
            return None
        ratios.append(max(levels) / min(levels))
    return float(np.median(ratios)) if ratios else None


def soma_diameter(cells: pd.DataFrame, planes: MeanPlanes) -> float | None:
    """Median diameter (µm) of outlines, as discs of the same area; None of too few.

    The scale is that at which the models see the images: with a diameter that was given
    it is that of the diameter.
    """
    diameter = median_diameter_px(cells, planes)
    return None if diameter is None else diameter * planes.network_pixel_um


def density(cells: pd.DataFrame, planes: MeanPlanes) -> float | None:
    """Outlined cells per mm² of the planes, at the scale of the models; None of few."""
    if len(cells) < _FEWEST_CELLS:
        return None
    n_planes, rows, columns = planes.shape
    side_mm = planes.network_pixel_um / 1000
    return len(cells) / (n_planes * rows * columns * side_mm**2)


def red_fraction(cells: pd.DataFrame, red_classes: Collection[str]) -> float | None:
    """Share of the cells with a class whose class is red; None of too few."""
    classified = cells["predicted"][(cells["predicted"] != "") & ~is_none(cells)]
    if len(classified) < _FEWEST_CELLS:
        return None
    return float(classified.isin(list(red_classes)).mean())


def bleed_share(planes: MeanPlanes, estimate: BleedThrough) -> float | None:
    """Bleed-through of the brightest green, as a share of the range of red.

    The lower end of the interval counts, so that an uncertain estimate warns nobody.
    What is subtracted before classification does not count.
    """
    if planes.red is None or planes.green is None or estimate.low is None:
        return None
    red, green = (
        float(np.ptp(value_range(image, ROBUST)))
        for image in (planes.red, planes.green)
    )
    if red == 0:
        return None
    return max(estimate.low - planes.bleed_through, 0.0) * green / red


def measure_properties(
    planes: MeanPlanes,
    cells: pd.DataFrame,
    red_classes: Collection[str] | None,
    bleed: BleedThrough | None,
) -> dict[Property, float]:
    """Measure all properties that can be measured.

    Parameters
    ----------
    planes
        Mean images.
    cells
        Cell table, with classes where cells were classified.
    red_classes
        Names of the classes whose cells are red; None where nobody knows.
    bleed
        Estimate of the bleed-through; None without one.

    Returns
    -------
    In the order of `PROPERTIES`, and in the units that the functions of this module
    state; what cannot be measured is left out.
    """
    images = {"green": planes.green, "red": planes.red}
    # a channel that is the same everywhere has neither noise nor values that were cut
    channels = {
        name: image
        for name, image in images.items()
        if image is not None and image.min() < image.max()
    }
    values: dict[Property, float | None] = dict.fromkeys(PROPERTIES)
    for name, image in channels.items():
        key: Property = "noise_green" if name == "green" else "noise_red"
        values[key] = noise(image, planes.network_pixel_um)
    if channels:
        ends: tuple[tuple[Property, Literal["bright", "dark"]], ...]
        ends = ("cut_bright", "bright"), ("cut_dark", "dark")
        for key, end in ends:
            values[key] = max(cut_share(image, end) for image in channels.values())
    if "green" in channels:
        values["unevenness"] = unevenness(channels["green"])
    values["soma_diameter_um"] = soma_diameter(cells, planes)
    values["density_per_mm2"] = density(cells, planes)
    if red_classes is not None:
        values["red_fraction"] = red_fraction(cells, red_classes)
    if bleed is not None:
        values["bleed_through"] = bleed_share(planes, bleed)
    return {name: value for name, value in values.items() if value is not None}
