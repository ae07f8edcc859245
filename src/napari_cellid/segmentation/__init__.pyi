from .dataset import LabelledField as LabelledField
from .dataset import SegmentationDataset as SegmentationDataset
from .dataset import labelled_field as labelled_field
from .grow_cell import GrownCell as GrownCell
from .grow_cell import grow_cells as grow_cells
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
    "GrownCell",
    "LabelledField",
    "Segmentation",
    "SegmentationDataset",
    "Segmenter",
    "SegmenterStartingWeights",
    "UNet",
    "UNetConfig",
    "grow_cells",
    "label_cells",
    "labelled_field",
    "load_segmenter",
    "load_starting_weights",
    "segment",
    "train_segmenter",
]
