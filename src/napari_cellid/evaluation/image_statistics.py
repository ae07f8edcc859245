"""Statistics for comparing simulated and recorded mean images.

All lengths are in µm, so that images with different pixel sizes are comparable. Offset
and gain of a detector are rarely known, and the statistics do not depend on them.
Brightness is given as a share of the displayed range, from the 1st to the 99.8th
percentile.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Image = NDArray[np.float64] | NDArray[np.float32] | NDArray[np.integer]

#: percentiles of the displayed range, which become 0 and 1
DISPLAY_PERCENTILES = (1.0, 99.8)
#: frequencies (1/µm) over which the variance is normalised: above those of uneven
#: illumination, and low enough for pixels of 2 µm
BAND = (0.01, 0.2)
#: periods longer than these are large-scale (µm)
COARSE_UM, FIELD_WIDE_UM = 40.0, 100.0
#: factor around a frequency within which power is averaged
_REACH = 1.15


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Radially averaged power spectrum.

    Parameters
    ----------
    frequency
        (ring,) frequency in cycles per µm.
    power
        (ring,) mean power density in µm² times the squared unit of the image; its
        integral over the frequency plane is the variance of the image.
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

        Without variance, all power is NaN.
        """
        variance = self.variance(low, high) or float("nan")
        return Spectrum(self.frequency, self.power / variance)

    def at(self, frequency: float) -> float:
        """Mean power within 15 % of a frequency (1/µm); NaN outside of the spectrum.

        With fewer than three rings in this range, the power is interpolated.
        """
        if not self.frequency[0] <= frequency <= self.frequency[-1]:
            return float("nan")
        near = self.frequency >= frequency / _REACH
        near &= self.frequency <= frequency * _REACH
        if near.sum() < 3:
            return float(np.interp(frequency, self.frequency, self.power))
        return float(self.power[near].mean())

    def slope(self, low: float, high: float) -> float:
        """Exponent of a power law fitted between two frequencies (1/µm)."""
        frequencies = np.geomspace(low, high, 8)
        power = np.array([self.at(frequency) for frequency in frequencies])
        good = power > 0
        if good.sum() < 2:
            return float("nan")
        return float(np.polyfit(np.log(frequencies[good]), np.log(power[good]), 1)[0])


def stretch_to_display(image: _Image) -> NDArray[np.float64]:
    """Clip an image (y, x) to the displayed range, and scale it to 0 to 1.

    A uniform image becomes 0.
    """
    low, high = np.percentile(image, DISPLAY_PERCENTILES)
    if high <= low:
        return np.zeros(image.shape)
    return np.asarray(np.clip((image.astype(np.float64) - low) / (high - low), 0, 1))


def radial_spectrum(image: NDArray[np.float64], pixel_size_um: float) -> Spectrum:
    """Radially averaged power spectrum of an image (y, x), up to 0.5 cycles per pixel.

    A Hann window suppresses edge effects; the power is corrected for it. Rings are as
    wide as one period over the shorter side.
    """
    height, width = image.shape
    # without the zeros at its ends, which would lose the outermost rows
    window = np.hanning(height + 2)[1:-1, None] * np.hanning(width + 2)[None, 1:-1]
    weight = window**2
    # the mean under the window: what is left of it would leak into the first rings
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
    # the first ring is the mean of the image
    return Spectrum(np.arange(1, n_rings) * step, total[1:] / count[1:])


def noise_floor(spectrum: Spectrum, pixel_size_um: float) -> float:
    """SD of white noise with the power of the highest fifth of the frequencies.

    Fine structure contributes to it, so that it is an upper bound of the pixel noise.
    """
    finest = spectrum.frequency >= 0.8 * spectrum.frequency[-1]
    return float(np.sqrt(spectrum.power[finest].mean()) / pixel_size_um)


def measure_image(image: _Image, pixel_size_um: float) -> dict[str, float]:
    """Statistics of one channel (y, x), without outlines of cells.

    Returns
    -------
    `power_<f>`: decimal logarithm of the power at f cycles/µm, for a variance of 1 in
    `BAND` (µm²; NaN above 0.5 cycles per pixel); `slope`: exponent from 0.03 to 0.2
    cycles/µm; `coarse` and `field_wide`: shares of the variance in periods above 40
    and 100 µm; `q<p>` and `skew`: percentiles and skewness of the stretched image;
    `noise`: `noise_floor` as a share of the displayed range. Undefined values are NaN.
    """
    shown = stretch_to_display(image)
    raw = radial_spectrum(shown, pixel_size_um)
    spectrum = raw.normalised()
    total = raw.variance(0, BAND[1]) or float("nan")
    statistics = {
        f"power_{frequency}": float(np.log10(spectrum.at(frequency)))
        for frequency in (0.02, 0.05, 0.1, 0.2, 0.4)
    }
    statistics["slope"] = spectrum.slope(0.03, 0.2)
    statistics["coarse"] = raw.variance(0, 1 / COARSE_UM) / total
    statistics["field_wide"] = raw.variance(0, 1 / FIELD_WIDE_UM) / total
    for percent in (10, 50, 90, 98):
        statistics[f"q{percent}"] = float(np.percentile(shown, percent))
    spread = float(shown.std()) or float("nan")
    statistics["skew"] = float((((shown - shown.mean()) / spread) ** 3).mean())
    statistics["noise"] = noise_floor(raw, pixel_size_um)
    return statistics
