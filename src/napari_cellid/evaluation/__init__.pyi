from .bootstrap import EvaluatedCells as EvaluatedCells
from .bootstrap import Interval as Interval
from .bootstrap import metric_differences as metric_differences
from .bootstrap import metric_intervals as metric_intervals
from .cell_statistics import layout_statistics as layout_statistics
from .cell_statistics import measure_contrast as measure_contrast
from .detection import DetectionCounts as DetectionCounts
from .detection import count_detections as count_detections
from .image_statistics import measure_image as measure_image
from .metrics import accuracy as accuracy
from .metrics import balanced_accuracy as balanced_accuracy
from .metrics import classification_metrics as classification_metrics
from .metrics import confusion_matrix as confusion_matrix
from .metrics import expected_calibration_error as expected_calibration_error
from .metrics import macro_f1 as macro_f1
from .metrics import metrics_by_class as metrics_by_class
from .scoring import SimulationScore as SimulationScore
from .scoring import score_result as score_result

__all__ = [
    "DetectionCounts",
    "EvaluatedCells",
    "Interval",
    "SimulationScore",
    "accuracy",
    "balanced_accuracy",
    "classification_metrics",
    "confusion_matrix",
    "count_detections",
    "expected_calibration_error",
    "layout_statistics",
    "macro_f1",
    "measure_contrast",
    "measure_image",
    "metric_differences",
    "metric_intervals",
    "metrics_by_class",
    "score_result",
]
