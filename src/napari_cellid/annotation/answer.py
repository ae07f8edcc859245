"""One answer of one annotator about one cell."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from napari_cellid.config import NOT_A_CELL, SPECIAL_KEYS

if TYPE_CHECKING:
    from datetime import datetime

    from napari_cellid.config import StudyConfig

#: an annotator votes; an adjudicator decides cells on which the votes disagree
Role = Literal["annotator", "adjudicator"]
#: what wrote the line: an answer of the person, or undo, redo or restore
Origin = Literal["answer", "undo", "redo", "restore"]


class CellKey(NamedTuple):
    """A cell of a study: name of the recording, and the cell's permanent number."""

    recording: str
    cell: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of a journal.

    Parameters
    ----------
    time
        When the answer was given, in UTC.
    annotator
        Name of the annotator.
    recording, cell
        Name of the recording, and permanent number of the cell (not its label).
    plane, y, x
        Position of the cell: plane, and centroid in px. It identifies the cell after
        another segmentation.
    answer
        A class, `not_a_cell`, `unsure`, or None if the answer is withdrawn.
    shown
        What the annotator could see: the name of the model, or that other annotators'
        votes were shown; None for a blind answer.
    seconds
        How long the cell had been shown (s).
    role
        Vote of an annotator, or decision of an adjudicator.
    repeat
        Whether the cell was shown a second time, to measure intra-rater agreement.
    origin
        What wrote the line: an answer of the person, or undo, redo or restore, which
        write the answer that counts from then on.
    group
        Id that the lines of one answer for several cells share; lines of undo and redo
        carry the id of the answer that they undo or redo. None for a line of its own.
    markers
        What cells of the class showed in the study when the answer was given; "" if
        that was not said. It proves later that the class still means the same.
    """

    time: datetime
    annotator: str
    recording: str
    cell: int
    plane: int
    y: float
    x: float
    answer: str | None
    shown: str | None = None
    seconds: float = 0.0
    role: Role = "annotator"
    repeat: bool = False
    origin: Origin = "answer"
    group: str | None = None
    markers: str = ""

    @property
    def key(self) -> CellKey:
        """The cell that the answer is about."""
        return CellKey(self.recording, self.cell)


def new_group() -> str:
    """Id of a group that no other window or computer chooses.

    It begins with a letter, so that no spreadsheet takes it for a number.
    """
    return f"g{secrets.token_hex(8)}"


def answer_text(answer: str) -> str:
    """Text of an answer for people."""
    return "not a cell" if answer == NOT_A_CELL else answer


def answer_keys(config: StudyConfig) -> dict[str, str]:
    """Keyboard key of each answer that annotators are offered."""
    return {one.name: one.key for one in config.visible_classes} | SPECIAL_KEYS
