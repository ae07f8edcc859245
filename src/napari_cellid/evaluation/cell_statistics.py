"""Contrast, size and spacing of outlined cells in simulated and recorded images.

The module `image_statistics` has statistics without outlines. All lengths are in µm;
brightness has the unit of the image (for images from `stretch_to_display`, a share of
the displayed range).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Labels = NDArray[np.integer]
    _Arrays = tuple[NDArray[np.float64], _Labels, NDArray[np.bool_]]

#: rim and centre of a cell, as shares of the distance from its edge to its middle
_RIM, _CENTRE = 0.35, 0.6
#: distances from an outline (µm) that count as its surroundings
_NEAR_UM, _FAR_UM = 2.0, 7.0
_FEWEST_PIXELS = 12


@dataclass(frozen=True, eq=False)
class Contrast:
    """Brightness inside and around outlines: (cell,), NaN without enough pixels.

    Parameters
    ----------
    centre, rim
        Mean of the inner pixels, and of the pixels along the edge.
    around
        Median of the pixels 2 to 7 µm outside that are in no other outline.
    """

    centre: NDArray[np.float64]
    rim: NDArray[np.float64]
    around: NDArray[np.float64]


def measure_contrast(
    image: NDArray[np.float64],
    labels: _Labels,
    pixel_size_um: float,
    excluded: NDArray[np.bool_] | None = None,
) -> Contrast:
    """Measure the brightness of the centre, rim and surroundings of outlines.

    Parameters
    ----------
    image
        (y, x).
    labels
        (y, x), 0 for background. The border of the image is not an edge of the outlines
        that it cuts.
    pixel_size_um
        Pixel size in µm.
    excluded
        (y, x): pixels that do not count as surroundings, in addition to all outlines.
    """
    taken = labels > 0 if excluded is None else (labels > 0) | excluded
    margin = int(np.ceil(_FAR_UM / pixel_size_um)) + 1
    rows = [
        _contrast_of(number, _grown(box, margin), (image, labels, taken), pixel_size_um)
        for number, box in enumerate(ndimage.find_objects(labels), 1)
        if box is not None
    ]
    table = np.array(rows, np.float64).reshape(-1, 3)
    return Contrast(*table.T)


def _grown(box: tuple[slice, ...], margin: int) -> tuple[slice, ...]:
    return tuple(slice(max(s.start - margin, 0), s.stop + margin) for s in box)


def _contrast_of(
    number: int,
    box: tuple[slice, ...],
    arrays: _Arrays,
    pixel_size_um: float,
) -> tuple[float, float, float]:
    image, taken = arrays[0][box], arrays[2][box]
    own = np.asarray(arrays[1][box] == number, np.bool_)
    if own.all():  # no edge at all
        return (float(image.mean()), float("nan"), float("nan"))
    # to the edge of a pixel: the transform measures to the middle of the next one
    deep = ndimage.distance_transform_edt(own) - 0.5
    share = deep / max(float(deep.max()), 0.5)
    away = (ndimage.distance_transform_edt(~own) - 0.5) * pixel_size_um
    around = (away >= _NEAR_UM) & (away <= _FAR_UM) & ~taken
    rim, centre = own & (share <= _RIM), own & (share >= _CENTRE)
    return (
        float(image[centre].mean()) if centre.any() else float("nan"),
        float(image[rim].mean()) if rim.any() else float("nan"),
        float(np.median(image[around]))
        if around.sum() >= _FEWEST_PIXELS
        else float("nan"),
    )


def ring_statistics(contrast: Contrast) -> dict[str, float]:
    """Contrast of green cells and of their rims, in units of the image.

    Returns
    -------
    `ring` and `ring_high`: median and 90th percentile of rim minus centre; `rings`:
    share of cells with a rim brighter than the centre; `rim_low`, `rim`, `rim_high`:
    10th, 50th and 90th percentile of rim minus surroundings.
    """
    ring = contrast.rim - contrast.centre
    rim = contrast.rim - contrast.around
    known = ring[~np.isnan(ring)]
    return {
        "ring": _quantile(ring, 50),
        "ring_high": _quantile(ring, 90),
        "rings": float((known > 0).mean()) if len(known) else float("nan"),
        "rim_low": _quantile(rim, 10),
        "rim": _quantile(rim, 50),
        "rim_high": _quantile(rim, 90),
    }


def nucleus_statistics(contrast: Contrast) -> dict[str, float]:
    """Contrast of red nuclei: percentiles 10, 50, 90 of centre minus surroundings."""
    nucleus = contrast.centre - contrast.around
    return {
        "nucleus_low": _quantile(nucleus, 10),
        "nucleus": _quantile(nucleus, 50),
        "nucleus_high": _quantile(nucleus, 90),
    }


def layout_statistics(labels: _Labels, pixel_size_um: float) -> dict[str, float]:
    """Density, size and spacing of outlines (y, x).

    Returns
    -------
    `density` per mm²; `diameter` and `diameter_sd`: median and SD of the diameter of a
    disc of equal area (µm), of outlines that do not touch the border; `neighbour`:
    median distance of a centroid to the nearest other one (µm); `regularity`: mean
    nearest-neighbour distance divided by that of random points, below 1 for clusters
    (Clark and Evans 1954, with the border correction of Donnelly 1978).
    """
    numbers, count = np.unique(labels[labels > 0], return_counts=True)
    area_mm2 = labels.size * pixel_size_um**2 * 1e-6
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    whole = ~np.isin(numbers, border)
    diameter = 2 * np.sqrt(count[whole] / np.pi) * pixel_size_um
    statistics = {
        "density": len(numbers) / area_mm2,
        "diameter": _quantile(diameter, 50),
        "diameter_sd": float(diameter.std()) if len(diameter) else float("nan"),
        "neighbour": float("nan"),
        "regularity": float("nan"),
    }
    if len(numbers) > 1:
        place = np.array(ndimage.center_of_mass(labels > 0, labels, numbers))
        place = place * pixel_size_um
        # two, because the nearest point of each is itself
        nearest = cKDTree(place).query(place, 2)[0][:, 1]
        statistics["neighbour"] = float(np.median(nearest))
        sides = np.array(labels.shape) * pixel_size_um
        statistics["regularity"] = float(
            nearest.mean() / _random_distance(len(numbers), sides)
        )
    return statistics


def _random_distance(n: int, sides: NDArray[np.float64]) -> float:
    """Mean nearest-neighbour distance of n random points in a rectangle (Donnelly)."""
    border = 2 * float(sides.sum())
    middle = 0.5 * np.sqrt(float(sides.prod()) / n)
    return float(middle + (0.0514 + 0.041 / np.sqrt(n)) * border / n)


def _quantile(values: NDArray[np.float64], percent: float) -> float:
    known = values[~np.isnan(values)]
    return float(np.percentile(known, percent)) if len(known) else float("nan")
