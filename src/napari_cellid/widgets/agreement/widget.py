"""The dock widget that compares people, counts their votes and settles disputes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_cellid.agreement.vote import abstaining_answers
from napari_cellid.cells.patch_image import PatchSource
from napari_cellid.errors import InputError
from napari_cellid.study.votes import read_votes
from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.agreement.panel import (
    BLIND,
    NO_ANSWERS,
    NO_STUDY,
    UNREADABLE,
    AgreementPanel,
)
from napari_cellid.widgets.agreement.tasks import (
    compute_agreement,
    save_consensus,
    save_training_set,
)
from napari_cellid.widgets.agreement.vote_counts import count_outcomes
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from pathlib import Path

    import napari.viewer
    from qtpy.QtGui import QShowEvent

    from napari_cellid.annotation.answer import Answer, CellKey
    from napari_cellid.config import StudyConfig
    from napari_cellid.progress import Step
    from napari_cellid.study.votes import StudyVotes
    from napari_cellid.widgets.agreement.tasks import AgreementFigures
    from napari_cellid.widgets.agreement.vote_counts import OutcomeCount

#: answers are taken in this long (ms) after the last one, figures follow later
_SOON_MS, _LATER_MS = 250, 1500


class AgreementWidget(QWidget):
    """How well people agree, what the vote decides, and what is disputed.

    Parameters
    ----------
    viewer
        Its open study is shown; a click on a cell goes there.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.session = session_of(viewer)
        self.panel = AgreementPanel()
        self.reading, self.comparing = Worker(self), Worker(self)
        self.writing = Worker(self)
        self.votes: StudyVotes | None = None
        self._answered: list[Answer] = []
        self._compared: tuple[StudyVotes, frozenset[str]] | None = None
        self._saved: tuple[StudyVotes, StudyConfig, list[OutcomeCount]] | None = None
        self._path: Path | None = None
        self._stale = True
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._later = QTimer(self, singleShot=True, interval=_LATER_MS)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        # as high as the window, or napari would push it together
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._connect()
        self._on_recording()
        tabify_dock_later(self)

    def refresh(self) -> None:
        """Read the answers anew, when this is seen."""
        self._stale = True
        if self.isVisible():
            QTimer.singleShot(0, self._read)

    def showEvent(self, event: QShowEvent) -> None:
        """Read what was not needed before."""
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def config(self) -> StudyConfig:
        """The study's classes, and the rule that the form shows."""
        rule = self.panel.vote.rule()
        return self.session.config.model_copy(update={"vote": rule})

    def _connect(self) -> None:
        panel, session = self.panel, self.session
        for button in (panel.read_again, panel.look_again):
            button.clicked.connect(self.refresh)
        panel.show_votes.clicked.connect(self._reveal)
        panel.tabs.currentChanged.connect(self._count)
        panel.vote.changed.connect(self._on_rule)
        panel.vote.save_rule.clicked.connect(self._save_rule)
        panel.vote.save_table.clicked.connect(self._save_table)
        panel.vote.make_set.clicked.connect(self._make_set)
        panel.disputed.chosen.connect(self._go_to)
        panel.disputed.settled.connect(self._settle)
        panel.disputed.keys.undo_requested.connect(self._undo)
        session.study_changed.connect(self._on_study)
        session.annotator_changed.connect(self.refresh)
        session.blind_changed.connect(self.refresh)
        session.recording_changed.connect(self._on_recording)
        session.cell_changed.connect(self._on_cell)
        session.answered.connect(self._on_answered)
        self._soon.timeout.connect(self._take_answers)
        self._later.timeout.connect(self._compare)
        self.reading.finished.connect(self._on_read)
        self.comparing.finished.connect(self._compare)
        self.writing.finished.connect(self._show_state)

    def _on_read(self) -> None:
        if self._stale and self.isVisible():
            self._read()
        elif self.votes is None and self.session.study and self.session.votes_visible:
            self.panel.show_message(UNREADABLE, self.panel.look_again)

    def _read(self) -> None:
        """Read everybody's answers, if they may be seen."""
        session, panel = self.session, self.panel
        if session.study is None:
            self._stale, self.votes = False, None
            panel.show_message(NO_STUDY)
        elif not session.votes_visible:
            self._stale, self.votes = False, None
            panel.show_message(BLIND, panel.show_votes)
        elif not self.reading.busy:
            self._stale = False
            panel.show_state("Reading answers…")
            self.reading.start(read_votes(session.study), self._on_votes)

    def _reveal(self) -> None:
        self.session.show_votes()
        self.refresh()

    def _on_votes(self, votes: StudyVotes) -> None:
        session, panel = self.session, self.panel
        if session.study is None or self._stale or not self.session.votes_visible:
            return
        self.votes = votes
        self._answered.clear()
        if not len(votes.current) and not len(votes.adjudications):
            panel.show_message(NO_ANSWERS, panel.look_again)
            return
        panel.show_votes_page()
        panel.disputed.set_config(session.config)
        panel.disputed.set_adjudicator(session.annotator)
        panel.vote.set_rule(session.config.vote)
        self._on_rule()
        self._on_cell(session.cell)

    def _on_rule(self) -> None:
        self._count()
        self._compare()

    def _count(self) -> None:
        """Count by the rule that the form shows, and show what comes of it."""
        if self.votes is None:
            return
        panel, config, n = self.panel, self.session.config, len(self.session.cells())
        table = self.votes.count(panel.vote.rule())
        panel.vote.show_counts(
            count_outcomes(table, n, config), self._saved_counts(self.votes)
        )
        if panel.tabs.currentWidget() is panel.disputed:
            panel.disputed.set_table(table)
        self._show_state()

    def _saved_counts(self, votes: StudyVotes) -> list[OutcomeCount]:
        """What the study's own rule makes of the answers, counted once."""
        config = self.session.config
        if self._saved is None or self._saved[:2] != (votes, config):
            table = votes.count(config.vote)
            counts = count_outcomes(table, len(self.session.cells()), config)
            self._saved = (votes, config, counts)
        return self._saved[2]

    def _show_state(self) -> None:
        if self.votes is None:
            return
        answered, people = self.votes.ratings.codes.shape
        text = f"{people} people" if people != 1 else "1 person"
        cells = len(self.session.cells())
        self.panel.show_state(f"{text} · {answered} of {cells} cells answered")

    def _compare(self) -> None:
        """Compute the figures, unless they are up to date or being computed."""
        if self.votes is None or self.comparing.busy:
            return
        config = self.config()
        wanted = (self.votes, abstaining_answers(config.vote))
        if self._compared == wanted:
            return
        self._compared = wanted
        self.comparing.start(compute_agreement(self.votes, config), self._on_figures)

    def _on_figures(self, figures: AgreementFigures) -> None:
        if self.votes is not None:
            self.panel.figures.show_figures(*figures, self.votes.notes())

    def _on_study(self) -> None:
        study = self.session.study
        if study is None or study.path != self._path:
            self.panel.vote.forget()
        self._path = None if study is None else study.path
        self.votes = None
        self.refresh()

    def _on_recording(self) -> None:
        planes, labels = self.session.planes, self.session.labels
        shown = None if planes is None else PatchSource(planes, labels)
        self.panel.disputed.canvas.set_source(shown)

    def _on_cell(self, cell: CellKey | None) -> None:
        disputed = self.panel.disputed
        disputed.choose(cell)
        row = None if cell is None else self.session.row(cell)
        if row is None:
            disputed.canvas.show_patch(None, 0)
        else:
            where = int(row["plane"]), float(row["y"]), float(row["x"])
            disputed.canvas.show_patch(where, int(row["label"]))

    def _go_to(self, cell: CellKey) -> None:
        if cell == self.session.cell:
            return
        try:
            self.session.go_to(cell)
        except InputError as error:
            show_error(str(error))

    def _settle(self, cell: CellKey, answer: str | None) -> None:
        try:
            self.session.adjudicate(cell, answer)
        except InputError as error:
            show_error(str(error))

    def _undo(self) -> None:
        try:
            self.session.undo()
        except InputError as error:
            show_error(str(error))

    def _on_answered(self, answer: Answer) -> None:
        if self.votes is None:
            return
        self._answered.append(answer)
        # a cell that was settled gives way to the next one at once
        self._soon.start(0 if answer.role == "adjudicator" else _SOON_MS)

    def _take_answers(self) -> None:
        """Count what was answered just now, without reading everything again."""
        if self.votes is None or not self._answered:
            return
        self.votes, self._answered = self.votes.with_answers(self._answered), []
        self._count()
        # the figures wait until there is a pause
        self._later.start()

    def _save_rule(self) -> None:
        try:
            self.session.save_config(self.config())
        except InputError as error:
            show_error(str(error))

    def _save_table(self) -> None:
        if self.session.study is not None:
            self._write(save_consensus(self.session.study, self.panel.vote.rule()))

    def _make_set(self) -> None:
        if self.session.study is not None:
            self._write(save_training_set(self.session.study, self.panel.vote.rule()))

    def _write(self, step: Step[str]) -> None:
        if self.writing.start(step, show_info):
            self.panel.show_state("Writing…")
