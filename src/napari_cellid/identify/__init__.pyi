from .result import IdentifyResult as IdentifyResult
from .result import RoiResult as RoiResult
from .steps import classify_labels as classify_labels
from .steps import classify_rois as classify_rois
from .steps import identify_cells as identify_cells

__all__ = [
    "IdentifyResult",
    "RoiResult",
    "classify_labels",
    "classify_rois",
    "identify_cells",
]
