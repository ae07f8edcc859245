"""The dock widget in which a person annotates the cells of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_cellid.annotation.annotators import list_annotators
from napari_cellid.config import QueueConfig
from napari_cellid.widgets._shared.dock_front import DockFront
from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later
from napari_cellid.widgets._shared.help_line import HelpLine
from napari_cellid.widgets._shared.key_filter import Shortcuts
from napari_cellid.widgets._shared.layouts import DockScrollArea
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.annotate.answer_shortcuts import (
    annotation_actions,
    annotation_meanings,
)
from napari_cellid.widgets.annotate.cell_adding import CellAdding
from napari_cellid.widgets.annotate.cell_display import CellDisplay
from napari_cellid.widgets.annotate.class_edits import ClassEdits
from napari_cellid.widgets.annotate.controller import AnnotationController
from napari_cellid.widgets.annotate.offered_results import OfferedResults
from napari_cellid.widgets.annotate.panel import AnnotatePanel
from napari_cellid.widgets.annotate.recordings_dialog import RecordingsDialog
from napari_cellid.widgets.session.animals_dialog import edit_animals
from napari_cellid.widgets.session.annotator_name import (
    load_annotator_name,
    save_annotator_name,
)
from napari_cellid.widgets.session.mouse_selection import MouseSelection
from napari_cellid.widgets.session.scheme_dialog import ask_unknown_scheme
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from pathlib import Path

    import napari.viewer


#: initial width of the dock (px)
_WIDTH = 440


class AnnotateWidget(QWidget):
    """Shows the cells of a study one after another and records a person's answers.

    Parameters
    ----------
    viewer
        Shows the recordings, moves to each cell, and receives the shortcuts.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.session = session_of(viewer)
        self.panel = AnnotatePanel()
        self.shortcuts = Shortcuts(self)
        canvas_viewer = getattr(viewer, "__wrapped__", viewer)
        self.mouse = MouseSelection(canvas_viewer, self.session, self)
        self.adding = CellAdding(canvas_viewer, self.session, self.panel.adding, self)
        self.controller = AnnotationController(self.session, self)
        self.display = CellDisplay(self.session, self.controller, self.panel, self)
        self.offered_results = OfferedResults(viewer, self.session, self)
        self.class_edits = ClassEdits(self.session, self.panel.classes, self)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(DockScrollArea(self.panel))
        layout.addWidget(HelpLine(viewer, "annotate"))
        self.front = DockFront(self)
        self._connect()
        self._on_study()
        tabify_dock_later(self)

    def open_study(self, path: Path | str, annotator: str | None = None) -> None:
        """Open a study; without a name, somebody has to say first who answers."""
        with input_errors_shown():
            self.session.open_study(path)
            ask_unknown_scheme(self.session, self)
            if annotator:
                self.begin(annotator)
            else:
                self.panel.name.line.setFocus()

    def close_study(self) -> None:
        """Close the study, and leave the viewer as it was before."""
        with input_errors_shown():
            self.session.close_study()

    def begin(self, name: str) -> None:
        """Annotate under this name; an empty name changes nothing."""
        if not name or self.session.study is None:
            return
        with input_errors_shown():
            self.session.start_annotating(name)
            save_annotator_name(self.session.annotator)
            # otherwise the shortcuts would be typed into the line with the name
            self.setFocus()

    def answer(self, answer: str) -> None:
        """Give an answer, as its button and its key do."""
        with input_errors_shown():
            self.controller.answer(answer)

    def step(self, by: int) -> None:
        """Show the next (1) or the previous (-1) cell of the queue."""
        with input_errors_shown():
            self.controller.step(by)

    def undo(self) -> None:
        """Take the last answer back."""
        with input_errors_shown():
            if not self.adding.undo():
                self.controller.undo()

    def redo(self) -> None:
        """Give the answer again that was taken back last."""
        with input_errors_shown():
            self.controller.redo()

    def sizeHint(self) -> QSize:
        """As wide as a patch needs to be judged."""
        hint = super().sizeHint()
        return QSize(max(hint.width(), _WIDTH), hint.height())

    def _on_front(self, in_front: bool) -> None:
        """Listen to the mouse in the image, or leave it to napari and other docks."""
        if in_front:
            self.mouse.start()
        else:
            self.mouse.stop()

    def _previous(self) -> None:
        self.step(-1)

    def _next(self) -> None:
        self.step(1)

    def _connect(self) -> None:
        self._connect_panel()
        session = self.session
        self.front.changed.connect(self._on_front)
        self.shortcuts.enabled_changed.connect(self.panel.show_keys)
        self.shortcuts.enabled_changed.connect(self.adding.set_keys)
        self.adding.undo_requested.connect(self.undo)
        self.controller.progress_changed.connect(self._show_progress)
        self.offered_results.changed.connect(self._show_offered_results)
        self.offered_results.saved.connect(self._on_saved)
        session.study_changed.connect(self._on_study)
        session.cells_changed.connect(self._on_cells)
        session.config_changed.connect(self._on_config)
        session.annotator_changed.connect(self._on_annotator)
        session.recording_changed.connect(self.display.show_recording)
        session.cell_changed.connect(self.display.show_cell)
        session.blind_changed.connect(self._on_blind)

    def _connect_panel(self) -> None:
        panel = self.panel
        panel.study.study_chosen.connect(self.open_study)
        panel.study.close_requested.connect(self.close_study)
        panel.study.animals_requested.connect(self._edit_animals)
        panel.study.recordings_requested.connect(self._show_recordings)
        panel.study.result_accepted.connect(self.offered_results.accept)
        panel.name.entered.connect(self.begin)
        # otherwise the shortcuts would be typed into the line with the name
        panel.name.confirmed.connect(self.setFocus)
        panel.blind.toggled.connect(self.session.set_blind)
        panel.recording.activated.connect(self._start_queue)
        panel.queue.valueChanged.connect(self._on_queue_settings)
        panel.buttons.answer_chosen.connect(self.answer)
        panel.previous.clicked.connect(self._previous)
        panel.next.clicked.connect(self._next)
        panel.undo.clicked.connect(self.undo)
        panel.keys.toggled.connect(self.shortcuts.set_enabled)

    def _show_recordings(self) -> None:
        dialog = RecordingsDialog(self.session, self)
        if dialog.exec() and (name := dialog.chosen()) is not None:
            self.panel.recording.setCurrentIndex(self.panel.recording.findData(name))
            with input_errors_shown():
                self.session.show_recording(name)
            self._start_queue()

    def _edit_animals(self) -> None:
        edit_animals(self.session, self)

    def _on_study(self) -> None:
        session, panel = self.session, self.panel
        study = session.study
        panel.blind.setChecked(session.blind)
        if study is not None:
            panel.name.set_known_names(list_annotators(study.annotations))
            panel.name.offer(load_annotator_name())
        self._on_config()
        self._show_study()
        # before the queue, whose first cell is one of this recording
        self.display.show_recording()
        self._on_annotator()
        # a dock that is opened later finds the session at a cell already
        self.display.show_cell(session.cell)

    def _show_study(self) -> None:
        """Show the name of the study, its recordings and what can be added to it."""
        session, panel = self.session, self.panel
        path = None if session.study is None else session.study.path
        panel.study.show_study(path, len(session.cells()))
        panel.set_recordings(session.recordings(), session.titles)
        self._show_offered_results()

    def _on_cells(self) -> None:
        self._show_study()
        self.display.show_text()
        session, recording = self.session, self.controller.recording
        gone = recording is not None and recording not in session.recordings()
        if session.journal is None or gone:
            # from the first cell of the recordings that are left
            self._start_queue()
        else:
            self.controller.follow_cells()

    def _on_config(self) -> None:
        """Show the classes, keys and colours of the study."""
        config = self.session.config
        self.panel.set_config(config)
        actions = annotation_actions(self, config)
        self.shortcuts.set_actions(actions, annotation_meanings(config))
        self._show_progress()
        self.display.show_text()

    def _on_annotator(self) -> None:
        session, panel = self.session, self.panel
        annotating = session.journal is not None
        panel.name.show_name(session.annotator)
        panel.show_open(session.study is not None, annotating)
        self.shortcuts.set_enabled(annotating)
        self.adding.set_available(annotating)
        if session.study is not None and annotating:
            panel.choose_recording(session.own_answers, session.cells())
        self._start_queue()

    def _start_queue(self) -> None:
        config = self.panel.queue.value()
        if self.session.study is None:
            self.controller.clear()
        elif isinstance(config, QueueConfig):
            with input_errors_shown():
                name = self.panel.recording.currentData()
                if self.session.recording is None and name is not None:
                    # also before the annotator has given a name
                    self.session.show_recording(name)
                self.controller.start(name, config)

    def _on_queue_settings(self) -> None:
        """Start the queue anew for another order, not for another repeat share."""
        config, before = self.panel.queue.value(), self.controller.config
        if not isinstance(config, QueueConfig):
            return
        share = config.repeat_share
        if config == before.model_copy(update={"repeat_share": share}):
            self.controller.set_repeat_share(share)
        else:
            self._start_queue()

    def _on_saved(self, name: str) -> None:
        """Annotate the recording that was just added to the study."""
        self.panel.recording.setCurrentIndex(self.panel.recording.findData(name))
        self._start_queue()
        if self.session.journal is None:
            self.panel.name.line.setFocus()

    def _on_blind(self, blind: bool) -> None:
        self.panel.blind.setChecked(blind)
        self.display.show_text()

    def _show_offered_results(self) -> None:
        self.panel.study.show_offered_results(
            self.offered_results.results(),
            study=self.session.study,
            busy=self.offered_results.busy,
        )

    def _show_progress(self) -> None:
        self.panel.progress.show_progress(self.controller.progress)
