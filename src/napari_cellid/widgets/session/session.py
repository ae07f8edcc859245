"""The study that is open in one viewer; the dock widgets talk to it alone."""

from __future__ import annotations

import time
import weakref
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_warning
from qtpy.QtCore import Signal

from napari_cellid.annotation.answer import Answer
from napari_cellid.errors import InputError
from napari_cellid.study.cells_index import CellsIndex
from napari_cellid.study.journal import AnnotatorJournal
from napari_cellid.study.study import Study
from napari_cellid.widgets.session.save import store, study_at
from napari_cellid.widgets.session.shown_study import ShownStudy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.components import ViewerModel

    from napari_cellid.annotation.answer import CellKey, Role
    from napari_cellid.annotation.journal import Journal
    from napari_cellid.config import StudyConfig
    from napari_cellid.segmentation.relabel import LabelledCells
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.widgets.session.result_layer import Result

#: by the viewer's identity; an entry goes when its viewer does
_SESSIONS: dict[int, StudySession] = {}
#: more problems of one study than that are counted, not told
_MOST_TOLD = 4
#: noted with the answers of somebody blind who asked to see the votes
COLLEAGUES = "colleagues' votes"


def session_of(viewer: ViewerModel) -> StudySession:
    """The session of a viewer, made when it is first asked for."""
    # napari hands its docks a proxy, another one each time
    viewer = getattr(viewer, "__wrapped__", viewer)
    key = id(viewer)
    if key not in _SESSIONS:
        _SESSIONS[key] = StudySession(viewer)
        weakref.finalize(viewer, _SESSIONS.pop, key, None)
    return _SESSIONS[key]


