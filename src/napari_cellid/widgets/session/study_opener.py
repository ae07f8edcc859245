"""Buttons of an empty dock that open a study: the last ones, another one, a new one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.widgets._shared.markup import as_rich_text
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.session.new_study_dialog import make_new_study
from napari_cellid.widgets.session.recent_studies import recent_studies
from napari_cellid.widgets.session.scheme_dialog import ask_unknown_scheme

if TYPE_CHECKING:
    from qtpy.QtGui import QShowEvent

    from napari_cellid.widgets.session.session import StudySession


class StudyOpener(QWidget):
    """Buttons for what can be opened."""

    #: folder (text) of a study that the user wants to open
    study_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.open_button = QPushButton("Open study…")
        self.open_button.setToolTip("<qt>Choose the folder of a study.</qt>")
        self.new_button = QPushButton("New study…")
        self.new_button.setToolTip("<qt>Make a study, in a folder that you see.</qt>")
        self.recent_title = QLabel("Opened last:")
        #: one for each study that was opened last
        self.recent_buttons: list[QPushButton] = []
        self._recent: list[Path] = []
        row = QHBoxLayout()
        row.addWidget(self.open_button)
        row.addWidget(self.new_button)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addLayout(row)
        self._column.addWidget(self.recent_title)
        self.recent_title.hide()
        self.open_button.clicked.connect(self.choose)
        self.new_button.clicked.connect(self._make_new)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """List what was opened meanwhile."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """List the studies that were opened last."""
        paths = recent_studies()
        if paths == self._recent:
            return
        self._recent = paths
        for button in self.recent_buttons:
            # at once, or the old ones would still show through the new ones
            button.setParent(None)
            button.deleteLater()
        self.recent_buttons = [self._button(path) for path in paths]
        self.recent_title.setVisible(bool(self.recent_buttons))

    def choose(self) -> None:
        """Let the user choose the folder of a study."""
        path = QFileDialog.getExistingDirectory(self, "Folder of a study")
        if path:
            self.study_chosen.emit(path)

    def _make_new(self) -> None:
        path = make_new_study(self)
        if path is not None:
            self.study_chosen.emit(str(path))

    def _button(self, path: Path) -> QPushButton:
        button = QPushButton(path.name)
        button.setToolTip(as_rich_text(str(path)))
        # a long name must not widen the whole dock
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.clicked.connect(partial(self._open, path))
        self._column.addWidget(button)
        return button

    def _open(self, path: Path, _: bool = False) -> None:
        self.study_chosen.emit(str(path))


def opens_in(session: StudySession, opener: StudyOpener) -> None:
    """Open in a session what the user chooses; who answers, the Annotate dock asks."""
    opener.study_chosen.connect(partial(_open_study, session, opener))


def _open_study(session: StudySession, opener: StudyOpener, path: str) -> None:
    with input_errors_shown():
        session.open_study(Path(path))
        ask_unknown_scheme(session, opener)
