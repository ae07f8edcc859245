"""Every setting of the program, written once."""

from napari_cellid.config.base import Config
from napari_cellid.config.identify import (
    ClassifyConfig,
    DeviceConfig,
    IdentifyConfig,
    SegmentConfig,
)
from napari_cellid.config.simulation import SAMPLE, SimulationConfig

__all__ = [
    "SAMPLE",
    "ClassifyConfig",
    "Config",
    "DeviceConfig",
    "IdentifyConfig",
    "SegmentConfig",
    "SimulationConfig",
]