class StudySession(ShownStudy):
    """What is open, who annotates, which recording and which cell are shown.

    Every method that reads or writes files raises `InputError` for what the user can
    mend; the widgets show it as a notification.

    Attributes
    ----------
    study
        The open study, None without one.
    recording, planes, labels
        The recording that the viewer shows: its `StudyRecording`, mean images and
        labels (plane, y, x); None without one.
    cell
        The cell that is looked at.
    selected
        Cells that the next answer is for, when it is for others than `cell` alone.
    blind
        Whether the annotator sees their own answers alone: then no widget may show what
        the model or colleagues say of a single cell.
    """

    # the signals study_changed, recording_changed, cell_changed, selection_changed and
    # blind_changed are those of `ShownStudy`

    #: another person's journal, or none
    annotator_changed = Signal()
    #: the `Answer` that was written just now; its `.answer` is None when taken back.
    #: Adjudications come here, too (`.role`)
    answered = Signal(object)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._mine: AnnotatorJournal | None = None
        self._stored: weakref.WeakKeyDictionary[Result, LabelledCells] = (
            weakref.WeakKeyDictionary()
        )
        self._saw_votes: set[str] = set()

    @property
    def votes_shown(self) -> bool:
        """Whether the annotator may see, or asked to see, what colleagues voted."""
        return not self.blind or self.annotator in self._saw_votes

    def show_votes(self) -> None:
        """Show a blind annotator the votes; their answers tell so from now on."""
        self._saw_votes.add(self.annotator)

    @property
    def journal(self) -> Journal | None:
        """The annotator's journal; None until `begin`."""
        return None if self._mine is None else self._mine.journal

    @property
    def own(self) -> Mapping[CellKey, str]:
        """The annotator's own answers that count, by cell."""
        return {} if self._mine is None else self._mine.answers

    @property
    def annotator(self) -> str:
        """Name of the annotator; empty until `begin`."""
        return "" if self.journal is None else self.journal.annotator

    def open(self, path: Path | str) -> None:
        """Open a study; what was open before is closed."""
        study = Study.open(Path(path))
        cells = CellsIndex(study)
        self._forget()
        self._take(study, cells)
        _tell(study.problems)

    def close_study(self) -> None:
        """Close the study and its journal, and take its layers from the viewer."""
        self._forget()
        self._take(None, CellsIndex(None))

    def begin(self, annotator: str) -> None:
        """Open this person's journal in the study."""
        mine = AnnotatorJournal(self._open_study(), annotator)
        self.finish()
        self._mine = mine
        self._draw()
        self.annotator_changed.emit()
        _tell(mine.journal.problems)

    def finish(self) -> None:
        """Close the annotator's journal; nobody annotates then."""
        if self._mine is None:
            return
        self.select(())
        self._mine.journal.close()
        self._mine = None
        self._draw()
        self.annotator_changed.emit()

    def save_config(self, config: StudyConfig) -> None:
        """Change the study's classes, keys, colours or rules."""
        self._renew(self._open_study().save_config(config), self._cells)

    def describe(self, said: Mapping[str, Mapping[str, str]]) -> None:
        """Say of recordings which animal and sub-volume they are of."""
        study = self._open_study().update_recording_info(said)
        self._renew(study, CellsIndex(study))

    def store(self, result: Result, path: Path | None = None) -> StudyRecording:
        """Put what Identify found into the study: a new recording, or new outlines.

        Parameters
        ----------
        result
            What a labels layer shows (`results.result_of`).
        path
            Folder of a study to use instead of the open one; made if it is not there.
        """
        study = self._open_study() if path is None else study_at(path, result)
        outlines = result.outlines
        recording = store(study, result)
        self.stored(study, recording.name, result, outlines)
        return recording

    def stored(
        self, study: Study, name: str, result: Result, outlines: LabelledCells
    ) -> None:
        """Take in a study that a result, with these outlines, was just put into."""
        cells = CellsIndex(study)
        if self.study is None or self.study.path != study.path:
            self._forget()
            self._stored.clear()
        elif self._shown() == name:
            # its outlines are others now
            self._show_nothing()
        self._stored[result] = outlines
        self._renew(study, cells)

    def has(self, result: Result) -> bool:
        """Whether the study has a result as it is now."""
        return self._stored.get(result) is result.outlines

    def answer(self, answer: str) -> tuple[Answer, ...]:
        """Answer for the selected cells, else for the one looked at; on disk already.

        Returns
        -------
        The lines written, one a cell; none where no cell is looked at.
        """
        cells = self.selected or ((self.cell,) if self.cell is not None else ())
        if not cells:
            return ()
        seconds = round((time.monotonic() - self._since) / len(cells), 2)
        lines = [self._line(cell, answer, seconds) for cell in cells]
        self._own_journal().add(lines)
        self._since, self._repeat = time.monotonic(), False
        self.select(())
        self._take_in(lines)
        return tuple(lines)

    def adjudicate(self, cell: CellKey, answer: str | None) -> Answer:
        """Settle a cell in the annotator's own journal; None takes that back."""
        line = self._line(cell, answer, 0.0, role="adjudicator")
        self._own_journal().add([line])
        self._take_in([line])
        return line

    def undo(self) -> CellKey | None:
        """Take back the last answer (all of it, if it was for several cells).

        Returns
        -------
        The cell that it was about, the first one of several; None if there is none.
        """
        lines = self._own_journal().undo()
        self._take_in(lines)
        return lines[-1].key if lines else None

    def redo(self) -> CellKey | None:
        """Give the answer again that was taken back last.

        Returns
        -------
        As `undo`.
        """
        lines = self._own_journal().redo()
        self._take_in(lines)
        return lines[0].key if lines else None

    def _take_in(self, lines: Sequence[Answer]) -> None:
        """Show what was written, and tell of it."""
        by_answer: dict[str | None, list[CellKey]] = {}
        for line in lines:
            if line.role == "annotator":
                by_answer.setdefault(line.answer, []).append(line.key)
        for answer, cells in by_answer.items():
            self._view.colour(self._labels(cells), answer)
        for line in lines:
            self.answered.emit(line)

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
            annotator=self._own_journal().journal.annotator,
            recording=cell.recording,
            cell=cell.cell,
            plane=int(row["plane"]),
            y=float(row["y"]),
            x=float(row["x"]),
            answer=answer,
            shown=self._opinion_shown(cell.recording),
            seconds=seconds,
            role=role,
            repeat=self._repeat and role == "annotator" and not self.selected,
        )

    def _opinion_shown(self, recording: str) -> str | None:
        """Name of the model whose opinion can be seen; None for somebody blind."""
        if self.blind and not self._view.opinions_visible:
            return COLLEAGUES if self.votes_shown else None
        return self._cells.model_name(recording) or "no model"

    def _own_journal(self) -> AnnotatorJournal:
        if self._mine is None:
            raise InputError(
                "Nobody is annotating; type your name in the Annotate dock first."
            )
        return self._mine

    def _renew(self, study: Study, cells: CellsIndex) -> None:
        """Take in the same study anew; whoever annotates goes on."""
        annotator = self.annotator
        self._take(study, cells)
        if annotator:
            self.begin(annotator)

    def _forget(self) -> None:
        """Close the journal, and show nothing."""
        self.finish()
        self._saw_votes.clear()
        self._show_nothing()


def _tell(problems: Sequence[str]) -> None:
    for problem in problems[:_MOST_TOLD]:
        show_warning(problem)
    if len(problems) > _MOST_TOLD:
        show_warning(f"There are {len(problems) - _MOST_TOLD} more such problems.")
