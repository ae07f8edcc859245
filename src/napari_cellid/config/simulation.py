"""Settings of the simulated two-colour two-photon field.

Sources in brackets: [1] Seong & Park; [2] Peron et al. 2015, doi
10.1016/j.neuron.2015.03.027; [3] Keller, Erö & Markram 2018, Front Neuroanat 12:83;
[4] Zipfel et al. 2003 (axial width from the numerical aperture). Where no source is
named the value is assumed.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from napari_cellid.config.base import Config


class SimulationConfig(Config):
    """One field of view: geometry, cells, expression, optics and detection."""

    seed: int = Field(0, ge=0, title="Seed", description="Fixes everything random.")
    height: int = Field(512, ge=64, le=4096, description="Field height (px) [1].")
    width: int = Field(512, ge=64, le=4096, description="Field width (px) [1].")
    pixel_size_um: float = Field(
        1.17, ge=0.3, le=3, description="Pixel size (µm): 600 µm over 512 px [1]."
    )
    n_planes: int = Field(3, ge=1, le=20, description="Planes of the volume [1].")
    plane_spacing_um: float = Field(
        15.0, ge=1, le=100, description="Distance between planes (µm) [1]."
    )

    neuron_density: float = Field(
        0.9e5, ge=0, le=3e5, description="Neurons per mm³; 0.8-1.3e5 in L2/3 [3]."
    )
    inhibitory_fraction: float = Field(
        0.13, ge=0, le=1, description="Inhibitory share of the neurons; 0.12-0.15."
    )
    glia_density: float = Field(
        2.5e4, ge=0, le=2e5, description="Emx1-lineage glia per mm³; 2-3e4."
    )
    soma_diameter_um: float = Field(
        13.0, ge=6, le=25, description="Mean soma diameter of excitatory cells (µm)."
    )
    soma_spread: float = Field(
        0.11, ge=0, le=0.4, description="Spread of the diameters (SD over mean)."
    )
    nucleus_ratio: float = Field(
        0.72, ge=0.4, le=0.95, description="Nucleus over soma diameter."
    )
    soma_gap: float = Field(
        0.97,
        ge=0.6,
        le=1.5,
        description="Smallest distance of two somata over the sum of their radii; "
        "below 1 they are pressed together.",
    )

    expression_fraction: float = Field(
        0.75, ge=0, le=1, description="Neurons with GCaMP, 75 % sampled in [2]."
    )
    expression_scale_um: float = Field(
        150.0, ge=10, le=1000, description="Patch size of GCaMP expression (µm)."
    )
    green_brightness: float = Field(
        1.6,
        ge=0,
        le=20,
        description="Median soma fluorescence of expressing cells over the neuropil.",
    )
    green_spread: float = Field(
        0.55, ge=0, le=1.5, description="SD of the logarithm of soma fluorescence."
    )
    nucleus_green: float = Field(
        0.25, ge=0, le=1, description="Green in the nucleus over the cytosol."
    )
    filled_fraction: float = Field(
        0.05, ge=0, le=1, description="Cells with GCaMP in the nucleus; 0.02-0.08."
    )
    red_brightness: float = Field(
        1.0, ge=0, le=20, description="Median brightness of a red nucleus."
    )
    red_spread: float = Field(
        0.35, ge=0, le=1.5, description="SD of the logarithm of nucleus brightness."
    )
    chromatin: float = Field(
        0.6, ge=0, le=3, description="Strength of the bright spots in red nuclei."
    )

    neuropil_texture: float = Field(
        0.18, ge=0, le=1, description="Contrast of fine neuropil structure."
    )
    neuropil_unevenness: float = Field(
        0.2, ge=0, le=1, description="Contrast of large-scale neuropil structure."
    )
    exclusion: float = Field(
        0.75, ge=0, le=1, description="Share of the neuropil that a soma displaces."
    )
    dendrites: float = Field(
        1.0, ge=0, le=10, description="Bright dendrite cross-sections per soma."
    )
    processes: float = Field(
        0.3, ge=0, le=3, description="Dendrites drawn from the soma per bright cell."
    )
    red_haze: float = Field(
        0.07, ge=0, le=2, description="Red background over a median nucleus."
    )
    out_of_focus: float = Field(
        0.3, ge=0, le=3, description="Strength of haze from cells above and below."
    )
    vessels: int = Field(4, ge=0, le=20, description="Shadows of surface vessels.")
    vessel_shadow: float = Field(
        0.5, ge=0, le=1, description="Light lost under the middle of a vessel."
    )
    deep_vessels: float = Field(
        25.0, ge=0, le=300, description="Penetrating vessels cut across, per mm²."
    )
    capillary_density: float = Field(
        60.0, ge=0, le=1000, description="Dark capillary sections per mm²."
    )

    axial_fwhm_um: float = Field(
        4.4, ge=0.5, le=20, description="Axial width of the focus (µm), NA 0.6 [4]."
    )
    blur_um: float = Field(
        0.7, ge=0, le=5, description="Lateral blur by focus and motion, SD (µm)."
    )
    jitter_um: float = Field(
        0.3, ge=0, le=5, description="Line jitter left after registration, SD (µm)."
    )
    tilt_um: float = Field(
        8.0, ge=0, le=60, description="Depth gained from the first line to the last."
    )
    vignetting: float = Field(
        0.3, ge=0, le=0.95, description="Light lost in the corners."
    )
    unevenness: float = Field(
        0.3,
        ge=0,
        le=2,
        description="SD of the logarithm of slow brightness changes over the field, "
        "the same in both channels (window, depth, scattering).",
    )
    bleed_green_to_red: float = Field(
        0.03, ge=0, le=0.5, description="Share of green light in the red channel."
    )
    bleed_red_to_green: float = Field(
        0.005, ge=0, le=0.5, description="Share of red light in the green channel."
    )

    n_frames: int = Field(
        500, ge=1, le=100000, description="Frames averaged into the image; 200-2000."
    )
    green_photons: float = Field(
        1.5, gt=0, le=1000, description="Photons per px and frame in green neuropil."
    )
    red_photons: float = Field(
        1.5, gt=0, le=1000, description="Photons per px and frame in a red nucleus."
    )
    excess_noise: float = Field(
        1.3, ge=1, le=3, description="Excess noise factor of the detector; 1.2-1.4."
    )
    read_noise: float = Field(
        0.2, ge=0, le=10, description="Read noise per frame (photons, SD)."
    )
    bit_depth: Literal[8, 16] = Field(
        16, description="Bits of the written image; 8 in the data of [1]."
    )


#: the built-in sample: three planes of 512 x 512 px
SAMPLE = SimulationConfig(seed=7)
