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

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Image = NDArray[np.float64] | NDArray[np.float32] | NDArray[np.integer]

#: percentiles that become 0 and 1
SHOWN = (1.0, 99.8)
#: frequencies (1/µm) by whose variance a spectrum is normalised: finer than uneven
#: light, and coarse enough for pixels of 2 µm
BAND = (0.01, 0.2)
#: periods longer than these are large-scale (µm)
COARSE_UM, FIELD_WIDE_UM = 40.0, 100.0
#: factor to both sides of a frequency within which power is averaged
_REACH = 1.15


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
        """The spectrum of an image whose variance between two frequencies is 1.

        Where there is no variance, all power is nan.
        """
        variance = self.variance(low, high) or float("nan")
        return Spectrum(self.frequency, self.power / variance)

    def at(self, frequency: float) -> float:
        """Mean power within 15 % of a frequency (1/µm); nan where no ring is.

        Where fewer than three rings are that near, between the two next to it.
        """
        if not self.frequency[0] <= frequency <= self.frequency[-1]:
            return float("nan")
        near = self.frequency >= frequency / _REACH
        near &= self.frequency <= frequency * _REACH
        if near.sum() < 3:
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


def stretch_to_display(image: _Image) -> NDArray[np.float64]:
    """Image (y, x) clipped to the range that a screen shows and brought to 0 to 1.

    An even image becomes 0 everywhere.
    """
    low, high = np.percentile(image, SHOWN)
    if high <= low:
        return np.zeros(image.shape)
    return np.asarray(np.clip((image.astype(np.float64) - low) / (high - low), 0, 1))


def radial_spectrum(image: NDArray[np.float64], pixel_size_um: float) -> Spectrum:
    """Radially averaged power spectrum of an image (y, x), up to half a cycle a pixel.

    A Hann window keeps the borders from counting as edges; the power is that of an
    image without one. Rings are as wide as one period over the shorter side.
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
    n_rings = min(height, width) // 2 + 1
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


def measure_image(image: _Image, pixel_size_um: float) -> dict[str, float]:
    """Statistics of one channel (y, x) that need no outlines of cells.

    Returns
    -------
    `power_<f>`: decimal logarithm of the power at f cycles/µm, where the variance in
    `BAND` is 1 (µm²; nan beyond half a cycle a pixel); `slope`: exponent from 0.03 to
    0.2 cycles/µm; `coarse` and `field_wide`: shares of the variance in periods above
    40 and 100 µm; `q<p>`: percentiles of the stretched image; `skew` of it; `noise`:
    see `noise_floor`, as a share of the range. What an even image cannot tell is nan.
    """
    shown = stretch_to_display(image)
    raw = radial_spectrum(shown, pixel_size_um)
    spectrum = raw.normalised()
    total = raw.variance(0, BAND[1]) or float("nan")
    found = {
        f"power_{frequency}": float(np.log10(spectrum.at(frequency)))
        for frequency in (0.02, 0.05, 0.1, 0.2, 0.4)
    }
    found["slope"] = spectrum.slope(0.03, 0.2)
    found["coarse"] = raw.variance(0, 1 / COARSE_UM) / total
    found["field_wide"] = raw.variance(0, 1 / FIELD_WIDE_UM) / total
    for percent in (10, 50, 90, 98):
        found[f"q{percent}"] = float(np.percentile(shown, percent))
    spread = float(shown.std()) or float("nan")
    found["skew"] = float((((shown - shown.mean()) / spread) ** 3).mean())
    found["noise"] = noise_floor(raw, pixel_size_um)
    return found
