"""Settings of semi-real fields: a real green image with a simulated red channel.

Settings that semi-real and simulated fields share are defined in `SimulationConfig`,
with units, ranges, defaults and sources. Of the others, "usual" marks values that are
customary in the field, for which no source was consulted; all other values are assumed.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from napari_cellid.config.base import Config
from napari_cellid.config.simulation import SimulationConfig


def _shared(name: str) -> Any:
    """A field like that of the same name in `SimulationConfig`."""
    field = SimulationConfig.model_fields[name]
    limits = {
        kind: getattr(limit, kind)
        for limit in field.metadata
        for kind in ("ge", "gt", "le", "lt")
        if hasattr(limit, kind)
    }
    return Field(field.default, description=field.description, **limits)


class SemirealConfig(Config):
    """The simulated red channel, and changes of the real green channel."""

    seed: int = _shared("seed")

    inhibitory_fraction: float = _shared("inhibitory_fraction")
    glia_share: float = Field(
        0.3,
        ge=0,
        le=3,
        description="Number of added glia divided by that of marked cells.",
    )
    glia_distance_um: float = Field(
        9.0,
        ge=0,
        le=50,
        description="Smallest distance from the centre of an added glia nucleus to a "
        "mark, and to the centre of another added nucleus (µm).",
    )
    faint_marks: Literal["keep", "unsure"] = Field(
        "keep",
        description="Treatment of marks that neither channel shows clearly. keep: as "
        "ambiguous cells; unsure: removed from the labels, as uncertain places.",
    )

    nucleus_diameter_um: float = Field(
        9.5,
        ge=4,
        le=20,
        description="Mean diameter of excitatory nuclei in the plane (µm); 8-11 usual.",
    )
    nucleus_spread: float = Field(
        0.13,
        ge=0,
        le=0.4,
        description="Spread of these diameters (SD divided by mean).",
    )
    largest_nucleus: float = Field(
        0.92,
        ge=0.3,
        le=1,
        description="Largest diameter of a nucleus, divided by that of a disc with the "
        "area of its mark.",
    )
    nucleus_shift_um: float = Field(
        0.5,
        ge=0,
        le=5,
        description="Distance of nuclei from the centre of their mark, SD in y and in "
        "x (µm); limited to twice the SD.",
    )
    nucleus_depth_um: float = Field(
        1.5,
        ge=0,
        le=10,
        description="Distance of the centre of nuclei from the plane, SD (µm); limited "
        "to twice the SD.",
    )
    elongation: float = Field(
        0.14,
        ge=0,
        le=0.6,
        description="SD of the logarithm of the ratio of the long to the short axis "
        "of a nucleus; 0: all round.",
    )
    irregularity: float = Field(
        0.05,
        ge=0,
        le=0.2,
        description="Irregularity of the outline of a nucleus: SD of its radius, "
        "divided by the mean radius; 0: smooth.",
    )
    glia_diameter_um: float = Field(
        7.0,
        ge=3,
        le=15,
        description="Mean diameter of glia nuclei in the plane (µm); they have the "
        "spread of excitatory nuclei; 6-8 usual.",
    )
    chromatin: float = _shared("chromatin")
    red_brightness: float = _shared("red_brightness")
    red_spread: float = _shared("red_spread")
    dim_fraction: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Share of nuclei that are out of focus: blurred, with 0.25 to 0.6 "
        "of the brightness.",
    )
    dim_blur_um: float = Field(
        1.8, ge=0, le=10, description="Blur of nuclei that are out of focus, SD (µm)."
    )

    red_haze: float = _shared("red_haze")
    out_of_focus: float = _shared("out_of_focus")
    neuron_density: float = _shared("neuron_density")
    glia_density: float = _shared("glia_density")
    red_follows_green: float = Field(
        1.0,
        ge=0,
        le=2,
        description="Power of the large-scale brightness of green (30 µm) by which red "
        "is multiplied; 0: red does not follow green, 1: in proportion.",
    )

    bleed_green_to_red: float = _shared("bleed_green_to_red")
    green_photons_in_marks: float = Field(
        3.0,
        gt=0,
        le=1000,
        description="Photons of green light per px and frame in a median mark, which "
        "cannot be read from a mean image; 1-10 usual.",
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
        description="Pixel size after resampling, divided by that of the image; 1: no "
        "resampling.",
    )
    green_gamma: float = Field(
        1.0,
        ge=0.3,
        le=3,
        description="Power to which green brightness is raised; 1: no change.",
    )
    green_contrast: float = Field(
        1.0,
        ge=0.1,
        le=3,
        description="Factor on the difference between green and its surroundings "
        "(25 µm); 1: no change.",
    )
    green_frames: int = Field(
        0,
        ge=0,
        le=100000,
        description="Number of frames of a mean image whose noise is added to green; "
        "0: no noise is added.",
    )


#: names of settings that simulated and semi-real fields share
SHARED = tuple(
    name
    for name in SemirealConfig.model_fields
    if name in SimulationConfig.model_fields
)
