"""Settings of segmentation and classification."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from napari_cellid.config.base import Config
from napari_cellid.config.frames import FramesConfig
from napari_cellid.config.registration import RegistrationConfig

Split = Literal["core", "distance", "none"]
DeviceName = Literal["auto", "cuda", "mps", "cpu"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
#: what is subtracted: the estimate, nothing, or so much red per grey value of green;
#: gains of two detectors differ, as do 8 and 16 bits, so that more than 1 is possible
BleedThroughSetting = (
    Literal["off", "auto"] | Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
)
#: the model's own limit, or a confidence; 0 turns it off
NoneBelowSetting = (
    Literal["auto"] | Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
)


class DeviceConfig(Config):
    """Device and number format of the networks."""

    device: DeviceName = Field(
        "auto",
        title="Device",
        description="Where the networks run: auto takes the graphics card (CUDA or "
        "Apple's MPS) if there is one, otherwise the CPU.",
    )
    precision: Precision = Field(
        "auto",
        title="Precision",
        description="Number format of the networks: auto takes the short one (bf16 or "
        "fp16) where the device computes faster with it, otherwise fp32.",
    )


class SegmentConfig(Config):
    """Settings of segmentation: from probability maps to outlined cells."""

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
        description="How touching cells are separated: core grows each cell from the "
        "middle that the network marks, distance cuts at narrow places, none leaves "
        "every connected region whole as in the paper.",
    )
    min_area_um2: float = Field(
        27.0,
        ge=0,
        le=1000,
        title="Smallest cell (µm²)",
        description="Regions smaller than this area, in square micrometres, are "
        "removed.",
    )
    views: int = Field(
        2,
        ge=1,
        le=8,
        title="Views (outlines)",
        description="Number of rotated and mirrored views of each plane whose network "
        "outputs are averaged (test-time augmentation): steadier outlines where "
        "photons are few, at that many times the computing time. 1: one view, as in "
        "the paper.",
    )
    check_pixel_size: bool = Field(
        True,
        title="Check the pixel size",
        description="Compares the pixel size with the diameter of cells that is "
        "estimated from the image, and says so if both contradict. Takes a few "
        "seconds.",
    )


class ClassifyConfig(Config):
    """Settings of classification."""

    batch_size: int = Field(
        0,
        ge=0,
        le=4096,
        title="Patches at once",
        description="Number of patches in a batch; 0 chooses a number that suits the "
        "device. It is halved automatically when memory runs out.",
    )
    class_views: int = Field(
        2,
        ge=1,
        le=8,
        title="Views (classes)",
        description="Number of rotated and mirrored views of each plane that a pixel "
        "classifier averages (test-time augmentation), at that many times the "
        "computing time. Inception-v3 sees each patch once.",
    )
    bleed_through: BleedThroughSetting = Field(
        "off",
        title="Bleed-through",
        description="Green light in the red channel, which is subtracted from red "
        "before classification: off subtracts nothing, auto the estimate of the "
        "recording if its interval is above 0, a number so many grey values of red "
        "per grey value of green. Outlines and saved images do not change.",
    )
    link_planes: bool = Field(
        True,
        title="Link planes",
        description="Outlines of one cell in planes at most 10 µm apart are "
        "linked, and its class is decided from all of them. Nothing is linked where "
        "the distance of planes is unknown.",
    )
    none_below: NoneBelowSetting = Field(
        "auto",
        title="None below",
        description="Confidence below which a cell is none of these: grey, without a "
        "class, counted apart. auto takes the limits of the model, if it has some; 0 "
        "gives every cell its most probable class.",
    )


class IdentifyConfig(Config):
    """All settings of a run: registration, segmentation and classification."""

    registration: RegistrationConfig = RegistrationConfig()
    segment: SegmentConfig = SegmentConfig()
    classify: ClassifyConfig = ClassifyConfig()
    device: DeviceConfig = DeviceConfig()
    frames: FramesConfig = FramesConfig()
