"""All settings of the program, as pydantic models."""

from napari_cellid.config.base import Config
from napari_cellid.config.classes import (
    NO_CLASS,
    NO_CLASS_TEXT,
    NOT_A_CELL,
    SPECIAL_KEYS,
    UNSURE,
    StudyClass,
)
from napari_cellid.config.frames import FramesConfig
from napari_cellid.config.identify import (
    BleedThroughSetting,
    ClassifyConfig,
    DeviceConfig,
    IdentifyConfig,
    NoneBelowSetting,
    SegmentConfig,
)
from napari_cellid.config.markers import Scheme, SchemeName, parse_scheme
from napari_cellid.config.registration import RegistrationConfig
from napari_cellid.config.semireal import SemirealConfig
from napari_cellid.config.simulation import SAMPLE, SimulationConfig
from napari_cellid.config.study import (
    QueueConfig,
    QueueOrder,
    RecordingInfo,
    StudyConfig,
    StudyModels,
    VoteConfig,
)
from napari_cellid.config.training import (
    RECIPES,
    ClassifierTrainingConfig,
    PlanName,
    SegmenterTrainingConfig,
    SplitConfig,
)

__all__ = [
    "NOT_A_CELL",
    "NO_CLASS",
    "NO_CLASS_TEXT",
    "RECIPES",
    "SAMPLE",
    "SPECIAL_KEYS",
    "UNSURE",
    "BleedThroughSetting",
    "ClassifierTrainingConfig",
    "ClassifyConfig",
    "Config",
    "DeviceConfig",
    "FramesConfig",
    "IdentifyConfig",
    "NoneBelowSetting",
    "PlanName",
    "QueueConfig",
    "QueueOrder",
    "RecordingInfo",
    "RegistrationConfig",
    "Scheme",
    "SchemeName",
    "SegmentConfig",
    "SegmenterTrainingConfig",
    "SemirealConfig",
    "SimulationConfig",
    "SplitConfig",
    "StudyClass",
    "StudyConfig",
    "StudyModels",
    "VoteConfig",
    "parse_scheme",
]
