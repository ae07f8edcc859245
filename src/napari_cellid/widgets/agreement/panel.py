"""What the Agreement widget looks like."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.widgets._shared.layouts import VerticalScrollArea
from napari_cellid.widgets.agreement.disputed import DisputedPanel
from napari_cellid.widgets.agreement.figures import FiguresPanel
from napari_cellid.widgets.agreement.vote import VotePanel

#: what tables and buttons need to be read (px)
_NARROWEST = 360
NO_STUDY = (
    "No study is open.\n\nOpen one in the Annotate dock; when several people have "
    "answered in it, this shows how well they agree."
)
NO_ANSWERS = (
    "Nobody has answered in this study yet.\n\nAnswer cells in the Annotate dock, and "
    "let colleagues open the same study under their own names; then press Read again."
)
UNREADABLE = (
    "The answers of this study cannot be read.\n\nThe notification said why; mend "
    "that, then press Read again."
)
BLIND = (
    "You are annotating blind, and this shows how your colleagues voted.\n\nWho has "
    "seen that is not independent any more, and what you answer from then on is marked "
    "so. Finish your own cells first, if you can."
)


class AgreementPanel(QWidget):
    """Either words that say what to do next, or figures, rule and disputed cells."""

    def __init__(self) -> None:
        super().__init__()
        self.figures = FiguresPanel()
        self.vote = VotePanel()
        self.disputed = DisputedPanel()
        self.read_again = QPushButton("Read again")
        self.read_again.setToolTip("Read what colleagues have answered meanwhile.")
        self.look_again = QPushButton("Read again")
        self.show_votes = QPushButton("Show the votes")
        self.tabs = QTabWidget()
        self._state = QLabel()
        self._message = QLabel()
        self._pages = QStackedWidget()
        self._build()

    def show_message(self, text: str, button: QPushButton | None = None) -> None:
        """Show words alone, with the button that they speak of."""
        self._message.setText(text)
        for one in (self.show_votes, self.look_again):
            one.setVisible(one is button)
        self._pages.setCurrentIndex(0)

    def show_votes_page(self) -> None:
        """Show figures, rule and disputed cells."""
        self._pages.setCurrentIndex(1)

    def show_state(self, text: str) -> None:
        """Say how much has been answered, or what is being done."""
        self._state.setText(text)

    def message(self) -> str:
        """The words that are shown alone; "" where there is more to see."""
        return "" if self._pages.currentIndex() else str(self._message.text())

    def state(self) -> str:
        """How much has been answered."""
        return str(self._state.text())

    def _build(self) -> None:
        self.setMinimumWidth(_NARROWEST)
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty = QWidget()
        column = QVBoxLayout(empty)
        column.addStretch(1)
        column.addWidget(self._message)
        column.addSpacing(8)
        for button in (self.show_votes, self.look_again):
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        self.tabs.addTab(self.figures, "Figures")
        self.tabs.addTab(VerticalScrollArea(self.vote), "Vote rule")
        self.tabs.addTab(self.disputed, "Disputed cells")
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        self._state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        row.addWidget(self._state, 1)
        row.addWidget(self.read_again)
        column.addLayout(row)
        column.addWidget(self.tabs, 1)
        self._pages.addWidget(empty)
        self._pages.addWidget(full)
        layout = QVBoxLayout(self)
        layout.addWidget(self._pages)
