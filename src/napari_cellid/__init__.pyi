from .api import add_cells as add_cells
from .api import classify_rois as classify_rois
from .api import identify_cells as identify_cells
from .api import open_study as open_study
from .api import read_recording as read_recording
from .api import retrain_model as retrain_model

__version__: str

__all__ = [
    "add_cells",
    "classify_rois",
    "identify_cells",
    "open_study",
    "read_recording",
    "retrain_model",
]
