"""Whether two recordings show the same tissue, judged by their mean images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.recording.data import MeanPlanes

#: images that correlate at least this much show the same tissue. Measured on eight
#: fields (real, semi-real and simulated): 0.52 or more for one field shifted, warped,
#: turned by a degree, noisier or exported again; 0.10 or less for fields of other
#: tissue; 0.46 for two depths at one place, where vessels are the same and cells not
SAME_TISSUE = 0.5
#: largest shift between two registrations of one recording (share of the image's side)
_MAX_SHIFT = 0.12
#: cells are between these scales (µm); slower changes are light, faster ones noise
_FINE_UM, _COARSE_UM = 1.5, 8.0
#: brightness beyond this many standard deviations counts as this much
_CLIP = 3.0


@dataclass(frozen=True)
class ContentMatch:
    """How alike two recordings are.

    Parameters
    ----------
    correlation
        Of their mean images after band-pass and the best small shift, -1 to 1; the
        mean over planes and over the channels that both have.
    flip
        How the second must be flipped to look like the first: "" if it need not,
        "left to right", "upside down", or "by 180 degrees".
    """

    correlation: float
    flip: str = ""

    @property
    def same(self) -> bool:
        """Whether they show the same tissue in the same orientation."""
        return self.correlation >= SAME_TISSUE and not self.flip


_FLIPS: dict[str, tuple[int, ...]] = {
    "left to right": (-1,),
    "upside down": (-2,),
    "by 180 degrees": (-2, -1),
}


def match_content(first: MeanPlanes, second: MeanPlanes) -> ContentMatch | None:
    """Compare two recordings by their mean images.

    Parameters
    ----------
    first, second
        Mean images. Brightness, contrast, noise and a small shift do not matter.

    Returns
    -------
    None if they cannot be compared: other sizes, no channel in common, or images
    without structure.
    """
    if first.shape != second.shape:
        return None
    um = first.pixel_size_um
    pairs = [
        (_band_pass(before, um), _band_pass(after, um))
        for channel in ("red", "green")
        if (before := getattr(first, channel)) is not None
        and (after := getattr(second, channel)) is not None
    ]
    pairs = [pair for pair in pairs if all(image.any() for image in pair)]
    if not pairs:
        return None
    as_it_is = ContentMatch(_mean_correlation(pairs, ()))
    if as_it_is.same:
        # an image that looks alike in both ways is not called flipped
        return as_it_is
    flipped = [
        ContentMatch(_mean_correlation(pairs, axes), flip)
        for flip, axes in _FLIPS.items()
    ]
    return max(as_it_is, *flipped, key=_by_correlation)


def _by_correlation(match: ContentMatch) -> float:
    return match.correlation


def _mean_correlation(
    pairs: list[tuple[NDArray[np.float32], NDArray[np.float32]]], axes: tuple[int, ...]
) -> float:
    return float(
        np.mean([_correlation(a, np.flip(b, axes)) for a, b in pairs], dtype=float)
    )


def _band_pass(planes: NDArray[np.float32], um: float) -> NDArray[np.float32]:
    """Structures of the size of cells in each plane, mean 0 and variance 1."""
    finite = np.where(np.isfinite(planes), planes, 0).astype(np.float32)
    out = np.zeros_like(finite)
    for k, plane in enumerate(finite):
        fine = ndimage.gaussian_filter(plane, max(_FINE_UM / um, 0.7))
        band = fine - ndimage.gaussian_filter(plane, _COARSE_UM / um)
        spread = float(np.median(np.abs(band - np.median(band)))) * 1.4826
        if spread > 0:
            out[k] = np.clip((band - np.median(band)) / spread, -_CLIP, _CLIP)
    return out


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Largest correlation of the planes over small shifts, the same for all planes."""
    total = np.zeros(a.shape[-2:])
    norm = 0.0
    for before, after in zip(a, b, strict=True):
        spectrum = np.fft.rfft2(before) * np.conj(np.fft.rfft2(after))
        total += np.fft.irfft2(spectrum, before.shape)
        norm += float(np.linalg.norm(before) * np.linalg.norm(after))
    if norm == 0:
        return 0.0
    height, width = a.shape[-2:]
    rows, columns = (max(1, int(n * _MAX_SHIFT)) for n in (height, width))
    near = np.fft.fftshift(total)
    y, x = height // 2, width // 2
    near = near[max(y - rows, 0) : y + rows + 1, max(x - columns, 0) : x + columns + 1]
    return float(near.max() / norm)
