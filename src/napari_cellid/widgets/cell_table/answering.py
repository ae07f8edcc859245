"""Answers that are given in the cell table, kept in a study that may be made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QMessageBox, QWidget

from napari_cellid.annotation.answer import CellKey
from napari_cellid.widgets._shared.markup import as_rich_text
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.cell_table.keep_dialog import ask_where, ask_who
from napari_cellid.widgets.cell_table.layer_source import LayerSource
from napari_cellid.widgets.session.annotator_name import save_annotator_name
from napari_cellid.widgets.session.many_answers import may_answer
from napari_cellid.widgets.session.one_answer import with_one_answer
from napari_cellid.widgets.session.save import open_or_create_study
from napari_cellid.widgets.session.study_saver import StudySaver

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.study.study import Study
    from napari_cellid.widgets.cell_table.source import CellSource
    from napari_cellid.widgets.session.result_layer import ShownResult
    from napari_cellid.widgets.session.session import StudySession


class TableAnswers(QObject):
    """Writes the answer of a person for cells of the table.

    If the cells are in no study yet, they are saved in the open one, or in one that is
    made on the spot, and the answer is written then.

    Parameters
    ----------
    session
        Writes the answers.
    dock
        Parent of dialogs.
    """

    #: the cells are being saved, or no more
    busy_changed = Signal(bool)

    def __init__(self, session: StudySession, dock: QWidget) -> None:
        super().__init__(dock)
        self._session, self._dock = session, dock
        self._saver = StudySaver(session, dock)
        self._saver.saved.connect(self._on_saved)
        self._saver.queue.finished.connect(self._on_finished)
        # labels and their answer, which wait until their cells are in a study
        self._waiting: list[tuple[list[int], str]] = []
        self._who, self._one_answer, self._is_new = "", False, False

    @property
    def busy(self) -> bool:
        """Whether the cells are being saved."""
        return bool(self._saver.queue.busy)

    def answer(self, source: CellSource, keys: Sequence[CellKey], answer: str) -> None:
        """Give an answer for some cells."""
        if not keys or not may_answer(self._dock, len(keys), answer):
            return
        with input_errors_shown():
            if isinstance(source, LayerSource) and not self._is_saved(source):
                labels = source.labels_of(keys)
                if self.busy or self._save(source.result):
                    self._waiting.append((labels, answer))
            elif self._begin():
                self._write(list(keys), answer)

    def undo(self) -> None:
        """Take the last answer back."""
        with input_errors_shown():
            if self._session.journal is not None:
                self._session.undo()

    def _is_saved(self, source: LayerSource) -> bool:
        result = source.result
        return result is not None and self._session.contains(result)

    def _save(self, result: ShownResult | None) -> bool:
        """Save a result in a study; whether there is one."""
        if result is None:
            return False
        study = self._session.study
        study = self._made(result) if study is None else self._confirmed(study, result)
        if study is None:
            return False
        self._saver.save(study, result)
        self.busy_changed.emit(True)
        return True

    def _made(self, result: ShownResult) -> Study | None:
        """A study that is made for the answers."""
        dialog = ask_where(result, self._dock)
        path = None if dialog is None else dialog.value()
        if dialog is None or path is None:
            return None
        self._who, self._is_new = dialog.who(), True
        self._one_answer = dialog.one_answer.isChecked()
        return open_or_create_study(path, result)

    def _confirmed(self, study: Study, result: ShownResult) -> Study | None:
        """The open study, if the cells may be added to it."""
        reply = QMessageBox.question(
            self._dock,
            "Add the cells to the study?",
            as_rich_text(
                f"Your answers are kept in a study. Add {result.name} to the study "
                f"{study.path.name}, which is open?"
            ),
        )
        if reply != QMessageBox.StandardButton.Yes or not self._begin():
            return None
        return study

    def _begin(self) -> bool:
        """Make sure that somebody answers."""
        if self._session.journal is not None:
            return True
        name = self._who or ask_who(self._dock)
        if not name:
            return False
        self._session.start_annotating(name)
        save_annotator_name(self._session.annotator)
        return True

    def _write(self, keys: list[CellKey], answer: str) -> None:
        session = self._session
        if keys != [session.cell] or session.selected:
            session.select(keys)
        session.answer(answer)

    def _on_saved(self, name: str, _: Study) -> None:
        with input_errors_shown():
            if self._is_new:
                # the classes were in view, and the answers shall say so
                self._session.set_blind(False)
                if self._one_answer:
                    self._session.edit_config(with_one_answer)
            if not self._begin():
                return
            cells = self._session.cells()
            cells = cells[cells["recording"] == name]
            for labels, answer in self._waiting:
                numbers = cells.loc[cells["label"].isin(labels), "cell"].tolist()
                self._write([CellKey(name, number) for number in numbers], answer)

    def _on_finished(self) -> None:
        """Forget what waits, also if the cells were not saved."""
        self._waiting.clear()
        self._who, self._one_answer, self._is_new = "", False, False
        self.busy_changed.emit(False)
