"""Answers of the annotator to the cells of the open study."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal

from napari_cellid.annotation.answer import Answer
from napari_cellid.errors import InputError
from napari_cellid.study.journal import AnnotatorJournal
from napari_cellid.widgets._shared.notifications import show_warnings
from napari_cellid.widgets.session.answers import AnswersSession

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.components import ViewerModel

    from napari_cellid.annotation.answer import CellKey, Role
    from napari_cellid.annotation.journal import Journal

#: recorded with the answers of a blind annotator who asked to see the votes
COLLEAGUES_VOTES = "colleagues' votes"


class AnnotatingSession(AnswersSession):
    """Writes the answers of one annotator into a journal; see `StudySession`."""

    #: another annotator's journal is open, or none any more
    annotator_changed = Signal()
    #: the `Answer` that was just written; its `answer` is None if it was taken back.
    #: Adjudications are emitted, too (see its `role`)
    answered = Signal(object)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._own: AnnotatorJournal | None = None
        self._saw_votes: set[str] = set()

    @property
    def votes_visible(self) -> bool:
        """Whether the annotator may see, or has asked to see, the votes of others."""
        return not self.blind or self.annotator in self._saw_votes

    def show_votes(self) -> None:
        """Show the votes to a blind annotator, whose answers record it from now on."""
        self._saw_votes.add(self.annotator)

    @property
    def journal(self) -> Journal | None:
        """The annotator's journal; None while nobody annotates."""
        return None if self._own is None else self._own.journal

    @property
    def annotator(self) -> str:
        """Name of the annotator; empty while nobody annotates."""
        return "" if self.journal is None else self.journal.annotator

    def start_annotating(self, annotator: str) -> None:
        """Open the journal of an annotator in the study."""
        own = AnnotatorJournal(self._require_study(), annotator)
        known = self._answers is not None
        # all that can fail comes before the journal of the person before is closed
        self._take_new(self._read_answers())
        self.stop_annotating()
        self._own = own
        self._colour_outlines()
        self.annotator_changed.emit()
        if not known:
            self.votes_changed.emit()
        show_warnings(own.journal.problems)

    def stop_annotating(self) -> None:
        """Close the annotator's journal."""
        if self._own is None:
            return
        self.select(())
        self._own.journal.close()
        self._own = None
        self._colour_outlines()
        self.annotator_changed.emit()

    def answer(self, answer: str) -> tuple[Answer, ...]:
        """Write an answer for the selected cells, or else for the current one.

        Returns
        -------
        The lines written, one for each cell; none if there is no current cell.
        """
        cells = self.selected or ((self.cell,) if self.cell is not None else ())
        if not cells:
            return ()
        # one decision for several cells: each gets its share of the time
        seconds = round((time.monotonic() - self._cell_shown_at) / len(cells), 2)
        lines = [self._line(cell, answer, seconds) for cell in cells]
        journal = self._require_journal()
        lines = self._write(lambda: journal.add(lines))
        self._cell_shown_at, self._is_repeat = time.monotonic(), False
        self.select(())
        self._announce(lines)
        return tuple(lines)

    def adjudicate(self, cell: CellKey, answer: str | None) -> Answer:
        """Decide a disputed cell in the annotator's journal; None takes that back."""
        line = self._line(cell, answer, 0.0, role="adjudicator")
        journal = self._require_journal()
        lines = self._write(lambda: journal.add([line]))
        self._announce(lines)
        return lines[0]

    def undo(self) -> CellKey | None:
        """Take back the last answer, for all cells that it was given for.

        Returns
        -------
        Its cell, the first of several; None if there is no answer to take back.
        """
        lines = self._write(self._require_journal().undo)
        self._announce(lines)
        return lines[-1].key if lines else None

    def redo(self) -> CellKey | None:
        """Write the answer again that was taken back last.

        Returns
        -------
        As of `undo`.
        """
        lines = self._write(self._require_journal().redo)
        self._announce(lines)
        return lines[0].key if lines else None

    def _write(self, write: Callable[[], Sequence[Answer]]) -> list[Answer]:
        """Write lines and count them; return them with the current names of classes."""
        return self._read_answers().add(write())

    def _announce(self, lines: Sequence[Answer]) -> None:
        """Colour the outlines of answered cells, and emit the new lines."""
        by_answer: dict[str | None, list[CellKey]] = {}
        for line in lines:
            if line.role == "annotator":
                by_answer.setdefault(line.answer, []).append(line.key)
        for answer, cells in by_answer.items():
            self._view.colour_outlines(self._labels(cells), answer)
        for line in lines:
            self.answered.emit(line)
        if lines:
            show_warnings(self._require_journal().new_interference())

    def _line(
        self,
        cell: CellKey,
        answer: str | None,
        seconds: float,
        role: Role = "annotator",
    ) -> Answer:
        row = self._row(cell)
        return Answer(
            time=datetime.now(UTC),
            annotator=self._require_journal().journal.annotator,
            recording=cell.recording,
            cell=cell.cell,
            plane=int(row["plane"]),
            y=float(row["y"]),
            x=float(row["x"]),
            answer=answer,
            shown=self._shown_predictions(cell.recording),
            seconds=seconds,
            role=role,
            repeat=self._is_repeat and role == "annotator" and not self.selected,
        )

    def _shown_predictions(self, recording: str) -> str | None:
        """Name of the model whose predictions are visible; None if nothing is."""
        if self.blind and not self._view.predictions_visible:
            return COLLEAGUES_VOTES if self.votes_visible else None
        return self._cells.model_name(recording) or "no model"

    def _require_journal(self) -> AnnotatorJournal:
        if self._own is None:
            raise InputError(
                "Nobody is annotating; type your name in the Annotate dock first."
            )
        return self._own
