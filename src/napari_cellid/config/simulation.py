"""Settings of the simulated two-colour two-photon field.

Sources in brackets: [1] Seong & Park; [2] Peron et al. 2015, doi
10.1016/j.neuron.2015.03.027; [3] Keller, Erö & Markram 2018, Front Neuroanat 12:83;
[4] Zipfel et al. 2003 (axial width from the numerical aperture); [5] Tian et al. 2009
(cells with GCaMP in the nucleus are a separate group); [6] Almási et al. 2019,
Front Neuroanat 13:45 (GABA classes of barrel cortex); [7] code of the laboratory of
[2] for a later data set, where planes are tilted by up to the distance between
planes; [8] Song et al. 2021, PMC8217135 (NAOMi, a full physical model of the noise).
The source of a setting describes its quantity; "usual" marks values that are customary
in the field, for which no source was consulted; all other values are assumed. Shares,
ratios and contrasts have no unit.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from napari_cellid.config.base import Config


class SimulationConfig(Config):
    """One field of view: geometry, cells, expression, optics and detection."""

    seed: int = Field(0, ge=0, title="Seed", description="Seed of all random numbers.")
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
        0.13,
        ge=0,
        le=1,
        description="Inhibitory share of the neurons; 0.12-0.15 usual in L2/3 [6].",
    )
    glia_density: float = Field(
        2.5e4, ge=0, le=2e5, description="Emx1-lineage glia per mm³; 2-3e4 usual."
    )
    glia_pairs: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of the glia whose nucleus touches that of another one; "
        "pairs are usual, their share is assumed.",
    )
    glia_size_difference: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Difference between the nucleus diameters of astrocytes and of "
        "other glia, divided by their mean; 0: all equal; 0.2 usual (7.5 and 6 µm).",
    )
    astrocyte_fraction: float = Field(
        0.65,
        ge=0,
        le=1,
        description="Share of astrocytes among the glia; has an effect only if their "
        "sizes differ; 0.6-0.7 usual.",
    )
    soma_diameter_um: float = Field(
        13.0,
        ge=6,
        le=25,
        description="Mean soma diameter of excitatory cells (µm); 10-16 usual.",
    )
    soma_spread: float = Field(
        0.11,
        ge=0,
        le=0.4,
        description="Spread of the soma diameters (SD divided by mean); 0.11 usual.",
    )
    nucleus_ratio: float = Field(
        0.72,
        ge=0.4,
        le=0.95,
        description="Nucleus diameter divided by soma diameter; 9.5 of 13 µm usual.",
    )
    soma_gap: float = Field(
        0.97,
        ge=0.6,
        le=1.5,
        description="Smallest distance between the centres of two somata, divided by "
        "the sum of their radii; below 1 touching somata are pressed together.",
    )

    expression_fraction: float = Field(
        0.75,
        ge=0,
        le=1,
        description="Share of the neurons that express GCaMP; 75 % in [2].",
    )
    expression_scale_um: float = Field(
        150.0,
        ge=10,
        le=1000,
        description="Size of regions with more or less GCaMP expression (µm); 150 "
        "usual.",
    )
    green_brightness: float = Field(
        1.6,
        ge=0,
        le=20,
        description="Median soma fluorescence of expressing cells, relative to the "
        "neuropil.",
    )
    green_spread: float = Field(
        0.55,
        ge=0,
        le=1.5,
        description="SD of the logarithm of soma fluorescence; 0.4-0.8 usual.",
    )
    inhibitory_green: float = Field(
        1.0,
        ge=0,
        le=10,
        description="Factor on the soma fluorescence of inhibitory cells; at 1 their "
        "median is 0.95 of that of excitatory cells.",
    )
    inhibitory_green_spread: float = Field(
        0.3,
        ge=0,
        le=1.5,
        description="SD of the logarithm of the factor on the soma fluorescence of "
        "single inhibitory cells; 0: the same factor for all.",
    )
    apical_brightness: float = Field(
        0.25,
        ge=0,
        le=0.9,
        description="Share by which the cytosol is brighter on the side of the apical "
        "dendrite, and darker on the other side.",
    )
    nucleus_green: float = Field(
        0.25,
        ge=0,
        le=1,
        description="Green brightness of the nucleus divided by that of the cytosol; "
        "GCaMP stays out of most nuclei [5].",
    )
    filled_fraction: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Share of cells with GCaMP in the nucleus [5]; 0.02-0.08 usual.",
    )
    red_brightness: float = Field(
        1.0,
        ge=0,
        le=20,
        description="Median brightness of a red nucleus, in units of `red_photons`.",
    )
    red_spread: float = Field(
        0.35,
        ge=0,
        le=1.5,
        description="SD of the logarithm of nucleus brightness; 0.35 usual.",
    )
    red_place: Literal["nucleus", "cytosol", "both"] = Field(
        "nucleus",
        description="Where the red protein is: H2B-mCherry is in the nucleus, tdTomato "
        "and mRuby fill the whole soma; both: nucleus and a fainter soma.",
    )
    red_excitatory: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Share of the excitatory neurons that are red: 1 in the Emx1 "
        "lineage, 0 where red marks interneurons, 0.05-0.3 after retrograde labelling.",
    )
    red_inhibitory: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Share of the inhibitory neurons that are red: 0.9-1 with Gad2 or "
        "vGAT, 0.3-0.4 with PV or SST.",
    )
    red_glia: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Share of the glia that are red: 1 in the Emx1 lineage, 0 where a "
        "neuronal promoter drives red.",
    )
    chromatin: float = Field(
        0.6,
        ge=0,
        le=3,
        description="Extra brightness of the spots in a red nucleus at their peak, "
        "relative to the rest of it; 0: no spots.",
    )

    neuropil_texture: float = Field(
        0.18,
        ge=0,
        le=1,
        description="SD of the logarithm of fine neuropil structure (1.2 and 5 µm).",
    )
    neuropil_unevenness: float = Field(
        0.2,
        ge=0,
        le=1,
        description="SD of the logarithm of coarse neuropil structure (35 µm).",
    )
    exclusion: float = Field(
        0.75,
        ge=0,
        le=1,
        description="Share of the neuropil light that is missing where a soma is.",
    )
    dendrites: float = Field(
        1.0, ge=0, le=10, description="Bright dendrite cross-sections per soma."
    )
    processes: float = Field(
        0.3,
        ge=0,
        le=3,
        description="Mean number of dendrites drawn from the soma of each bright cell.",
    )
    red_haze: float = Field(
        0.07,
        ge=0,
        le=2,
        description="Red background relative to a median red nucleus; 0.03-0.1 usual.",
    )
    out_of_focus: float = Field(
        0.3,
        ge=0,
        le=3,
        description="Factor on the haze from cells above and below the plane; 0: no "
        "haze.",
    )
    vessels: int = Field(
        4, ge=0, le=20, description="Number of surface vessels; 2-6 usual."
    )
    vessel_shadow: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of light lost under a vessel; 0.3-0.7 usual.",
    )
    deep_vessels: float = Field(
        25.0, ge=0, le=300, description="Penetrating vessels cut across, per mm²."
    )
    capillary_density: float = Field(
        60.0, ge=0, le=1000, description="Dark capillary sections per mm²."
    )

    axial_fwhm_um: float = Field(
        4.4,
        ge=0.5,
        le=20,
        description="Axial full width of the focus (µm), NA 0.6 [4].",
    )
    z_drift_um: float = Field(
        0.0,
        ge=0,
        le=20,
        description="Slow drift in depth from the first frame to the last (µm); it "
        "blurs the mean image along z; 1-3 usual.",
    )
    blur_um: float = Field(
        0.7,
        ge=0,
        le=5,
        description="Lateral blur by focus and motion, SD (µm); 0.4-0.8 px usual.",
    )
    jitter_um: float = Field(
        0.3,
        ge=0,
        le=5,
        description="Line jitter left in the mean image, SD (µm); 0.2-0.5 px usual.",
    )
    motion_um: float = Field(
        0.0,
        ge=0,
        le=10,
        description="Rigid motion left after registration, SD in y and in x (µm), "
        "in addition to `blur_um`; below 1 px usual.",
    )
    tilt_um: float = Field(
        8.0,
        ge=0,
        le=60,
        description="Difference in depth between the first and the last line (µm), "
        "because the focus moves during a scan; up to one plane distance [7].",
    )
    vignetting: float = Field(
        0.3,
        ge=0,
        le=0.95,
        description="Share of light lost in the corners; 0.2-0.4 usual.",
    )
    unevenness: float = Field(
        0.3,
        ge=0,
        le=2,
        description="SD of the logarithm of slow brightness changes over the field, "
        "the same in both channels (window, depth, scattering).",
    )
    bleed_green_to_red: float = Field(
        0.03,
        ge=0,
        le=0.5,
        description="Share of green light in the red channel; 0.01-0.05 usual.",
    )
    bleed_red_to_green: float = Field(
        0.005,
        ge=0,
        le=0.5,
        description="Share of red light in the green channel; below 0.01 usual.",
    )

    n_frames: int = Field(
        500,
        ge=1,
        le=100000,
        description="Frames averaged into the image; 200-2000 usual [8].",
    )
    green_photons: float = Field(
        1.5,
        gt=0,
        le=1000,
        description="Photons per px and frame in green neuropil; 0.5-5 usual [8].",
    )
    red_photons: float = Field(
        1.5,
        gt=0,
        le=1000,
        description="Photons per px and frame in a red nucleus; 0.5-5 usual [8].",
    )
    excess_noise: float = Field(
        1.3,
        ge=1,
        le=3,
        description="Excess noise factor of the detector; 1.2-1.4 usual [8].",
    )
    read_noise: float = Field(
        0.2,
        ge=0,
        le=10,
        description="Read noise per frame, SD (photons); 0.1-0.3 usual.",
    )
    bit_depth: Literal[8, 16] = Field(
        16, description="Bits of the written image; 8 in the data of [1]."
    )
    clipped_low: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="Share of the pixels that are cut off at the lowest value, as in "
        "images that were stretched for a screen.",
    )
    clipped_high: float = Field(
        0.0,
        ge=0,
        le=0.2,
        description="Share of the pixels that are cut off at the highest value: "
        "stretched for a screen, or a saturated detector.",
    )
    resampling: float = Field(
        1.0,
        ge=1,
        le=4,
        description="How many times coarser the grid was from which the image was "
        "enlarged; 1: not resampled.",
    )
    stripes: float = Field(
        0.0,
        ge=0,
        le=0.5,
        description="SD of the logarithm of brightness from line to line in the red "
        "channel (a scanner's or a detector's stripes); 0: none.",
    )
    cut_capillaries: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="Capillaries that cross the plane, per mm²: round dark sections of "
        "4-11 µm without a rim; hundreds are usual in cortex.",
    )
    outlined: Literal["cut", "visible"] = Field(
        "cut",
        description="What the truth outlines: cells that the plane itself cuts, or all "
        "that stands out from its surroundings, whatever its depth, as a person would.",
    )


#: the built-in sample: three planes of 512 x 512 px; its truth is what a person sees
SAMPLE = SimulationConfig(seed=7, outlined="visible")
