from .base import CellClassifier as CellClassifier
from .base import classify_cells as classify_cells
from .dataset import ClassificationDataset as ClassificationDataset
from .dataset import PatchDataset as PatchDataset
from .dataset import RecordingCells as RecordingCells
from .dataset import prepare_cells as prepare_cells
from .ensemble import Ensemble as Ensemble
from .frozen_features import FeatureCache as FeatureCache
from .loader import load_classifier as load_classifier
from .networks import ClassifierConfig as ClassifierConfig
from .patch import PatchClassifier as PatchClassifier
from .pixel import PixelClassifier as PixelClassifier
from .starting_weights import StartingWeights as StartingWeights
from .starting_weights import load_starting_weights as load_starting_weights
from .temperature import apply_temperature as apply_temperature
from .temperature import fit_temperature as fit_temperature
from .training import TrainedClassifier as TrainedClassifier
from .training import train_classifier as train_classifier

__all__ = [
    "CellClassifier",
    "ClassificationDataset",
    "ClassifierConfig",
    "Ensemble",
    "FeatureCache",
    "PatchClassifier",
    "PatchDataset",
    "PixelClassifier",
    "RecordingCells",
    "StartingWeights",
    "TrainedClassifier",
    "apply_temperature",
    "classify_cells",
    "fit_temperature",
    "load_classifier",
    "load_starting_weights",
    "prepare_cells",
    "train_classifier",
]
