"""What no simulator has of every laboratory: light, focus and noise of other images.

What a cell is recognised by should not hang on them, so images are disturbed at random
before a network learns from them.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_cellid.simulation.tissue import correlated_field


def disturbed(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another gamma, focus, texture, noise, gain and offset, for one channel.

    Parameters
    ----------
    image
        (y, x), normalised: about 0 for the darkest, 1 for the brightest pixels.
    rng
        Draws what is done.
    """
    shape = image.shape[0], image.shape[1]
    image = image ** rng.uniform(0.75, 1.3)
    if rng.random() < 0.3:
        image = ndimage.gaussian_filter(image, rng.uniform(0.3, 0.9))
    if rng.random() < 0.2:
        image = image * uneven_light(shape, rng)
    if rng.random() < 0.3:
        image = image + rng.uniform(0, 0.06) * correlated_field(
            shape, rng.uniform(0.7, 4), rng
        )
    if rng.random() < 0.1:
        # lines of a scanner differ in offset
        image = image + rng.normal(0, rng.uniform(0, 0.03), (image.shape[0], 1))
    if rng.random() < 0.4:
        image = image + rng.normal(0, rng.uniform(0, 0.06), image.shape)
    if rng.random() < 0.1:
        image = np.minimum(image, rng.uniform(0.5, 1.0))  # a saturated detector
    # bright debris or few cells move the percentiles of a whole image far
    return image * 2 ** rng.uniform(-0.8, 0.4) + rng.uniform(-0.05, 0.05)


def uneven_light(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Smooth gain (y, x) around 1."""
    size = rng.uniform(15, 50)
    return np.exp(rng.uniform(0, 0.35) * correlated_field(shape, size, rng))
