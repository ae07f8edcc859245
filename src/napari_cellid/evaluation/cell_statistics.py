"""Contrast, size and places of outlined cells in simulated and recorded images.

Beside `image_statistics`, which needs no outlines. All lengths are in µm; brightness
has the unit of the image that is given (a share of the range on a screen, for
`image_statistics.stretched`).
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

#: inside an outline, as shares of the way from its edge to its middle
_RIM, _CENTRE = 0.35, 0.6
#: what counts as the surroundings of an outline (µm)
_NEAR_UM, _FAR_UM = 2.0, 7.0
_FEWEST_PIXELS = 12


@dataclass(frozen=True, eq=False)
class Contrast:
    """Brightness inside and round outlines: (cell,), nan where there is no room.

    Parameters
    ----------
    centre, rim
        Mean of the inner pixels and of those along the edge.
    around
        Median of what lies 2 to 7 µm outside and in no other outline.
    """

    centre: NDArray[np.float64]
    rim: NDArray[np.float64]
    around: NDArray[np.float64]


def measure_contrast(
    image: NDArray[np.float64],
    labels: _Labels,
    pixel_size_um: float,
    keep_off: NDArray[np.bool_] | None = None,
) -> Contrast:
    """Brightness of the middle, the rim and the surroundings of outlines.

    Parameters
    ----------
    image
        (y, x).
    labels
        (y, x), 0 where there is no outline. What lies beyond the image is no edge of
        an outline that the border cuts.
    pixel_size_um
        Pixel size.
    keep_off
        (y, x): pixels that do not count as surroundings, beside all outlines.
    """
    taken = labels > 0 if keep_off is None else (labels > 0) | keep_off
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
    """Of green cells: how far they and their rims stand out, in units of the image.

    Returns
    -------
    `ring` and `ring_high`: median and 90th percentile of rim over centre; `rings`:
    share of cells whose rim is brighter than the centre; `rim_low`, `rim`, `rim_high`:
    10th, 50th and 90th percentile of rim over surroundings.
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
    """Of red nuclei: 10th, 50th and 90th percentile of centre over surroundings."""
    nucleus = contrast.centre - contrast.around
    return {
        "nucleus_low": _quantile(nucleus, 10),
        "nucleus": _quantile(nucleus, 50),
        "nucleus_high": _quantile(nucleus, 90),
    }


def layout_statistics(labels: _Labels, pixel_size_um: float) -> dict[str, float]:
    """Number, size and neighbours of outlines (y, x).

    Returns
    -------
    `density` per mm²; `diameter` and `diameter_sd`: median and SD of the diameter of a
    disc of equal area (µm), of outlines that do not touch the border; `neighbour`:
    median distance of a centroid to the next one (µm); `regularity`: the mean of it
    over that of as many points thrown at random into the image, below 1 in clusters
    (Clark and Evans 1954, with Donnelly's correction for the border, 1978).
    """
    numbers, count = np.unique(labels[labels > 0], return_counts=True)
    area_mm2 = labels.size * pixel_size_um**2 * 1e-6
    border = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    whole = ~np.isin(numbers, border)
    diameter = 2 * np.sqrt(count[whole] / np.pi) * pixel_size_um
    found = {
        "density": len(numbers) / area_mm2,
        "diameter": _quantile(diameter, 50),
        "diameter_sd": float(diameter.std()) if len(diameter) else float("nan"),
        "neighbour": float("nan"),
        "regularity": float("nan"),
    }
    if len(numbers) > 1:
        place = np.array(ndimage.center_of_mass(labels > 0, labels, numbers))
        place = place * pixel_size_um
        nearest = cKDTree(place).query(place, 2)[0][:, 1]
        found["neighbour"] = float(np.median(nearest))
        sides = np.array(labels.shape) * pixel_size_um
        found["regularity"] = float(nearest.mean() / _at_random(len(numbers), sides))
    return found


def _at_random(n: int, sides: NDArray[np.float64]) -> float:
    """Mean distance to the next of n points thrown into a rectangle (Donnelly)."""
    border = 2 * float(sides.sum())
    middle = 0.5 * np.sqrt(float(sides.prod()) / n)
    return float(middle + (0.0514 + 0.041 / np.sqrt(n)) * border / n)


def _quantile(values: NDArray[np.float64], percent: float) -> float:
    known = values[~np.isnan(values)]
    return float(np.percentile(known, percent)) if len(known) else float("nan")
