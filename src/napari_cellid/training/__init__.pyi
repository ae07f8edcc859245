from .learner import Learner as Learner
from .learner import StepMetrics as StepMetrics
from .loop import LoopConfig as LoopConfig
from .loop import TrainingResult as TrainingResult
from .loop import train as train
from .run import Run as Run
from .run_list import list_runs as list_runs
from .state import RunState as RunState
from .summary import RunSummaries as RunSummaries
from .summary import RunSummary as RunSummary

__all__ = [
    "Learner",
    "LoopConfig",
    "Run",
    "RunState",
    "RunSummaries",
    "RunSummary",
    "StepMetrics",
    "TrainingResult",
    "list_runs",
    "train",
]
