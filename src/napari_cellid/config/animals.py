"""Settings of simulated animals: differences between them and their recordings.

No source gives these spreads for one laboratory: all are assumed. Seven animals, six
recordings each and three planes are the 126 images of Seong & Park.
"""

from __future__ import annotations

from pydantic import Field

from napari_cellid.config.base import Config


class AnimalsConfig(Config):
    """Animals with recordings. The spreads are those between animals."""

    animals: int = Field(7, ge=1, le=1000, description="Number of animals.")
    recordings: int = Field(6, ge=1, le=1000, description="Recordings of each animal.")
    within_animal: float = Field(
        0.3,
        ge=0,
        le=2,
        description="Spread between recordings of one animal over the spread "
        "between animals.",
    )
    gain_spread: float = Field(
        0.3,
        ge=0,
        le=2,
        description="SD of the logarithm of the photons of both channels (light, "
        "depth, window).",
    )
    expression_spread: float = Field(
        0.1, ge=0, le=0.5, description="SD of the share of neurons with GCaMP."
    )
    brightness_spread: float = Field(
        0.25, ge=0, le=2, description="SD of the logarithm of GCaMP brightness."
    )
    staining_spread: float = Field(
        0.3, ge=0, le=2, description="SD of the logarithm of mCherry brightness."
    )
    density_spread: float = Field(
        0.12,
        ge=0,
        le=1,
        description="SD of the logarithm of the density of neurons, and of glia.",
    )
    tilt_spread_um: float = Field(
        4.0, ge=0, le=30, description="SD of the tilt of the planes (µm)."
    )
    bleed_spread: float = Field(
        0.4,
        ge=0,
        le=2,
        description="SD of the logarithm of the bleed-through of each channel.",
    )
