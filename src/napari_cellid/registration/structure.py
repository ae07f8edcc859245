"""Maps of structure, in which two channels of different labels can be compared.

Red nuclei inside green rings are bright where green is dark, and the other way round in
cells that are filled. Grey values therefore do not agree, but structures of one size
lie at one place. A channel is split into maps of structures of a few sizes, and two
channels agree at a shift where the maps of one tell those of the other, whatever the
sign: the sum of the squared correlations of all pairs of maps, which for small
correlations is twice the mutual information of Gaussian maps.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: SDs (µm) of the Gaussians between which structures are kept: spots, nuclei, somata
SIZES_UM = (0.9, 2.0, 4.0, 8.0)
#: SD (µm) of the surroundings by whose spread a channel is divided
_SURROUNDINGS_UM = 20.0
#: share of the mean spread that is added everywhere, lest noise looks like structure
_LEAST_SPREAD = 0.1
#: spreads beyond which a value is cut: one bright cell must not decide alone
_LARGEST = 4.0


def structure_maps(
    image: NDArray[np.float32], pixel_size_um: float
) -> NDArray[np.float32]:
    """Split a channel into uncorrelated maps of structures of several sizes.

    Parameters
    ----------
    image
        (plane, y, x).
    pixel_size_um
        Edge of a pixel in µm.

    Returns
    -------
    (map, plane, y, x), each with a mean of 0 and a variance of 1; 0 everywhere for an
    image that is the same everywhere.
    """
    blurred = [_blur(image, size / pixel_size_um) for size in SIZES_UM]
    bands = [fine - coarse for fine, coarse in pairwise(blurred)]
    surroundings = _SURROUNDINGS_UM / pixel_size_um
    maps = np.stack([_even(band, surroundings) for band in bands])
    return _whitened(maps)


def _blur(image: NDArray[np.float32], sd: float) -> NDArray[np.float32]:
    return np.asarray(ndimage.gaussian_filter(image, (0, sd, sd), mode="reflect"))


def _even(band: NDArray[np.float32], surroundings: float) -> NDArray[np.float32]:
    """Divide by the local spread, so that dim corners count as much as the middle."""
    spread = np.sqrt(np.maximum(_blur(band * band, surroundings), 0))
    usual = float(spread.mean())
    if usual <= 1e-6 * max(float(np.abs(band).max(initial=0)), 1e-30):
        return np.zeros_like(band)
    even = band / (spread + _LEAST_SPREAD * usual)
    return np.clip(even, -_LARGEST, _LARGEST)


def _whitened(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Make maps uncorrelated, in a way that keeps each nearest to what it was."""
    flat = maps.reshape(len(maps), -1)
    flat = flat - flat.mean(1, keepdims=True)
    values, vectors = np.linalg.eigh(flat @ flat.T / flat.shape[1])
    # an image without structure stays without it
    scale = np.where(values > 1e-6, 1 / np.sqrt(np.maximum(values, 1e-6)), 0)
    root = (vectors * scale) @ vectors.T
    return np.asarray((root @ flat).reshape(maps.shape), np.float32)
