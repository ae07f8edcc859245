"""Statistics in which simulated and recorded mean images can be compared.

All lengths are in µm, so that images of any pixel size can stand side by side. The
offset and the gain of a detector are seldom known: nothing here depends on them.
Brightness is counted in shares of the range that a screen would show, from the 1st to
the 99.8th percentile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: percentiles that become 0 and 1
SHOWN = (1.0, 99.8)
#: frequencies (1/µm) by whose variance a spectrum is normalised: finer than uneven
#: light, and coarse enough for pixels of 2 µm
BAND = (0.01, 0.2)
#: periods longer than these are large-scale (µm)
COARSE_UM, FIELD_WIDE_UM = 40.0, 100.0
#: inside an outline, as shares of the way from its edge to its middle
_RIM, _CENTRE = 0.35, 0.6
#: what counts as the surroundings of an outline (µm)
_NEAR_UM, _FAR_UM = 2.0, 7.0
_FEWEST_PIXELS = 12


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Radially averaged power spectrum.

    Parameters
    ----------
    frequency
        (ring,) in cycles per µm.
    power
        (ring,) mean power density in µm² times the square of the image's unit; its
        integral over the plane of frequencies is the variance of the image.
    """

    frequency: NDArray[np.float64]
    power: NDArray[np.float64]

    def variance(self, low: float, high: float) -> float:
        """Variance of the image between two frequencies (1/µm)."""
        inside = (self.frequency >= low) & (self.frequency <= high)
        width = self.frequency[1] - self.frequency[0]
        return float((2 * np.pi * self.frequency * self.power * width)[inside].sum())

    def normalised(self, low: float = BAND[0], high: float = BAND[1]) -> Spectrum:
        """The spectrum of an image whose variance between two frequencies is 1."""
        return Spectrum(
            self.frequency, self.power / max(self.variance(low, high), 1e-300)
        )

    def at(self, frequency: float) -> float:
        """Mean power round a frequency (1/µm), 15 % to either side; nan beyond the last."""
        reach = 1.15
        if frequency > self.frequency[-1]:
            return float("nan")
        near = self.frequency >= frequency / reach
        near &= self.frequency <= frequency * reach
        if not near.any():
            return float(np.interp(frequency, self.frequency, self.power))
        return float(self.power[near].mean())

    def slope(self, low: float, high: float) -> float:
        """Exponent with which power goes with frequency, between two of them (1/µm)."""
        frequencies = np.geomspace(low, high, 8)
        power = np.array([self.at(frequency) for frequency in frequencies])
        good = power > 0
        if good.sum() < 2:
            return float("nan")
        return float(np.polyfit(np.log(frequencies[good]), np.log(power[good]), 1)[0])


def stretched(image: NDArray[np.generic]) -> NDArray[np.float64]:
    """Image (y, x) clipped to the range that a screen shows and brought to 0 to 1.

    An even image becomes 0 everywhere.
    """
    low, high = np.percentile(image, SHOWN)
    if high <= low:
        return np.zeros(image.shape)
    return np.clip((image.astype(np.float64) - low) / (high - low), 0, 1)


def radial_spectrum(image: NDArray[np.float64], pixel_size_um: float) -> Spectrum:
    """Radially averaged power spectrum of an image (y, x), up to half a cycle a pixel.

    A Hann window keeps the borders from counting as edges.
    """
    height, width = image.shape
    window = np.hanning(height + 2)[1:-1, None] * np.hanning(width + 2)[None, 1:-1]
    weight = window**2
    mean = (image * weight).sum() / weight.sum()
    transformed = np.fft.fft2(window * (image - mean))
    power = np.abs(transformed) ** 2 * pixel_size_um**2 / weight.sum()
    away = np.hypot(
        np.fft.fftfreq(height, pixel_size_um)[:, None],
        np.fft.fftfreq(width, pixel_size_um)[None, :],
    )
    step = 1 / (min(height, width) * pixel_size_um)
    ring = np.rint(away / step).astype(int)
    n_rings = int(0.5 / pixel_size_um / step) + 1
    total = np.bincount(ring.ravel(), power.ravel())[:n_rings]
    count = np.bincount(ring.ravel())[:n_rings]
    # the first ring is the mean, which is no structure
    return Spectrum(np.arange(1, n_rings) * step, total[1:] / count[1:])


