from .coefficients import cohen_kappa as cohen_kappa
from .coefficients import fleiss_kappa as fleiss_kappa
from .coefficients import krippendorff_alpha as krippendorff_alpha
from .dawid_skene import AnnotatorReliability as AnnotatorReliability
from .dawid_skene import estimate_reliability as estimate_reliability
from .dawid_skene import fit_dawid_skene as fit_dawid_skene
from .intra_rater import intra_rater_agreement as intra_rater_agreement
from .ratings import Ratings as Ratings
from .ratings import tabulate_ratings as tabulate_ratings
from .summary import Agreement as Agreement
from .summary import measure_agreement as measure_agreement
from .vote import DecisionCounts as DecisionCounts
from .vote import count_decisions as count_decisions
from .vote import count_votes as count_votes
from .vote import decide_vote as decide_vote

__all__ = [
    "Agreement",
    "AnnotatorReliability",
    "DecisionCounts",
    "Ratings",
    "cohen_kappa",
    "count_decisions",
    "count_votes",
    "decide_vote",
    "estimate_reliability",
    "fit_dawid_skene",
    "fleiss_kappa",
    "intra_rater_agreement",
    "krippendorff_alpha",
    "measure_agreement",
    "tabulate_ratings",
]
