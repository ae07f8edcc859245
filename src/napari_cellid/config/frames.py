"""What is computed of the frames of a movie, besides their mean."""

from __future__ import annotations

from pydantic import Field

from napari_cellid.config.base import Config


class FramesConfig(Config):
    """Settings of what is computed of the frames of a movie."""

    traces: bool = Field(
        False,
        title="Traces",
        description="Fluorescence over time of each outline and of the neuropil "
        "around it, saved as traces.npy and neuropil.npy and shown in the Traces dock.",
    )
    frame_rate_hz: float = Field(
        0.0,
        ge=0,
        le=10000,
        title="Frames per second",
        description="Frames per second of each plane (Hz), for the times of traces; "
        "0 takes that of the file, or counts time in frames where the file has none.",
    )
    projections: bool = Field(
        False,
        title="Projections",
        description="Correlation image and maximum projection of green, in which "
        "cells of little resting light show better, as layers and files.",
    )
