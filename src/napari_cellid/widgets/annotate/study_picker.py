"""Shows which study is open, and the ways to open or create one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from napari_cellid.widgets._shared.layouts import small_text
from napari_cellid.widgets._shared.markup import as_rich_text
from napari_cellid.widgets.session.animals_dialog import AnimalsButton
from napari_cellid.widgets.session.save import offer_text
from napari_cellid.widgets.session.study_opener import StudyOpener

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_cellid.study.study import Study
    from napari_cellid.widgets.session.result_layer import ShownResult

_NO_STUDY = (
    "Cells are annotated in a study: a folder with recordings, their cells and the "
    "answers of all annotators. Open a study, or identify the cells of a recording "
    "(Plugins > Identify cells); its cells are then offered here."
)


class StudyPicker(QWidget):
    """The open study in one line; below it, new results of Identify are offered."""

    #: folder of a study that the user wants to open
    study_chosen = Signal(str)
    #: the user wants to close the study
    close_requested = Signal()
    #: the user wants to see the recordings of the study
    recordings_requested = Signal()
    #: the user wants to say which animal each recording is from
    animals_requested = Signal()
    #: the `ShownResult` whose cells the user wants to annotate
    result_accepted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # a long name is cut in its middle, where it says least
        self.name = QElidingLabel()
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        self.name.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.opener = StudyOpener()
        self.opener.study_chosen.connect(self.study_chosen)
        # the button above it does the same
        self.opener.open_button.hide()
        #: the same button while a study is open, and while none is
        self.open_button = QPushButton("Open study…")
        self.open_button.setToolTip("<qt>Choose the folder of another study.</qt>")
        self.open_button.clicked.connect(self.opener.choose)
        self.recordings_button = QPushButton("Recordings…")
        self.recordings_button.setToolTip(
            "<qt>The recordings of the study with their animals, cells and answers: "
            "search, show, rename or remove them.</qt>"
        )
        self.recordings_button.clicked.connect(self.recordings_requested)
        self.close_button = QPushButton("Close")
        self.close_button.setToolTip(
            "<qt>Close the study. All answers are saved already; the viewer is left as "
            "it was before.</qt>"
        )
        self.close_button.clicked.connect(self.close_requested)
        self.animals_button = AnimalsButton()
        self.animals_button.clicked.connect(self.animals_requested)
        self._hint = small_text()
        self._hint.setText(_NO_STUDY)
        self._busy = QLabel("Adding the cells to the study…")
        self._busy.hide()
        self.result_buttons: list[QPushButton] = []
        row = QHBoxLayout()
        row.addWidget(self.recordings_button)
        row.addWidget(self.animals_button)
        row.addWidget(self.open_button)
        row.addWidget(self.close_button)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self.name)
        self._column.addLayout(row)
        self._column.addWidget(self._hint)
        self._column.addWidget(self.opener)
        self._column.addWidget(self._busy)
        self.show_study(None, 0)

    def show_study(self, path: Path | None, n_cells: int) -> None:
        """Show which study is open."""
        self._hint.setVisible(path is None)
        self.opener.setVisible(path is None)
        for button in (
            self.recordings_button,
            self.animals_button,
            self.close_button,
        ):
            button.setVisible(path is not None)
        if path is None:
            self.name.setText("No study is open")
            self.name.setToolTip("")
            return
        cells = "1 cell" if n_cells == 1 else f"{n_cells:,} cells"
        self.name.setText(f"{path.name} · {cells}")
        self.name.setToolTip(as_rich_text(str(path)))

    def show_offered_results(
        self, results: Sequence[ShownResult], *, study: Study | None, busy: bool
    ) -> None:
        """Show a button for each result of Identify that can be annotated.

        Parameters
        ----------
        results
            Results that the study does not have in their present form.
        study
            The open study, to which they would be added.
        busy
            Whether one of them is being added.
        """
        for button in self.result_buttons:
            # at once, or the old ones would still show through the new ones
            button.setParent(None)
            button.deleteLater()
        self.result_buttons = [self._button(result, study) for result in results]
        for button in self.result_buttons:
            self._column.addWidget(button)
            button.setEnabled(not busy)
        self._busy.setVisible(busy)

    def _accept(self, result: ShownResult, _: bool = False) -> None:
        self.result_accepted.emit(result)

    def _button(self, result: ShownResult, study: Study | None) -> QPushButton:
        text = f"Annotate the cells of {result.name}"
        if study is not None:
            text = offer_text(study, result)
        button = QPushButton(text)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setToolTip(
            "<qt>Saves the images, the outlines and all answers in a study, so that "
            "nothing is in memory only.</qt>"
        )
        button.clicked.connect(partial(self._accept, result))
        return button
