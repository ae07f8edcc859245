from .all_answers import Annotations as Annotations
from .all_answers import current_answers as current_answers
from .all_answers import given_answers as given_answers
from .all_answers import read_annotations as read_annotations
from .annotators import list_annotators as list_annotators
from .answer import Answer as Answer
from .answer import CellKey as CellKey
from .csv_export import export_answers as export_answers
from .csv_import import import_answers as import_answers
from .journal import Journal as Journal
from .merge import merge_journals as merge_journals
from .progress_stats import AnnotationProgress as AnnotationProgress

__all__ = [
    "AnnotationProgress",
    "Annotations",
    "Answer",
    "CellKey",
    "Journal",
    "current_answers",
    "export_answers",
    "given_answers",
    "import_answers",
    "list_annotators",
    "merge_journals",
    "read_annotations",
]
