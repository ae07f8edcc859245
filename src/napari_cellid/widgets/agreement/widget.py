"""The Agreement dock: compares annotators, counts votes and settles disputes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget
from superqt.utils import QSignalDebouncer

from napari_cellid.agreement.vote import abstaining_answers
from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later
from napari_cellid.widgets._shared.help_line import HelpLine
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.agreement.disputed_actions import DisputedActions
from napari_cellid.widgets.agreement.panel import (
    BLIND,
    NO_STUDY,
    UNREADABLE,
    AgreementPanel,
)
from napari_cellid.widgets.agreement.table_saver import TableSaver
from napari_cellid.widgets.agreement.tasks import compute_agreement
from napari_cellid.widgets.agreement.vote_counts import count_outcomes
from napari_cellid.widgets.session.one_answer import OneAnswerOffer
from napari_cellid.widgets.session.session import session_of
from napari_cellid.widgets.session.study_opener import opens_in

if TYPE_CHECKING:
    import napari.viewer
    from qtpy.QtGui import QShowEvent

    from napari_cellid.annotation.answer import Answer
    from napari_cellid.config import StudyConfig
    from napari_cellid.study.votes import StudyVotes
    from napari_cellid.widgets.agreement.tasks import AgreementFigures

#: votes are counted this long (ms) after the last answer
_COUNT_MS = 250
#: and the agreement is computed this long (ms) after the last count
_COMPARE_MS = 1500


class AgreementWidget(QWidget):
    """Shows how well annotators agree, what the vote decides and what is disputed.

    Parameters
    ----------
    viewer
        Its open study is shown; a click on a listed cell shows the cell there.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.session = session_of(viewer)
        self.panel = AgreementPanel()
        self.reading = self.session.reading
        self.comparing, self._saver = Worker(self), TableSaver(self)
        self.writing = self._saver.queue
        self._compared_inputs: tuple[object, ...] | None = None
        self._stale = True
        self._count_timer = QTimer(self, singleShot=True, interval=_COUNT_MS)
        self._compare_debouncer = QSignalDebouncer(parent=self)
        self._compare_debouncer.setTimeout(_COMPARE_MS)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        layout.addWidget(HelpLine(viewer, "agreement"))
        # as high as the window, because napari would compress it otherwise
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.one_answer = OneAnswerOffer(self.session)
        self.panel.vote.show_offer(self.one_answer)
        self.disputed_actions = DisputedActions(self.session, self.panel.disputed, self)
        self._connect()
        tabify_dock_later(self)

    @property
    def votes(self) -> StudyVotes | None:
        """The session's votes; None if they are not read, or must not be seen."""
        return self.session.votes if self.session.votes_visible else None

    def refresh(self) -> None:
        """Show the votes anew, as soon as the dock is visible."""
        self._stale = True
        if self.isVisible():
            QTimer.singleShot(0, self._show_votes)

    def showEvent(self, event: QShowEvent) -> None:
        """Show the votes if they have changed while the dock was hidden."""
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def config(self) -> StudyConfig:
        """The settings of the study, with the vote rule that the form shows."""
        return self._with_shown_rule(self.session.config)

    def _with_shown_rule(self, config: StudyConfig) -> StudyConfig:
        return config.model_copy(update={"vote": self.panel.vote.value()})

    def _connect(self) -> None:
        panel, session = self.panel, self.session
        opens_in(session, panel.opener)
        for button in (panel.reload_button, panel.retry_button):
            button.clicked.connect(self._reload)
        panel.show_votes_button.clicked.connect(self._reveal_votes)
        panel.tabs.currentChanged.connect(self._show_counts)
        panel.vote.valueChanged.connect(self._on_rule)
        panel.vote.save_rule_button.clicked.connect(self._save_rule)
        panel.vote.save_table_button.clicked.connect(self._save_table)
        panel.vote.training_set_button.clicked.connect(self._save_training_set)
        session.study_changed.connect(self._on_study)
        session.cells_changed.connect(self.refresh)
        session.config_changed.connect(self._on_config)
        session.annotator_changed.connect(self.refresh)
        session.blind_changed.connect(self.refresh)
        session.votes_changed.connect(self.refresh)
        session.answered.connect(self._on_answered)
        self._count_timer.timeout.connect(self._count_answers)
        self._compare_debouncer.triggered.connect(self._compare)
        self.reading.finished.connect(self._on_read)
        self.comparing.finished.connect(self._compare)
        self.writing.finished.connect(self._show_status)

    def _reload(self) -> None:
        """Read all journals again."""
        if self.session.study is not None and self.session.votes_visible:
            self.panel.set_status("Reading answers…")
            self.session.load_votes(again=True)
        else:
            self.refresh()

    def _on_read(self) -> None:
        # read in vain, and not being read again for other cells
        known = self.reading.busy or self.votes is not None
        if self.session.study and self.session.votes_visible and not known:
            self.panel.show_message(UNREADABLE, self.panel.retry_button)

    def _show_votes(self) -> None:
        """Show the answers of all annotators, unless the user annotates blind."""
        session, panel = self.session, self.panel
        if session.study is None:
            self._stale = False
            panel.show_message(NO_STUDY)
        elif not session.votes_visible:
            self._stale = False
            panel.show_message(BLIND, panel.show_votes_button)
        elif (votes := self._newest_votes()) is None:
            self._stale = False
            panel.set_status("Reading answers…")
            session.load_votes()
        elif not len(votes.current) and not len(votes.adjudications):
            self._stale = False
            panel.show_no_answers(votes)
        else:
            self._stale = False
            panel.show_pages()
            panel.disputed.model.titles = session.titles
            panel.figures.set_titles(session.titles)
            panel.show_uncounted(votes)
            self._show_config()
            panel.disputed.set_adjudicator(session.annotator)
            self._on_rule()
            self.disputed_actions.show_cell(session.cell)

    def _newest_votes(self) -> StudyVotes | None:
        self.session.look_for_answers()
        return self.votes

    def _reveal_votes(self) -> None:
        self.session.show_votes()
        self.refresh()

    def _on_rule(self) -> None:
        self._show_counts()
        self._compare()

    def _show_counts(self) -> None:
        """Count the votes by the rule that the form shows, and show the outcome."""
        if self.votes is None:
            return
        panel, session = self.panel, self.session
        config, n_cells = session.config, len(session.cells())
        table = session.count_votes(panel.vote.value())
        counts, study_counts = (
            count_outcomes(counted, n_cells, config)
            for counted in (table, session.count_votes(config.vote))
        )
        panel.vote.show_counts(counts, study_counts)
        self.one_answer.refresh()
        if panel.tabs.currentWidget() is panel.disputed:
            panel.disputed.set_table(table, self.votes.ratings)
        self._show_status()

    def _show_status(self) -> None:
        if self.votes is None:
            return
        n_answered, n_annotators = self.votes.ratings.codes.shape
        text = f"{n_annotators} annotators" if n_annotators != 1 else "1 annotator"
        n_cells = len(self.session.cells())
        self.panel.set_status(f"{text} · {n_answered} of {n_cells} cells answered")

    def _compare(self) -> None:
        """Compute the agreement, unless it is up to date or being computed."""
        if self.votes is None or self.comparing.busy:
            return
        config = self.config()
        inputs = self.votes, abstaining_answers(config.vote), config.answers
        if self._compared_inputs == inputs:
            return
        self._compared_inputs = inputs
        self.comparing.start(compute_agreement(self.votes, config), self._on_figures)

    def _on_figures(self, figures: AgreementFigures) -> None:
        if self.votes is not None:
            self.panel.figures.show_figures(*figures)

    def _on_study(self) -> None:
        self.panel.vote.reset()
        self.refresh()

    def _on_config(self) -> None:
        if self.votes is not None:
            self._show_config()
            self.refresh()

    def _show_config(self) -> None:
        config = self.session.config
        self.panel.disputed.set_config(config)
        self.panel.vote.set_study_rule(config.vote)

    def _on_answered(self, answer: Answer) -> None:
        if not self.isVisible():
            self._stale = True
        elif self.votes is not None:
            # after a cell was settled the next one is shown at once
            self._count_timer.start(0 if answer.role == "adjudicator" else _COUNT_MS)

    def _count_answers(self) -> None:
        """Count the new answers; the agreement is computed when no more come."""
        self._show_counts()
        self._compare_debouncer.throttle()

    def _save_rule(self) -> None:
        with input_errors_shown():
            self.session.edit_config(self._with_shown_rule)

    def _save_table(self) -> None:
        if self.session.study is not None:
            self._saver.save_consensus(self.session.study, self.panel.vote.value())
            self.panel.set_status("Writing…")

    def _save_training_set(self) -> None:
        if self.session.study is not None:
            self._saver.save_training_set(self.session.study, self.panel.vote.value())
            self.panel.set_status("Writing…")
