"""The pages of the Agreement dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.report.vote_text import uncounted_notes, uncounted_title
from napari_cellid.widgets._shared.layouts import (
    CollapsibleSection,
    VerticalScrollArea,
    message_page,
    plain_label,
    small_text,
)
from napari_cellid.widgets.agreement.disputed import DisputedPanel
from napari_cellid.widgets.agreement.figures import FiguresPanel
from napari_cellid.widgets.agreement.vote import VotePanel
from napari_cellid.widgets.session.study_opener import StudyOpener

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.study.votes import StudyVotes

#: least width (px) at which tables and buttons are readable
_MIN_WIDTH = 360
#: largest height (px) of the list of answers that do not count
_MAX_UNCOUNTED_HEIGHT = 150
NO_STUDY = (
    "No study is open.\n\nWhen several annotators have answered in a study, this dock "
    "shows how well they agree."
)
NO_ANSWERS = (
    "Nobody has answered in this study yet.\n\nAnswer cells in the Annotate dock, and "
    "let colleagues open the same study under their own names; then press Read again."
)
NONE_COUNTS = "No answer in this study counts.\n\n{}\n\nThen press Read again."
UNREADABLE = (
    "The answers of this study cannot be read.\n\nThe notification gives the reason; "
    "correct it, then press Read again."
)
BLIND = (
    "You are annotating blind, and this dock shows the votes of your colleagues.\n\n"
    "After you have seen them your answers are no longer independent, and are marked "
    "so. Finish your own cells first, if you can."
)


class AgreementPanel(QWidget):
    """A message that says what to do next, or the three pages of the dock."""

    def __init__(self) -> None:
        super().__init__()
        self.figures = FiguresPanel()
        self.vote = VotePanel()
        self.disputed = DisputedPanel()
        self.reload_button = QPushButton("Read again")
        self.reload_button.setToolTip("Read the answers given by colleagues meanwhile.")
        self.retry_button = QPushButton("Read again")
        self.show_votes_button = QPushButton("Show the votes")
        self.opener = StudyOpener()
        self.tabs = QTabWidget()
        self.uncounted_text = small_text()
        self.uncounted = CollapsibleSection(
            "", [VerticalScrollArea(self.uncounted_text)]
        )
        self._status = plain_label()
        self._message = plain_label()
        self._pages = QStackedWidget()
        self._build()

    def show_message(self, text: str, button: QPushButton | None = None) -> None:
        """Show a message alone, with the button that it mentions."""
        self._message.setText(text)
        for shown in (self.show_votes_button, self.retry_button):
            shown.setVisible(shown is button)
        self.opener.setVisible(text == NO_STUDY)
        self._pages.setCurrentIndex(0)

    def show_no_answers(self, votes: StudyVotes) -> None:
        """Show that no answer counts, and why if there are any."""
        reasons = "\n\n".join(_uncounted_lines(votes))
        text = NONE_COUNTS.format(reasons) if reasons else NO_ANSWERS
        self.show_message(text, self.retry_button)

    def show_uncounted(self, votes: StudyVotes) -> None:
        """List the answers that do not count, and what is odd about the journals."""
        title = uncounted_title(votes.uncounted, len(votes.problems))
        self.uncounted.setText(title)
        self.uncounted_text.setText("\n".join(_uncounted_lines(votes)))
        self.uncounted.setVisible(bool(title))

    def show_pages(self) -> None:
        """Show the pages with figures, vote rule and disputed cells."""
        self._pages.setCurrentIndex(1)

    def set_status(self, text: str) -> None:
        """Show how many cells are answered, or what is being computed."""
        self._status.setText(text)

    def message(self) -> str:
        """The message that is shown alone; "" while the pages are shown."""
        return "" if self._pages.currentIndex() else str(self._message.text())

    def status(self) -> str:
        """The text of the status line."""
        return str(self._status.text())

    def _build(self) -> None:
        self.setMinimumWidth(_MIN_WIDTH)
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        parts = (self.show_votes_button, self.retry_button, self.opener)
        self.tabs.addTab(self.figures, "Figures")
        self.tabs.addTab(VerticalScrollArea(self.vote), "Vote rule")
        self.tabs.addTab(self.disputed, "Disputed cells")
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        tab_page = QWidget()
        column = QVBoxLayout(tab_page)
        column.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        self._status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        row.addWidget(self._status, 1)
        row.addWidget(self.reload_button)
        column.addLayout(row)
        self.uncounted_text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.uncounted.setMaximumHeight(_MAX_UNCOUNTED_HEIGHT)
        self.uncounted.hide()
        column.addWidget(self.uncounted)
        column.addWidget(self.tabs, 1)
        self._pages.addWidget(message_page(self._message, *parts))
        self._pages.addWidget(tab_page)
        layout = QVBoxLayout(self)
        layout.addWidget(self._pages)


def _uncounted_lines(votes: StudyVotes) -> Sequence[str]:
    return [*uncounted_notes(votes.uncounted), *votes.problems]
