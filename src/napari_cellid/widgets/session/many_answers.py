"""A question before many cells get the same answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QMessageBox

from napari_cellid.annotation.answer import answer_text
from napari_cellid.report.table import count_text
from napari_cellid.widgets._shared.markup import as_rich_text

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

#: more cells than this are answered only after a question
_MAX_UNASKED = 50


def may_answer(parent: QWidget, n_cells: int, answer: str) -> bool:
    """Whether to give an answer for so many cells; the user is asked if they are many.

    Parameters
    ----------
    parent
        Parent of the question.
    n_cells
        Number of the cells.
    answer
        The answer.
    """
    if n_cells <= _MAX_UNASKED:
        return True
    reply = QMessageBox.question(
        parent,
        "Answer for many cells?",
        as_rich_text(
            f"Answer “{answer_text(answer)}” for {count_text(n_cells, 'cell')}?"
        ),
    )
    return bool(reply == QMessageBox.StandardButton.Yes)
