from .dataset import LabelledField as LabelledField
from .dataset import SegmentationDataset as SegmentationDataset
from .dataset import labelled_field as labelled_field
from .instances import label_cells as label_cells
from .predict import Segmentation as Segmentation
from .predict import Segmenter as Segmenter
from .predict import load_segmenter as load_segmenter
from .predict import segment as segment
from .starting_weights import SegmenterStartingWeights as SegmenterStartingWeights
from .starting_weights import load_starting_weights as load_starting_weights
from .training import train_segmenter as train_segmenter
from .unet import UNet as UNet
from .unet import UNetConfig as UNetConfig

__all__ = [
    "LabelledField",
    "Segmentation",
    "SegmentationDataset",
    "Segmenter",
    "SegmenterStartingWeights",
    "UNet",
    "UNetConfig",
    "label_cells",
    "labelled_field",
    "load_segmenter",
    "load_starting_weights",
    "segment",
    "train_segmenter",
]
