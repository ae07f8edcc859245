"""Settings of semi-real fields: a real green image with a simulated red channel.

Settings that simulated fields share are defined there, with units, ranges, defaults
and sources. Of the others, "usual" marks a value that is customary in the field,
without a source that was read; all other values are assumed.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from napari_cellid.config.base import Config
from napari_cellid.config.simulation import SimulationConfig


def _shared(name: str) -> Any:
    """The field of that name of `SimulationConfig`."""
    field = SimulationConfig.model_fields[name]
    limits = {
        kind: getattr(limit, kind)
        for limit in field.metadata
        for kind in ("ge", "gt", "le", "lt")
        if hasattr(limit, kind)
    }
    return Field(field.default, description=field.description, **limits)


class SemirealConfig(Config):
    """The red channel that is simulated, and what is done to the green one."""

    seed: int = _shared("seed")

    inhibitory_fraction: float = _shared("inhibitory_fraction")
    glia_share: float = Field(
        0.3, ge=0, le=3, description="Number of added glia over that of marked cells."
    )
    glia_distance_um: float = Field(
        9.0,
        ge=0,
        le=50,
        description="Smallest distance of the centre of an added glia nucleus to a "
        "mark, and to that of another one (µm).",
    )
    faint_marks: Literal["keep", "unsure"] = Field(
        "keep",
        description="Marks that neither channel shows clearly: keep them as ambiguous "
        "cells, or remove them from the labels as uncertain places.",
    )

    nucleus_diameter_um: float = Field(
        9.5,
        ge=4,
        le=20,
        description="Mean diameter of excitatory nuclei in the plane (µm); 8-11 usual.",
    )
    nucleus_spread: float = Field(
        0.13, ge=0, le=0.4, description="Spread of these diameters (SD over mean)."
    )
    largest_nucleus: float = Field(
        0.92,
        ge=0.3,
        le=1,
        description="Largest diameter of a nucleus over that of a disc as large as "
        "its mark.",
    )
    nucleus_shift_um: float = Field(
        0.5,
        ge=0,
        le=5,
        description="Distance of nuclei from the centre of their mark, SD in y and in "
        "x (µm), at most twice that.",
    )
    nucleus_depth_um: float = Field(
        1.5,
        ge=0,
        le=10,
        description="Distance of the middle of nuclei from the plane, SD (µm), at most "
        "twice that.",
    )
    elongation: float = Field(
        0.14,
        ge=0,
        le=0.6,
        description="SD of the logarithm of long over short axis of a nucleus.",
    )
    irregularity: float = Field(
        0.05,
        ge=0,
        le=0.2,
        description="Bumps of the outline of a nucleus, SD over its radius.",
    )
    glia_diameter_um: float = Field(
        7.0,
        ge=3,
        le=15,
        description="Mean diameter of glia nuclei in the plane (µm), whose spread is "
        "that of excitatory ones; 6-8 usual.",
    )
    chromatin: float = _shared("chromatin")
    red_brightness: float = _shared("red_brightness")
    red_spread: float = _shared("red_spread")
    dim_fraction: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Share of nuclei that are out of focus: 0.25-0.6 as bright, "
        "blurred.",
    )
    dim_blur_um: float = Field(
        1.8, ge=0, le=10, description="Blur of nuclei out of focus, SD (µm)."
    )

    red_haze: float = _shared("red_haze")
    out_of_focus: float = _shared("out_of_focus")
    neuron_density: float = _shared("neuron_density")
    glia_density: float = _shared("glia_density")
    red_follows_green: float = Field(
        1.0,
        ge=0,
        le=2,
        description="How far red follows the large-scale brightness of green (30 µm): "
        "0 not at all, 1 in proportion, and as this power.",
    )

    bleed_green_to_red: float = _shared("bleed_green_to_red")
    green_photons_in_marks: float = Field(
        3.0,
        gt=0,
        le=1000,
        description="Photons per px and frame of green light in a median mark; a mean "
        "image does not show them; 1-10 usual.",
    )
    axial_fwhm_um: float = _shared("axial_fwhm_um")
    blur_um: float = _shared("blur_um")
    jitter_um: float = _shared("jitter_um")
    red_photons: float = _shared("red_photons")
    n_frames: int = _shared("n_frames")
    excess_noise: float = _shared("excess_noise")
    read_noise: float = _shared("read_noise")
    bit_depth: Literal[8, 16] = _shared("bit_depth")

    green_resampling: float = Field(
        1.0,
        ge=0.4,
        le=4,
        description="Pixel size after resampling over that of the image; 1 leaves it.",
    )
    green_gamma: float = Field(
        1.0,
        ge=0.3,
        le=3,
        description="Power to which green is taken; 1 leaves it as it is.",
    )
    green_contrast: float = Field(
        1.0,
        ge=0.1,
        le=3,
        description="Factor on the differences of green from its surroundings "
        "(25 µm); 1 leaves it as it is.",
    )
    green_frames: int = Field(
        0,
        ge=0,
        le=100000,
        description="Add the noise to green that a mean of so many frames has; 0 adds "
        "none.",
    )


#: names of settings that simulated and semi-real fields share
SHARED = tuple(
    name
    for name in SemirealConfig.model_fields
    if name in SimulationConfig.model_fields
)
