from .answer_matching import MatchedAnswers as MatchedAnswers
from .consensus import consensus_table as consensus_table
from .consensus import write_consensus as write_consensus
from .csv_exchange import export_study_answers as export_study_answers
from .csv_exchange import import_study_answers as import_study_answers
from .merge import merge_studies as merge_studies
from .recordings import StudyRecording as StudyRecording
from .save_results import add_recording as add_recording
from .scheme import save_scheme as save_scheme
from .study import Study as Study
from .training_set import TrainingSet as TrainingSet
from .training_set import make_training_set as make_training_set

__all__ = [
    "MatchedAnswers",
    "Study",
    "StudyRecording",
    "TrainingSet",
    "add_recording",
    "consensus_table",
    "export_study_answers",
    "import_study_answers",
    "make_training_set",
    "merge_studies",
    "save_scheme",
    "write_consensus",
]
