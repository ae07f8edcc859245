from .added_cells import added_text as added_text
from .agreement_tables import agreement_summary as agreement_summary
from .agreement_tables import alpha_rows as alpha_rows
from .agreement_tables import kappa_rows as kappa_rows
from .agreement_tables import people_rows as people_rows
from .agreement_text import agreement_lines as agreement_lines
from .agreement_text import agreement_values as agreement_values
from .confusion_cells import cells_in_square as cells_in_square
from .dataset_text import class_rows as class_rows
from .dataset_text import lacking_cells_text as lacking_cells_text
from .model_card import card_text as card_text
from .table import Rows as Rows
from .table import TableItem as TableItem
from .training import basis_text as basis_text
from .training import report_notes as report_notes
from .training import run_title as run_title
from .training import state_label as state_label
from .training import state_text as state_text
from .training_tables import class_figure_rows as class_figure_rows
from .training_tables import confusion_matrix_rows as confusion_matrix_rows
from .training_tables import figure_rows as figure_rows
from .training_tables import result_lines as result_lines
from .vote_text import rule_text as rule_text
from .vote_text import vote_lines as vote_lines

__all__ = [
    "Rows",
    "TableItem",
    "added_text",
    "agreement_lines",
    "agreement_summary",
    "agreement_values",
    "alpha_rows",
    "basis_text",
    "card_text",
    "cells_in_square",
    "class_figure_rows",
    "class_rows",
    "confusion_matrix_rows",
    "figure_rows",
    "kappa_rows",
    "lacking_cells_text",
    "people_rows",
    "report_notes",
    "result_lines",
    "rule_text",
    "run_title",
    "state_label",
    "state_text",
    "vote_lines",
]
