"""A two-channel recording, and the mean over its time points."""

from napari_cellid.recording.data import MeanPlanes, Recording
from napari_cellid.recording.mean import mean_planes

__all__ = ["MeanPlanes", "Recording", "mean_planes"]
