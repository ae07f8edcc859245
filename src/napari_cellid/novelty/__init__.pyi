from .comparison import Comparison as Comparison
from .comparison import TrainingVerdict as TrainingVerdict
from .comparison import compare_with_training as compare_with_training
from .comparison import recorded_verdict as recorded_verdict
from .properties import PROPERTIES as PROPERTIES
from .properties import measure_properties as measure_properties

__all__ = [
    "PROPERTIES",
    "Comparison",
    "TrainingVerdict",
    "compare_with_training",
    "measure_properties",
    "recorded_verdict",
]
