from .cells import EvaluationCells as EvaluationCells
from .cells import collect_cells as collect_cells
from .folds import Fold as Fold
from .folds import make_folds as make_folds
from .paper import TABLE_1 as TABLE_1
from .paper import TABLE_2 as TABLE_2
from .statistics import compare_on_folds as compare_on_folds
from .statistics import table_metrics as table_metrics

__all__ = [
    "TABLE_1",
    "TABLE_2",
    "EvaluationCells",
    "Fold",
    "collect_cells",
    "compare_on_folds",
    "make_folds",
    "table_metrics",
]