def noise_floor(spectrum: Spectrum, pixel_size_um: float) -> float:
    """SD of the white noise that has the power of the finest fifth of frequencies.

    What structure is that fine counts with it: an upper bound of the noise of a pixel.
    """
    finest = spectrum.frequency >= 0.8 * spectrum.frequency[-1]
    return float(np.sqrt(spectrum.power[finest].mean()) / pixel_size_um)


def image_statistics(
    image: NDArray[np.generic], pixel_size_um: float
) -> dict[str, float]:
    """Statistics of one channel (y, x) that need no outlines of cells.

    Returns
    -------
    `power_<f>`: decimal logarithm of the power at f cycles/µm, where the variance in
    `BAND` is 1 (µm²; nan beyond half a cycle a pixel); `slope`: exponent from 0.03 to
    0.2 cycles/µm; `coarse` and `field_wide`: shares of the variance in periods above
    40 and 100 µm; `q<p>`: percentiles of the stretched image; `skew` of it; `noise`:
    see `noise_floor`, as a share of the range.
    """
    shown = stretched(image)
    raw = radial_spectrum(shown, pixel_size_um)
    spectrum = raw.normalised()
    total = max(raw.variance(0, BAND[1]), 1e-300)
    found = {
        f"power_{frequency}": float(np.log10(max(spectrum.at(frequency), 1e-300)))
        for frequency in (0.02, 0.05, 0.1, 0.2, 0.4)
    }
    found["slope"] = spectrum.slope(0.03, 0.2)
    found["coarse"] = raw.variance(0, 1 / COARSE_UM) / total
    found["field_wide"] = raw.variance(0, 1 / FIELD_WIDE_UM) / total
    for percent in (10, 50, 90, 98):
        found[f"q{percent}"] = float(np.percentile(shown, percent))
    spread = max(float(shown.std()), 1e-12)
    found["skew"] = float((((shown - shown.mean()) / spread) ** 3).mean())
    found["noise"] = noise_floor(raw, pixel_size_um)
    return found


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
    labels: NDArray[np.integer],
    pixel_size_um: float,
    keep_off: NDArray[np.bool_] | None = None,
) -> Contrast:
    """Brightness of the middle, the rim and the surroundings of outlines.

    Parameters
    ----------
    image
        (y, x).
    labels
        (y, x), 0 where there is no outline.
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
    arrays: tuple[NDArray[np.float64], NDArray[np.integer], NDArray[np.bool_]],
    pixel_size_um: float,
) -> tuple[float, float, float]:
    image, labels, taken = (array[box] for array in arrays)
    own = labels == number
    # of a cell at the field's edge the way to that edge is no way to a rim
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


def layout_statistics(
    labels: NDArray[np.integer], pixel_size_um: float
) -> dict[str, float]:
    """Number, size and neighbours of outlines (y, x).

    Returns
    -------
    `density` per mm²; `diameter` and `diameter_sd`: median and SD of the diameter of a
    disc of equal area (µm), of outlines that do not touch the border; `neighbour`:
    median distance of a centroid to the next one (µm); `regularity`: the mean of it
    over that of points thrown at random, below 1 in clusters (Clark and Evans).
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
        at_random = 0.5 / np.sqrt(len(numbers) / (area_mm2 * 1e6))
        found["regularity"] = float(nearest.mean() / at_random)
    return found


def _quantile(values: NDArray[np.float64], percent: float) -> float:
    known = values[~np.isnan(values)]
    return float(np.percentile(known, percent)) if len(known) else float("nan")
