"""Settings of the main job: outline the cells, tell what they are."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from napari_cellid.config.base import Config

Split = Literal["core", "distance", "none"]
DeviceName = Literal["auto", "cuda", "mps", "cpu"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]


class DeviceConfig(Config):
    """Where the networks run."""

    device: DeviceName = Field(
        "auto",
        title="Device",
        description="Where the networks run: auto takes the graphics card (CUDA or "
        "Apple's MPS) where there is one, else the CPU.",
    )
    precision: Precision = Field(
        "auto",
        title="Precision",
        description="Number format of the networks: auto takes the short one (bf16 or "
        "fp16) where the device computes faster with it, else fp32.",
    )


class SegmentConfig(Config):
    """How a probability map becomes outlined cells."""

    threshold: float = Field(
        0.7,
        ge=0.05,
        le=0.95,
        title="Threshold",
        description="A pixel belongs to a cell where the network's probability is at "
        "least this. Lower finds fainter cells and larger outlines.",
    )
    split: Split = Field(
        "core",
        title="Touching cells",
        description="How touching cells come apart: core grows each cell from the "
        "middle that the network marks, distance cuts at narrow places, none leaves "
        "every connected region whole as in the paper.",
    )
    min_area_um2: float = Field(
        27.0,
        ge=0,
        le=1000,
        title="Smallest cell (µm²)",
        description="Regions smaller than this area, in square micrometres, are "
        "dropped.",
    )
    views: int = Field(
        2,
        ge=1,
        le=8,
        title="Views (outlines)",
        description="The network sees each plane so many times, turned and mirrored, "
        "and its answers are averaged: steadier outlines where photons are few, for "
        "as many times the work. 1: once, as in the paper.",
    )


class ClassifyConfig(Config):
    """How cells are classified."""

    batch_size: int = Field(
        0,
        ge=0,
        le=4096,
        title="Patches at once",
        description="Patches that the classifier sees at once; 0 chooses a number "
        "that suits the device. Halved by itself when memory runs out.",
    )
    class_views: int = Field(
        2,
        ge=1,
        le=8,
        title="Views (classes)",
        description="A classifier that tells the classes in one pass sees each plane "
        "so many times, turned and mirrored, and its answers are averaged, for as many "
        "times the work. Inception-v3 sees each patch once.",
    )


class IdentifyConfig(Config):
    """All settings of the main job."""

    segment: SegmentConfig = SegmentConfig()
    classify: ClassifyConfig = ClassifyConfig()
    device: DeviceConfig = DeviceConfig()
