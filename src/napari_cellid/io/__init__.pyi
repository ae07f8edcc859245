from .base import Certainty as Certainty
from .base import ReadOptions as ReadOptions
from .base import RecordingReader as RecordingReader
from .labels import read_labels as read_labels
from .registry import available_readers as available_readers
from .registry import read_recording as read_recording
from .registry import reader_for as reader_for
from .registry import register as register
from .registry import unregister as unregister
from .results import write_results as write_results
from .roi_file import RoiFile as RoiFile
from .rois import read_rois as read_rois
from .stack import ImageStack as ImageStack
from .stack import StackReader as StackReader
from .stack import VoxelSize as VoxelSize

__all__ = [
    "Certainty",
    "ImageStack",
    "ReadOptions",
    "RecordingReader",
    "RoiFile",
    "StackReader",
    "VoxelSize",
    "available_readers",
    "read_labels",
    "read_recording",
    "read_rois",
    "reader_for",
    "register",
    "unregister",
    "write_results",
]
