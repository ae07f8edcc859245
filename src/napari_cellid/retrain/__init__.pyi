from .active_model import activate_model as activate_model
from .active_model import activate_run as activate_run
from .active_model import current_model as current_model
from .active_model import resolve_model as resolve_model
from .active_model import restore_previous_model as restore_previous_model
from .active_model import study_models as study_models
from .classifier_comparison import compare_classifiers as compare_classifiers
from .dataset_summary import DecidedCellCounts as DecidedCellCounts
from .dataset_summary import count_decided_cells as count_decided_cells
from .detection_comparison import compare_segmenters as compare_segmenters
from .job import RetrainResult as RetrainResult
from .job import estimate as estimate
from .job import resume as resume
from .job import start as start
from .request import ClassifierRequest as ClassifierRequest
from .request import SegmenterRequest as SegmenterRequest
from .split import Split as Split
from .split import split_cells as split_cells
from .verdict import Verdict as Verdict
from .verdict import read_verdict as read_verdict

__all__ = [
    "ClassifierRequest",
    "DecidedCellCounts",
    "RetrainResult",
    "SegmenterRequest",
    "Split",
    "Verdict",
    "activate_model",
    "activate_run",
    "compare_classifiers",
    "compare_segmenters",
    "count_decided_cells",
    "current_model",
    "estimate",
    "read_verdict",
    "resolve_model",
    "restore_previous_model",
    "resume",
    "split_cells",
    "start",
    "study_models",
]
