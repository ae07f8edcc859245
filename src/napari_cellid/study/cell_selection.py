"""Selection and order of the cells in a gallery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from napari_cellid.annotation.answer import CellKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

AnswerSource = Literal["own", "consensus", "model"]
CellOrder = Literal["doubtful", "likely", "place"]


def cell_keys(cells: pd.DataFrame) -> list[CellKey]:
    """Key of each row of a table of cells."""
    pairs = zip(cells["recording"].tolist(), cells["cell"].tolist(), strict=True)
    return [CellKey(recording, cell) for recording, cell in pairs]


def add_answer_column(
    cells: pd.DataFrame, source: AnswerSource, answers: Mapping[CellKey, str]
) -> pd.DataFrame:
    """Add a column `answer`, which is "" for cells without an answer.

    Parameters
    ----------
    cells
        Cells of a study.
    source
        Source of the answers; model: the column `predicted`.
    answers
        Answers by cell, for the other sources.
    """
    if source == "model":
        return cells.assign(answer=cells["predicted"].fillna("").astype(object))
    return cells.assign(answer=[answers.get(key, "") for key in cell_keys(cells)])


def select_cells(
    cells: pd.DataFrame, answer: str, order: CellOrder, recording: str | None = None
) -> pd.DataFrame:
    """Cells with one answer, sorted.

    Parameters
    ----------
    cells
        Result of `add_answer_column`.
    answer
        A class, `not_a_cell` or `unsure`.
    order
        doubtful: lowest probability of this class first; likely: highest probability
        first; place: by recording, plane, y and x.
    recording
        Name of a single recording; None for all.
    """
    selected = cells["answer"] == answer
    if recording is not None:
        selected &= cells["recording"] == recording
    rows = cells[selected]
    position = ["recording", "plane", "y", "x"]
    if order == "place":
        return rows.sort_values(position, ignore_index=True)
    rows = rows.assign(probability=class_probability(rows, answer))
    ascending = order == "doubtful"
    return rows.sort_values(
        ["probability", *position],
        ascending=[ascending, *[True] * 4],
        ignore_index=True,
    )


def class_probability(cells: pd.DataFrame, answer: str) -> pd.Series[float]:
    """Predicted probability of an answer; the confidence if it is not a class."""
    column = f"p_{answer}"
    return cells[column if column in cells else "confidence"]


def count_cells_by_answer(
    cells: pd.DataFrame, recording: str | None = None
) -> dict[str, int]:
    """Number of cells with each answer."""
    rows = cells if recording is None else cells[cells["recording"] == recording]
    return {str(name): int(n) for name, n in rows["answer"].value_counts().items()}
