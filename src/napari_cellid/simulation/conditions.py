"""Kinds of simulated recordings: the ranges from which settings are drawn.

The default models are trained on `wide`, whose ranges should include the scale,
brightness, density, noise, bleed-through and staining of every laboratory. The other
kinds serve for evaluation: `nominal`, four that are each difficult in one respect, and
`sharp`: thin sections of tissue full of GCaMP, where a cell is a dark nucleus whose
ring hardly differs from the neuropil, with any of the usual red labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from napari_cellid.config import SimulationConfig

if TYPE_CHECKING:
    import numpy as np

Kind = Literal[
    "wide", "nominal", "low_snr", "bleed", "weak_dense", "vignetting", "sharp", "broad"
]
KINDS: tuple[Kind, ...] = (
    "wide",
    "nominal",
    "low_snr",
    "bleed",
    "weak_dense",
    "vignetting",
    "sharp",
    "broad",
)
HARD: tuple[Kind, ...] = ("low_snr", "bleed", "weak_dense", "vignetting")

_Range = tuple[float, float]

_NOMINAL: dict[str, _Range] = {
    "neuron_density": (0.7e5, 1.1e5),
    "soma_diameter_um": (12.0, 14.0),
    "expression_fraction": (0.65, 0.85),
    "green_brightness": (1.5, 2.5),
    # mean images of two recordings show far weaker rings than the indicator alone would
    "nucleus_green": (0.3, 0.7),
    "bleed_green_to_red": (0.01, 0.04),
    "vignetting": (0.15, 0.35),
    "tilt_um": (0.0, 12.0),
}

#: uniform between the two numbers; names in `_LOG` uniform in the logarithm
_WIDE: dict[str, _Range] = {
    "pixel_size_um": (0.45, 2.1),
    "neuron_density": (0.2e5, 2.2e5),
    "inhibitory_fraction": (0.08, 0.5),
    "glia_density": (0.8e4, 7e4),
    "soma_diameter_um": (10.0, 17.0),
    "soma_spread": (0.06, 0.2),
    "nucleus_ratio": (0.55, 0.85),
    "soma_gap": (0.8, 1.05),
    "expression_fraction": (0.3, 1.0),
    "expression_scale_um": (60.0, 400.0),
    "green_brightness": (0.7, 5.0),
    "green_spread": (0.3, 0.9),
    "nucleus_green": (0.05, 0.9),
    "filled_fraction": (0.0, 0.35),
    "red_brightness": (0.2, 1.6),
    "red_spread": (0.2, 0.6),
    "chromatin": (0.05, 1.2),
    "neuropil_texture": (0.04, 0.3),
    "neuropil_unevenness": (0.05, 0.45),
    "exclusion": (0.2, 0.95),
    "dendrites": (0.2, 3.0),
    "processes": (0.0, 1.0),
    "red_haze": (0.01, 0.4),
    "out_of_focus": (0.05, 1.2),
    "vessel_shadow": (0.2, 0.9),
    "deep_vessels": (2.0, 80.0),
    "capillary_density": (10.0, 200.0),
    "axial_fwhm_um": (2.0, 9.0),
    "blur_um": (0.25, 1.5),
    "jitter_um": (0.05, 0.5),
    "tilt_um": (0.0, 25.0),
    "vignetting": (0.0, 0.75),
    "unevenness": (0.0, 0.9),
    "bleed_green_to_red": (0.0, 0.16),
    "bleed_red_to_green": (0.0, 0.04),
    "n_frames": (6.0, 3000.0),
    "green_photons": (0.25, 8.0),
    "red_photons": (0.2, 8.0),
    "excess_noise": (1.0, 1.6),
    "read_noise": (0.05, 0.5),
}

#: what differs from `wide`, each with its reason
_SHARP: dict[str, _Range] = {
    # thin sections: objectives that are filled (NA 0.8-1.0), little motion
    "axial_fwhm_um": (1.5, 3.5),
    "blur_um": (0.2, 0.7),
    "jitter_um": (0.02, 0.3),
    "tilt_um": (0.0, 10.0),
    "out_of_focus": (0.02, 0.3),
    "soma_diameter_um": (7.0, 15.0),
    "nucleus_ratio": (0.62, 0.88),
    # most neurons express, and their rings lie around the level of the neuropil: three
    # quarters of what people mark in a sharp recording is no brighter than it
    "neuron_density": (1.0e5, 3.0e5),
    "expression_fraction": (0.6, 1.0),
    "green_brightness": (0.8, 1.8),
    "green_spread": (0.2, 0.6),
    "nucleus_green": (0.1, 0.75),
    "filled_fraction": (0.0, 0.15),
    "exclusion": (0.8, 1.0),
    # axons and dendrites are resolved, as specks
    "neuropil_texture": (0.08, 0.3),
    "dendrites": (1.0, 6.0),
    # windows and scattering can leave a tenth of the light in a corner
    "unevenness": (0.1, 1.1),
    "vignetting": (0.0, 0.7),
    "n_frames": (300.0, 10_000.0),
    # red fluorophores are often seen through a filter that passes much green
    "bleed_green_to_red": (0.0, 0.4),
}
#: what differs from `wide`, each with its reason
_BROAD: dict[str, _Range] = {
    # zoomed-in scans of dendrites to mesoscopes
    "pixel_size_um": (0.4, 2.5),
    # granule cells to the largest pyramidal cells of layer 5
    "soma_diameter_um": (8.0, 20.0),
    # filled cells little brighter than the neuropil are usual in blurred fields
    "filled_fraction": (0.0, 0.7),
    "green_brightness": (0.5, 5.0),
    "unevenness": (0.0, 1.1),
    "bleed_green_to_red": (0.0, 0.4),
}
#: capillaries that cross the plane, per mm²: in blurred fields they are taken for cells
_CAPILLARIES: dict[Kind, _Range] = {"sharp": (1.0, 60.0), "broad": (5.0, 500.0)}
_DIFFERENT: dict[Kind, dict[str, _Range]] = {"sharp": _SHARP, "broad": _BROAD}
#: labels of laboratories: place of red; shares of red excitatory, inhibitory and glia
#: cells, each between two numbers
_RED_LABELS: tuple[tuple[str, tuple[_Range, _Range, _Range]], ...] = (
    # the Emx1 lineage, as in the paper
    ("nucleus", ((1.0, 1.0), (0.0, 0.0), (1.0, 1.0))),
    # Gad2, vGAT
    ("cytosol", ((0.0, 0.0), (0.9, 1.0), (0.0, 0.0))),
    # PV, SST, VIP
    ("cytosol", ((0.0, 0.0), (0.15, 0.5), (0.0, 0.0))),
    # retrograde tracers and viruses
    ("cytosol", ((0.05, 0.4), (0.0, 0.0), (0.0, 0.0))),
    ("both", ((0.05, 1.0), (0.0, 1.0), (0.0, 1.0))),
)
_LABELLED = ("red_excitatory", "red_inhibitory", "red_glia")
#: shares of the sharp fields that were enlarged, cut off at the ends, or have stripes
_RESAMPLED, _CLIPPED, _STRIPED = 0.3, 0.3, 0.15

_LOG = {
    "pixel_size_um", "neuron_density", "glia_density", "green_brightness",
    "red_haze", "out_of_focus", "deep_vessels", "capillary_density", "n_frames",
    "green_photons", "red_photons", "expression_scale_um", "dendrites",
    "red_brightness", "cut_capillaries",
}  # fmt: skip

_HARD: dict[Kind, dict[str, _Range]] = {
    "low_snr": {
        "n_frames": (8, 20),
        "green_photons": (0.3, 0.6),
        "red_photons": (0.3, 0.6),
    },
    "bleed": {"bleed_green_to_red": (0.12, 0.12)},
    "weak_dense": {
        "red_brightness": (0.2, 0.35),
        "neuron_density": (1.3e5, 1.6e5),
        "soma_gap": (0.8, 0.88),
    },
    "vignetting": {"vignetting": (0.65, 0.8), "unevenness": (0.5, 0.8)},
}


def draw_config(kind: Kind, rng: np.random.Generator, **fixed: Any) -> SimulationConfig:
    """Draw the settings of one field of a kind; `fixed` settings are not drawn.

    Fields share gain and expression only if the caller fixes these settings.
    """
    ranges = {**_NOMINAL, **_HARD.get(kind, {})}
    of_laboratories = kind in ("wide", "sharp", "broad")
    if of_laboratories:
        ranges = {**_WIDE, **_DIFFERENT.get(kind, {})}
    drawn: dict[str, Any] = {"seed": int(rng.integers(2**31))}
    for name, (low, high) in ranges.items():
        drawn[name] = _draw(name, low, high, rng)
    if of_laboratories:
        drawn["vessels"] = int(rng.integers(0, 8))
        drawn["bit_depth"] = 8 if rng.random() < 0.3 else 16
    if kind in _DIFFERENT:
        drawn |= _draw_red_label(rng) | _draw_processing(rng)
        name = "cut_capillaries"
        drawn[name] = _draw(name, *_CAPILLARIES[kind], rng)
    return SimulationConfig(**{**drawn, **fixed})


def _draw_red_label(rng: np.random.Generator) -> dict[str, Any]:
    """Which cells are red, and where in them, as in one of the usual labels."""
    place, shares = _RED_LABELS[int(rng.integers(len(_RED_LABELS)))]
    drawn = {
        name: float(rng.uniform(*share))
        for name, share in zip(_LABELLED, shares, strict=True)
    }
    return {"red_place": place, **drawn}


def _draw_processing(rng: np.random.Generator) -> dict[str, Any]:
    """What happened to the images after they were taken."""
    drawn: dict[str, Any] = {}
    if rng.random() < _RESAMPLED:
        drawn["resampling"] = float(rng.uniform(1.1, 1.8))
    if rng.random() < _CLIPPED:
        drawn["clipped_low"] = float(rng.uniform(0, 0.05))
        drawn["clipped_high"] = float(rng.uniform(0, 0.03))
    if rng.random() < _STRIPED:
        drawn["stripes"] = float(rng.uniform(0.02, 0.1))
    return drawn


def _draw(name: str, low: float, high: float, rng: np.random.Generator) -> float | int:
    if name in _LOG:
        value = float(low * (high / low) ** rng.random())
    else:
        value = float(rng.uniform(low, high))
    return round(value) if name == "n_frames" else value
