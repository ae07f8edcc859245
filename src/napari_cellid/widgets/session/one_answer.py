"""One click for whoever annotates alone: a single answer decides a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_cellid.widgets._shared.layouts import small_text
from napari_cellid.widgets._shared.notifications import input_errors_shown

if TYPE_CHECKING:
    from napari_cellid.config import StudyConfig
    from napari_cellid.widgets.session.session import StudySession

_TEXT = (
    "Only {name} has answered so far, but the rule asks {n} people before a cell is "
    "decided."
)
_TIP = (
    "<qt>Sets the least number of people in the study's rule to 1. It can be raised "
    "again under Vote rule in the Agreement dock; no answer changes.</qt>"
)


class OneAnswerOffer(QWidget):
    """Says that a lone annotator decides nothing by the rule, and changes the rule.

    Hidden where several people have answered, or where one answer decides already.

    Parameters
    ----------
    session
        Its study and votes are looked at.
    """

    def __init__(self, session: StudySession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.text = small_text()
        self.button = QPushButton("One answer is enough")
        self.button.setToolTip(_TIP)
        self.button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)
        column.addWidget(self.button)
        self.button.clicked.connect(self._change)
        for signal in (
            session.study_changed,
            session.votes_changed,
            session.config_changed,
        ):
            signal.connect(self.refresh)
        self.refresh()

    def refresh(self, _: object = None) -> None:
        """Show the offer if a single person has answered and that is too few."""
        study, votes = self._session.study, self._session.votes
        people = () if study is None or votes is None else votes.ratings.annotators
        n = self._session.config.vote.min_annotators
        if len(people) == 1:
            self.text.setText(_TEXT.format(name=people[0], n=n))
        # the votes of other people are nothing that a blind annotator may see; that
        # there are none is
        self.setVisible(len(people) == 1 and n > 1)

    def _change(self) -> None:
        with input_errors_shown():
            self._session.edit_config(with_one_answer)


def with_one_answer(config: StudyConfig) -> StudyConfig:
    """Settings by which the answer of one person decides a cell."""
    vote = config.vote.model_copy(update={"min_annotators": 1, "quorum": 1})
    return config.model_copy(update={"vote": vote})
