"""Layout of the annotate dock."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_cellid.annotation.answer import answer_keys, answer_text
from napari_cellid.config import QueueConfig
from napari_cellid.widgets._shared.add_cell_bar import AddCellBar
from napari_cellid.widgets._shared.answer_buttons import AnswerButtons
from napari_cellid.widgets._shared.layouts import (
    CollapsibleSection,
    arrow_button,
    form_layout,
    small_text,
)
from napari_cellid.widgets._shared.settings_form import SettingsForm
from napari_cellid.widgets.annotate.class_editor import ClassEditor
from napari_cellid.widgets.annotate.patch_view import PatchView
from napari_cellid.widgets.annotate.progress_panel import AnnotationProgressPanel
from napari_cellid.widgets.annotate.study_picker import StudyPicker
from napari_cellid.widgets.session.annotator_name import AnnotatorNameEdit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.config import StudyConfig

#: smallest height (px) at which the patch and its sliders can be used
_MIN_PATCH_HEIGHT = 236
_ALL_RECORDINGS = "all recordings"
_BLIND = (
    "<qt>Blind: you see only your own answers, not the model's prediction or your "
    "colleagues' answers, so that your vote is independent. Not blind: both are shown "
    "below the patch, and each answer records that they were.</qt>"
)
_KEYS = (
    "<qt>On: {} answer, ← and → show the previous and the next cell, Ctrl+Z or "
    "Backspace takes the last answer back, Insert adds missed cells, wherever the "
    "focus is in napari's window. Off: napari gets all keys again.</qt>"
)


class AnnotatePanel(QWidget):
    """Study and annotator on top, then the patch, the answers and the progress."""

    def __init__(self) -> None:
        super().__init__()
        self.study = StudyPicker()
        self.name = AnnotatorNameEdit()
        self.blind = QCheckBox("Blind")
        self.blind.setChecked(True)
        self.blind.setToolTip(_BLIND)
        self.recording = QComboBox()
        self.recording.setToolTip("<qt>Recording whose cells are annotated.</qt>")
        # a long name must not widen the whole dock
        self.recording.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed
        )
        self.queue = SettingsForm(QueueConfig)
        self.classes = ClassEditor()
        self.patch = PatchView()
        # it takes the remaining height, and shrinks before anything scrolls
        self.patch.setSizePolicy(
            QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored
        )
        self.patch.setMinimumHeight(_MIN_PATCH_HEIGHT)
        self.cell = small_text()
        self.cell.setTextFormat(Qt.TextFormat.RichText)
        self.other_answers = small_text()
        self.other_answers.setTextFormat(Qt.TextFormat.RichText)
        self.buttons = AnswerButtons()
        self.previous = arrow_button(Qt.ArrowType.LeftArrow, "Previous cell (←)")
        self.next = arrow_button(Qt.ArrowType.RightArrow, "Next cell (→)")
        for arrow in (self.previous, self.next):
            arrow.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.undo = _without_focus(QPushButton("Undo"))
        self.undo.setToolTip("Take the last answer back (Ctrl+Z or Backspace)")
        self.keys = _without_focus(QPushButton())
        self.keys.setCheckable(True)
        self.adding = AddCellBar()
        self.progress = AnnotationProgressPanel()
        self._build()
        self.show_keys(False)

    def set_config(self, config: StudyConfig) -> None:
        """Take the classes and keys of a study."""
        self.buttons.set_config(config)
        self.progress.set_config(config)
        self.classes.setValue(config)
        letters = ", ".join(answer_keys(config).values())
        self.keys.setToolTip(_KEYS.format(letters))

    def set_recordings(
        self, names: Sequence[str], titles: Mapping[str, str] | None = None
    ) -> None:
        """List the recordings of a study by title; the current one stays current."""
        current = self.recording.currentData()
        with signals_blocked(self.recording):
            self.recording.clear()
            for name in names:
                self.recording.addItem((titles or {}).get(name, name), name)
            if len(names) > 1:
                self.recording.addItem(_ALL_RECORDINGS, None)
            if current in names:
                self.recording.setCurrentIndex(self.recording.findData(current))
        self._form.setRowVisible(self.recording, len(names) > 1)

    def choose_recording(self, own: Collection[CellKey], cells: pd.DataFrame) -> None:
        """Choose the first recording that has cells without an answer of one's own."""
        if len(own) == 0 or self.recording.currentIndex() > 0:
            return
        answered = Counter(cell.recording for cell in own)
        for name, n_cells in cells["recording"].value_counts(sort=False).items():
            if answered[str(name)] < n_cells:
                self.recording.setCurrentIndex(self.recording.findData(name))
                return

    def show_open(self, study: bool, annotating: bool) -> None:
        """Show what needs an open study, and enable what needs an annotator."""
        self._settings_area.setVisible(study)
        self._cell_area.setVisible(study)
        parts = (
            self.buttons,
            self.previous,
            self.next,
            self.undo,
            self.keys,
            self.adding,
        )
        for widget in parts:
            widget.setEnabled(annotating)

    def show_keys(self, on: bool) -> None:
        """Show whether the shortcuts are on."""
        with signals_blocked(self.keys):
            self.keys.setChecked(on)
        self.keys.setText("Keys are on" if on else "Keys are off")

    def show_cell(self, text: str, other_answers: str = "") -> None:
        """Show text about the current cell, and what others say about it."""
        self.cell.setText(text)
        self.other_answers.setText(other_answers)
        self.other_answers.setVisible(bool(other_answers))

    def _build(self) -> None:
        self._settings_area, self._cell_area = QWidget(), QWidget()
        self._form = form_layout(self._settings_area)
        name = QHBoxLayout()
        name.addWidget(self.name, 1)
        name.addWidget(self.blind)
        self._form.addRow("Annotator", name)
        self._form.addRow("Recording", self.recording)
        self._form.addRow(
            CollapsibleSection(
                "Order of the cells, classes, keys", [self.queue, self.classes]
            )
        )
        column = QVBoxLayout(self._cell_area)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.adding)
        column.addWidget(self.patch, 1)
        column.addWidget(self.cell)
        column.addWidget(self.other_answers)
        column.addWidget(self.buttons)
        column.addLayout(self._navigation())
        column.addWidget(self.progress)
        layout = QVBoxLayout(self)
        layout.addWidget(self.study)
        layout.addWidget(self._settings_area)
        layout.addWidget(self._cell_area, 1)
        layout.addStretch(0)

    def _navigation(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for button in (self.previous, self.next, self.undo):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.keys)
        return row


def own_answer_text(answer: str | None, colour: str) -> str:
    """The annotator's answer to a cell, with its colour, as rich text."""
    if answer is None:
        return "not answered yet"
    return f'<span style="color:{colour}">■</span> <b>{escape(answer_text(answer))}</b>'


def _without_focus(button: QPushButton) -> QPushButton:
    # the keyboard focus stays where it was
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
