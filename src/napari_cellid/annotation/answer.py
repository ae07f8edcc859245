"""One answer of one person about one cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from napari_cellid.config import NOT_A_CELL, SPECIAL_KEYS

if TYPE_CHECKING:
    from datetime import datetime

    from napari_cellid.config import StudyConfig

#: an annotator votes, an adjudicator settles what the votes left open
Role = Literal["annotator", "adjudicator"]
#: how a line came about: given by the person, or by undo, redo or bringing back
Origin = Literal["answer", "undo", "redo", "restore"]


class CellKey(NamedTuple):
    """Which cell: the recording's name and the cell's lasting number in it."""

    recording: str
    cell: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of a journal.

    Parameters
    ----------
    time
        When it was given, in UTC.
    annotator
        Who gave it.
    recording, cell
        Which cell; the number is the lasting one, not the label.
    plane, y, x
        Where the cell lay (plane, and centroid in px), which finds it again after
        another segmentation.
    answer
        A class, `not_a_cell`, `unsure`, or None for taking the answer back.
    shown
        What was visible: the name of the model, or that colleagues' votes were; None
        when the person was blind to both.
    seconds
        How long the cell had been shown.
    role
        Whether it is a vote or settles a dispute.
    repeat
        Whether the person was asked again, to see how consistent they are.
    origin
        What made the line: the person's answer, or undo, redo or bringing back an
        earlier state, which write the answer that counts from then on.
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

    @property
    def key(self) -> CellKey:
        """Which cell."""
        return CellKey(self.recording, self.cell)


def answer_text(answer: str) -> str:
    """An answer as people read it."""
    return "not a cell" if answer == NOT_A_CELL else answer


def answer_keys(config: StudyConfig) -> dict[str, str]:
    """Letter of each answer."""
    return {one.name: one.key for one in config.classes} | SPECIAL_KEYS
