"""Which cells a gallery shows, and in which order; tables alone, no Qt."""

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
    """Add the column `answer`: what the source says, "" where it says nothing.

    Parameters
    ----------
    cells
        Cells of a study.
    source
        Whose opinion it is; the model's is the table's own `predicted`.
    answers
        What people say, by cell.
    """
    if source == "model":
        return cells.assign(answer=cells["predicted"].fillna("").astype(object))
    return cells.assign(answer=[answers.get(key, "") for key in cell_keys(cells)])


def select_cells(
    cells: pd.DataFrame, answer: str, order: CellOrder, recording: str | None = None
) -> pd.DataFrame:
    """The cells of one answer, sorted.

    Parameters
    ----------
    cells
        From `add_answer_column`.
    answer
        A class, or a special answer.
    order
        doubtful: what the model finds least like this class first; likely: the other
        way round; place: by recording, plane, and from top to bottom.
    recording
        This one alone; None for all.
    """
    wanted = cells["answer"] == answer
    if recording is not None:
        wanted &= cells["recording"] == recording
    found = cells[wanted]
    place = ["recording", "plane", "y", "x"]
    if order == "place":
        return found.sort_values(place, ignore_index=True)
    found = found.assign(likeness=class_probability(found, answer))
    up = order == "doubtful"
    return found.sort_values(
        ["likeness", *place], ascending=[up, *[True] * 4], ignore_index=True
    )


def class_probability(cells: pd.DataFrame, answer: str) -> pd.Series[float]:
    """How probable the model finds an answer; its confidence for what is no class."""
    column = f"p_{answer}"
    return cells[column if column in cells else "confidence"]


def count_cells_by_answer(
    cells: pd.DataFrame, recording: str | None = None
) -> dict[str, int]:
    """How many cells have each answer."""
    rows = cells if recording is None else cells[cells["recording"] == recording]
    return {str(name): int(n) for name, n in rows["answer"].value_counts().items()}
