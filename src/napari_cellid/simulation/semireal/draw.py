"""The ranges from which the settings of semi-real fields are drawn for training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.config.semireal import SemirealConfig

if TYPE_CHECKING:
    import numpy as np

_Range = tuple[float, float]

#: uniform between the two numbers; names in `_LOG` uniform in the logarithm
_RED: dict[str, _Range] = {
    "inhibitory_fraction": (0.08, 0.5),
    "glia_share": (0.1, 0.7),
    "nucleus_diameter_um": (7.0, 12.0),
    "nucleus_spread": (0.06, 0.2),
    "largest_nucleus": (0.7, 0.98),
    "nucleus_shift_um": (0.2, 1.2),
    "nucleus_depth_um": (0.5, 3.0),
    "elongation": (0.05, 0.25),
    "irregularity": (0.02, 0.09),
    "glia_diameter_um": (5.5, 8.5),
    "chromatin": (0.05, 1.2),
    "red_brightness": (0.2, 1.6),
    "red_spread": (0.2, 0.6),
    "dim_fraction": (0.0, 0.3),
    "dim_blur_um": (1.0, 3.0),
    "red_haze": (0.01, 0.4),
    "out_of_focus": (0.05, 1.2),
    "neuron_density": (0.4e5, 1.5e5),
    "red_follows_green": (0.4, 1.4),
    "bleed_green_to_red": (0.0, 0.16),
    "green_photons_in_marks": (0.5, 12.0),
    "axial_fwhm_um": (2.0, 9.0),
    "blur_um": (0.25, 1.5),
    "jitter_um": (0.05, 0.5),
    "red_photons": (0.2, 8.0),
    "n_frames": (6.0, 3000.0),
    "excess_noise": (1.0, 1.6),
    "read_noise": (0.05, 0.5),
}
_GREEN: dict[str, _Range] = {
    "green_resampling": (0.7, 2.0),
    "green_gamma": (0.7, 1.4),
    "green_contrast": (0.6, 1.3),
    "green_frames": (10.0, 1000.0),
}
_LOG = {
    "red_haze", "out_of_focus", "n_frames", "green_photons_in_marks", "red_photons",
    "red_brightness", "neuron_density", "green_resampling", "green_gamma",
    "green_contrast", "green_frames",
}  # fmt: skip
_WHOLE = {"n_frames", "green_frames"}


def draw_semireal(
    rng: np.random.Generator, *, vary_green: bool = False, **fixed: Any
) -> SemirealConfig:
    """Draw wide settings of one semi-real field.

    Parameters
    ----------
    rng
        Randomness of the settings, and of the seed among them.
    vary_green
        Whether the green image is changed, too: its pixel size, gamma, contrast and
        noise.
    **fixed
        Settings that are not drawn.

    Raises
    ------
    pydantic.ValidationError
        If a fixed setting is none or out of its range.
    """
    drawn: dict[str, Any] = {"seed": int(rng.integers(2**31))}
    drawn |= {name: _draw(name, limits, rng) for name, limits in _RED.items()}
    drawn["bit_depth"] = 8 if rng.random() < 0.3 else 16
    if vary_green:
        drawn |= {name: _draw(name, limits, rng) for name, limits in _GREEN.items()}
    return SemirealConfig(**{**drawn, **fixed})


def _draw(name: str, limits: _Range, rng: np.random.Generator) -> float | int:
    low, high = limits
    part = float(rng.random())
    value = low * (high / low) ** part if name in _LOG else low + (high - low) * part
    return round(value) if name in _WHOLE else value
