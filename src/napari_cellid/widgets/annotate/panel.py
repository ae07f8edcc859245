"""What the annotate widget looks like."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.annotation.answer import answer_keys, answer_text
from napari_cellid.config import QueueConfig
from napari_cellid.widgets._shared.answer_buttons import AnswerButtons
from napari_cellid.widgets._shared.layouts import (
    CollapsibleSection,
    arrow_button,
    form_layout,
    small_text,
)
from napari_cellid.widgets._shared.settings_form import SettingsForm
from napari_cellid.widgets.annotate.annotator_name import NameEdit
from napari_cellid.widgets.annotate.class_editor import KeyEditor
from napari_cellid.widgets.annotate.patch_view import PatchView
from napari_cellid.widgets.annotate.progress_panel import AnswerCounts
from napari_cellid.widgets.annotate.study_picker import StudyChoice

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.config import StudyConfig

#: height (px) in which a patch and its sliders can still be used
_LEAST_PATCH = 260
_EVERYTHING = "all recordings"
_BLIND = (
    "<qt>Blind: you see your own answers alone, and neither what the model says nor "
    "what colleagues answered, so that your vote is your own. Not blind: they stand "
    "below the patch, and each answer keeps a note of it.</qt>"
)
_KEYS = (
    "<qt>On: {} answer, ← and → go back and on, Ctrl+Z or Backspace takes back, "
    "wherever the focus is in napari's window. Off: all keys are napari's own "
    "again.</qt>"
)


class AnnotatePanel(QWidget):
    """Who and what on top, the patch, the answers, and how far one has come."""

    def __init__(self) -> None:
        super().__init__()
        self.study = StudyChoice()
        self.name = NameEdit()
        self.blind = QCheckBox("Blind")
        self.blind.setChecked(True)
        self.blind.setToolTip(_BLIND)
        self.recording = QComboBox()
        self.recording.setToolTip("<qt>Whose cells you are asked about.</qt>")
        # a long name must not widen the whole dock
        self.recording.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed
        )
        self.queue = SettingsForm(QueueConfig)
        self.key_editor = KeyEditor()
        self.patch = PatchView()
        # it gets the room that is left, and gives some away before anything scrolls
        self.patch.setSizePolicy(
            QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored
        )
        self.patch.setMinimumHeight(_LEAST_PATCH)
        self.cell = small_text()
        self.cell.setTextFormat(Qt.TextFormat.RichText)
        self.opinion = small_text()
        self.opinion.setTextFormat(Qt.TextFormat.RichText)
        self.buttons = AnswerButtons()
        self.back = arrow_button(Qt.ArrowType.LeftArrow, "Previous cell (←)")
        self.on = arrow_button(Qt.ArrowType.RightArrow, "Next cell (→)")
        for arrow in (self.back, self.on):
            arrow.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.undo = _quiet(QPushButton("Undo"))
        self.undo.setToolTip("Take the last answer back (Ctrl+Z or Backspace)")
        self.keys = _quiet(QPushButton())
        self.keys.setCheckable(True)
        self.counts = AnswerCounts()
        self._build()
        self.show_keys(False)

    def set_config(self, config: StudyConfig) -> None:
        """Show the answers of a study."""
        self.buttons.set_config(config)
        self.counts.set_config(config)
        self.key_editor.set_config(config)
        letters = ", ".join(answer_keys(config).values())
        self.keys.setToolTip(_KEYS.format(letters))

    def set_recordings(self, names: Sequence[str]) -> None:
        """List the recordings of a study; the chosen one stays chosen."""
        chosen = self.recording.currentData()
        blocker = QSignalBlocker(self.recording)
        self.recording.clear()
        for name in names:
            self.recording.addItem(name, name)
        if len(names) > 1:
            self.recording.addItem(_EVERYTHING, None)
        if chosen in names:
            self.recording.setCurrentIndex(self.recording.findData(chosen))
        blocker.unblock()
        several = len(names) > 1
        self._form.setRowVisible(self.recording, several)

    def choose_recording(self, own: Collection[CellKey], cells: pd.DataFrame) -> None:
        """Choose the first recording in which there is something left to answer."""
        if len(own) == 0 or self.recording.currentIndex() > 0:
            return
        answered = Counter(cell.recording for cell in own)
        for name, n_cells in cells["recording"].value_counts(sort=False).items():
            if answered[str(name)] < n_cells:
                self.recording.setCurrentIndex(self.recording.findData(name))
                return

    def show_open(self, study: bool, annotating: bool) -> None:
        """Show what can be used: without a study, or a name, not everything can."""
        self._who.setVisible(study)
        self._work.setVisible(study)
        for part in (self.buttons, self.back, self.on, self.undo, self.keys):
            part.setEnabled(annotating)

    def show_keys(self, on: bool) -> None:
        """Show whether the keys are on."""
        blocker = QSignalBlocker(self.keys)
        self.keys.setChecked(on)
        blocker.unblock()
        self.keys.setText("Keys are on" if on else "Keys are off")

    def show_cell(self, text: str, opinion: str = "") -> None:
        """Show which cell it is, and what others say of it."""
        self.cell.setText(text)
        self.opinion.setText(opinion)
        self.opinion.setVisible(bool(opinion))

    def _build(self) -> None:
        self._who, self._work = QWidget(), QWidget()
        self._form = form_layout(self._who)
        name = QHBoxLayout()
        name.addWidget(self.name, 1)
        name.addWidget(self.blind)
        self._form.addRow("Annotator", name)
        self._form.addRow("Recording", self.recording)
        self._form.addRow(
            CollapsibleSection("Order of the cells, keys", self._settings())
        )
        work = QVBoxLayout(self._work)
        work.setContentsMargins(0, 0, 0, 0)
        work.addWidget(self.patch, 1)
        work.addWidget(self.cell)
        work.addWidget(self.opinion)
        work.addWidget(self.buttons)
        work.addLayout(self._last_row())
        work.addWidget(self.counts)
        layout = QVBoxLayout(self)
        layout.addWidget(self.study)
        layout.addWidget(self._who)
        layout.addWidget(self._work, 1)
        layout.addStretch(0)

    def _settings(self) -> list[QWidget]:
        return [self.queue, self.key_editor]

    def _last_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for part in (self.back, self.on, self.undo):
            row.addWidget(part)
        row.addStretch(1)
        row.addWidget(self.keys)
        return row


def own_answer_text(answer: str | None, colour: str) -> str:
    """What a person answered about a cell, with its colour."""
    if answer is None:
        return "not answered yet"
    return f'<span style="color:{colour}">■</span> <b>{answer_text(answer)}</b>'


def _quiet(button: QPushButton) -> QPushButton:
    # the keyboard stays where it was
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
