"""The real green image of a semi-real field: marks, changes, large scale."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_cellid.cells.rescale import rescale_labels
from napari_cellid.channels.resampling import rescale
from napari_cellid.errors import InputError
from napari_cellid.simulation.detection import add_noise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig
    from napari_cellid.config.semireal import SemirealConfig

#: features larger than these belong to the field and to what surrounds a cell (µm)
_FIELD_UM, _AROUND_UM = 30.0, 25.0
#: local brightness over that of the surroundings: a vessel below the first number, none
#: above the second
_VESSEL, _NO_VESSEL = 0.3, 0.6
#: green this close to the darkest value (as a share of a median mark) counts as none
_NO_LIGHT = 0.05


@dataclass(frozen=True, eq=False)
class MarkedGreen:
    """A real green mean image and the cells that were marked in it.

    Parameters
    ----------
    green
        (plane, y, x), any real numbers.
    labels
        (plane, y, x): 0 where no cell is marked; a number belongs to one cell of one
        plane.
    pixel_size_um
        Edge of a pixel (µm).
    plane_spacing_um
        Distance between planes (µm).
    name
        Name in error messages.

    Raises
    ------
    InputError
        If image and labels differ in shape, hold no cell, or hold values that cannot
        be simulated.
    """

    green: NDArray[np.generic]
    labels: NDArray[np.integer]
    pixel_size_um: float
    plane_spacing_um: float = 15.0
    name: str = "the green image"

    def __post_init__(self) -> None:
        if self.green.ndim != 3 or self.green.shape != self.labels.shape:
            sizes = (" x ".join(map(str, a.shape)) for a in (self.green, self.labels))
            raise InputError(
                "{}: green has the shape {} and its masks {}, but both must be planes "
                "of one field (plane, y, x); give masks of the same field.".format(
                    self.name, *sizes
                )
            )
        if not (self.labels > 0).any():
            raise InputError(
                f"{self.name}: the masks hold no cell, but cells are what red nuclei "
                "are put into; choose masks with cells."
            )
        several = sum(len(np.setdiff1d(plane, [0])) for plane in self.labels)
        if several > len(np.setdiff1d(self.labels, [0])):
            raise InputError(
                f"{self.name}: numbers of the masks are in more than one plane, but a "
                "number must belong to one cell of one plane; number the masks anew."
            )
        if not np.isfinite(self.green).all():
            raise InputError(
                f"{self.name}: green holds values that are not numbers (NaN or "
                "infinite); give an image without them."
            )
        flat = [i for i, plane in enumerate(self.green) if np.ptp(plane) == 0]
        if flat:
            raise InputError(
                f"{self.name}: plane {flat[0]} of green has the same value everywhere "
                "and shows nothing; give an image of cells."
            )


@dataclass(frozen=True, eq=False)
class GreenBackground:
    """Properties of the tissue, estimated from one plane of green.

    Parameters
    ----------
    light
        (y, x): green over its darkest, 1 in a median mark.
    shade
        (y, x): large-scale brightness, 1 where it is bright.
    vessels
        (y, x): 0 in vessels and dark margins, 1 where there is tissue.
    quiet
        (y, x) bool: tissue where green is not locally raised.
    """

    light: NDArray[np.float64]
    shade: NDArray[np.float64]
    vessels: NDArray[np.float64]
    quiet: NDArray[np.bool_]


def resample_green(marked: MarkedGreen, config: SemirealConfig) -> MarkedGreen:
    """Resample the image and its marks, or return them as they are at a factor of 1.

    Marks that vanish between pixels are lost.
    """
    if config.green_resampling == 1:
        return marked
    factor = 1 / config.green_resampling
    green = rescale(np.asarray(marked.green, np.float32), factor)
    labels = rescale_labels(np.asarray(marked.labels), factor, green.shape[1:])
    return replace(
        marked,
        green=green,
        labels=labels,
        pixel_size_um=marked.pixel_size_um * config.green_resampling,
    )


def adjust_green(
    green: NDArray[np.float64],
    labels: NDArray[np.int64],
    config: SemirealConfig,
    optics: SimulationConfig,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Change gamma, contrast and noise of a plane (y, x) as the settings say."""
    pixel = optics.pixel_size_um
    if config.green_gamma != 1:
        dark, unit = _scale(green, labels)
        light = np.maximum(green - dark, 0) / unit
        green = dark + unit * light**config.green_gamma
    if config.green_contrast != 1:
        around = ndimage.gaussian_filter(green, _AROUND_UM / pixel)
        green = around + config.green_contrast * (green - around)
    if config.green_frames:
        dark, unit = _scale(green, labels)
        photons = (green - dark) / unit * config.green_photons_in_marks
        few = optics.model_copy(update={"n_frames": config.green_frames})
        noisy = add_noise(photons, few, rng) / config.green_photons_in_marks
        green = dark + unit * noisy
    return green


def measure_green_background(
    green: NDArray[np.float64], labels: NDArray[np.int64], pixel: float
) -> GreenBackground:
    """Estimate vessels, shade and quiet places from green (y, x) and its marks."""
    dark, unit = _scale(green, labels)
    light = np.maximum(green - dark, 0) / unit
    free = labels == 0
    wide = _blurred_outside(light, free, _FIELD_UM / pixel)
    bright = max(float(np.percentile(wide, 90)), _NO_LIGHT)
    around = _blurred_outside(light, free, _AROUND_UM / pixel)
    near = ndimage.gaussian_filter(light, 2.5 / pixel)
    share = near / np.maximum(around, _NO_LIGHT)
    vessels = np.clip((share - _VESSEL) / (_NO_VESSEL - _VESSEL), 0, 1)
    return GreenBackground(
        light=light,
        shade=np.clip(wide / bright, 0.05, 1.3),
        vessels=vessels,
        quiet=_quiet(light, free, pixel) & (vessels == 1),
    )


def _scale(
    green: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[float, float]:
    """Darkest green, and how far a median mark lies above it."""
    dark, bright = np.percentile(green, [0.5, 99])
    if bright <= dark:
        dark, bright = green.min(), green.max()
    numbers = np.unique(labels[labels > 0])
    if not len(numbers):
        return float(dark), float(bright - dark)
    unit = float(np.median(ndimage.mean(green, labels, numbers)) - dark)
    # the brightness of marks in the dark is not that of cells
    return float(dark), max(unit, 0.1 * float(bright - dark))


def _quiet(
    light: NDArray[np.float64], free: NDArray[np.bool_], pixel: float
) -> NDArray[np.bool_]:
    bump = ndimage.gaussian_filter(light, 3 / pixel)
    bump -= ndimage.gaussian_filter(light, 9 / pixel)
    if not free.any():
        return free
    return np.asarray(bump <= np.median(bump[free]))


def _blurred_outside(
    image: NDArray[np.float64], free: NDArray[np.bool_], sigma_px: float
) -> NDArray[np.float64]:
    """Blur the free pixels of an image alone; all pixels where none is free nearby."""
    if not free.any():
        return np.asarray(ndimage.gaussian_filter(image, sigma_px))
    weight = ndimage.gaussian_filter(free.astype(float), sigma_px)
    blurred = ndimage.gaussian_filter(image * free, sigma_px)
    inside = ndimage.gaussian_filter(image, sigma_px)
    known = weight > 1e-3
    # over the blurred weights, so that left-out cells do not darken what is around them
    outside = blurred / np.where(known, weight, 1)
    return np.asarray(np.where(known, outside, inside))
