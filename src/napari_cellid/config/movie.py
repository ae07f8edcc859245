"""Settings of a simulated movie: activity, bleaching and motion of single frames.

Sources in brackets: [1] Seong & Park (their converter's frame rate); [2] Chen et al.
2013, Nature 499:295 (GCaMP6s; the decay and the peak of one spike are quoted from
general knowledge, not looked up there). Where no source is named the value is assumed.
What the frames share with the mean image (photons, noise, blur, rigid motion) is in
`SimulationConfig`.
"""

from __future__ import annotations

from pydantic import Field

from napari_cellid.config.base import Config


class MovieConfig(Config):
    """A movie of a simulated field."""

    movie_frames: int = Field(
        200, ge=2, le=20000, description="Frames of the movie, and of its mean image."
    )
    frame_rate_hz: float = Field(
        7.0, ge=0.1, le=1000, description="Frames per second of each plane (Hz) [1]."
    )

    excitatory_rate_hz: float = Field(
        0.1, ge=0, le=20, description="Median rate of events of excitatory cells (Hz)."
    )
    inhibitory_rate_hz: float = Field(
        0.8, ge=0, le=20, description="Median rate of events of inhibitory cells (Hz)."
    )
    rate_spread: float = Field(
        0.8, ge=0, le=3, description="SD of the logarithm of the rates of cells."
    )
    excitatory_dff: float = Field(
        0.7,
        ge=0,
        le=20,
        description="Median peak of an event of excitatory cells, a burst of about "
        "three spikes (dF/F); 0.2 a spike [2].",
    )
    inhibitory_dff: float = Field(
        0.2,
        ge=0,
        le=20,
        description="Median peak of an event of inhibitory cells (dF/F).",
    )
    dff_spread: float = Field(
        0.5, ge=0, le=2, description="SD of the logarithm of the peaks of events."
    )
    rise_s: float = Field(
        0.1, ge=0.001, le=5, description="Rise of the indicator, time constant (s) [2]."
    )
    decay_s: float = Field(
        0.8,
        ge=0.01,
        le=20,
        description="Decay of the indicator, time constant (s); half in 0.55 s [2].",
    )

    neuropil_fluctuation: float = Field(
        0.08, ge=0, le=0.5, description="SD of the neuropil with time over its mean."
    )
    neuropil_time_s: float = Field(
        1.0, ge=0.01, le=100, description="Time over which the neuropil changes (s)."
    )
    neuropil_patch_um: float = Field(
        80.0,
        ge=10,
        le=1000,
        description="Size of neuropil patches that change together (µm); half of "
        "the variance is common to the whole field.",
    )

    bleaching_green: float = Field(
        0.05,
        ge=0,
        le=0.9,
        description="Share of green light lost until the last frame.",
    )
    bleaching_red: float = Field(
        0.08, ge=0, le=0.9, description="Share of red light lost until the last frame."
    )

    frame_motion_um: float = Field(
        0.3,
        ge=0,
        le=5,
        description="Rigid motion of frames that is part of the mean image's blur, SD "
        "in y and in x (µm); less where `blur_um` does not hold so much. `motion_um` "
        "comes on top.",
    )
    motion_time_s: float = Field(
        0.3, ge=0, le=100, description="Time over which the rigid motion changes (s)."
    )
    frame_jitter_um: float = Field(
        0.3,
        ge=0,
        le=5,
        description="Line jitter of frames that is part of the mean image's blur, SD "
        "(µm); less where `blur_um` does not hold so much.",
    )
