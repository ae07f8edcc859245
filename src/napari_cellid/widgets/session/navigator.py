"""The study that is open in a viewer, and the recording and cell that it shows."""

from __future__ import annotations

import time
import weakref
from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_cellid.config import StudyConfig
from napari_cellid.errors import InputError
from napari_cellid.study.cells_index import CellsIndex, read_current_recording
from napari_cellid.widgets._shared.waiting import wait_for
from napari_cellid.widgets.session.hover_text import study_words
from napari_cellid.widgets.session.view import StudyView

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study


class StudyNavigator(QObject):
    """Opens the recordings and goes to the cells of a study; see `StudySession`."""

    #: another study is open, or none any more
    study_changed = Signal()
    #: the open study has other recordings or cells
    cells_changed = Signal()
    #: classes, keys, colours, vote rule or models of the open study have changed;
    #: carries the `StudyConfig` before
    config_changed = Signal(object)
    #: another recording is shown, or none any more
    recording_changed = Signal()
    #: the current `CellKey`, or None
    cell_changed = Signal(object)
    #: the tuple of selected `CellKey`
    selection_changed = Signal(object)
    #: whether the annotator is blind now
    blind_changed = Signal(bool)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.study: Study | None = None
        self.recording: StudyRecording | None = None
        self.planes: MeanPlanes | None = None
        self.labels: NDArray[Any] | None = None
        self.cell: CellKey | None = None
        self.selected: tuple[CellKey, ...] = ()
        self.blind = True
        self._view = StudyView(viewer)
        self._cells = CellsIndex(None)
        self._cell_shown_at = time.monotonic()
        self._is_repeat = False

    @property
    @abstractmethod
    def own_answers(self) -> Mapping[CellKey, str]:
        """The annotator's current answers, by cell."""

    @property
    def config(self) -> StudyConfig:
        """Classes and rules of the study; the default ones if no study is open."""
        return StudyConfig() if self.study is None else self.study.config

    def cells(self) -> pd.DataFrame:
        """Cell table of the whole study (as `Study.cells`), read once."""
        return self._cells.table

    def row(self, cell: CellKey) -> Mapping[str, Any] | None:
        """The row of a cell in `cells`; None if there is no such cell (any more)."""
        return self._cells.row(cell)

    @property
    def titles(self) -> Mapping[str, str]:
        """What people see of each recording, by its name."""
        return {} if self.study is None else self.study.titles

    def title_of(self, name: str) -> str:
        """What people see of a recording: its title, or else its name."""
        return self.titles.get(name, name)

    def model_name(self, recording: str) -> str:
        """Name of the model that classified a recording; empty if none did."""
        return self._cells.model_name(recording)

    def recordings(self) -> tuple[str, ...]:
        """Names of the recordings that can be shown: no file of them is missing."""
        from napari_cellid.study.recordings import missing_files

        study = self.study
        names = () if study is None else study.recordings
        folders = {name: study.recording(name).folder for name in names if study}
        return tuple(name for name in names if not missing_files(folders[name]))

    def show_recording(self, name: str) -> None:
        """Show a recording of the study in the viewer."""
        study, cells = self._require_study(), self.cells()
        read = partial(read_current_recording, study, name, cells)
        recording, planes, labels = wait_for(read, f"Opening {self.title_of(name)}…")
        if self.study is not study or self.cells() is not cells:
            # results were saved in it meanwhile, or its settings or cells have changed
            self.show_recording(name)
            return
        self._show_read(recording, planes, labels)

    def _show_read(
        self, recording: StudyRecording, planes: MeanPlanes, labels: NDArray[Any]
    ) -> None:
        """Show a recording that has been read."""
        self._clear_view(keep_layers=True)
        self.recording, self.planes, self.labels = recording, planes, labels
        self._view.show(planes, labels, self.config, self.title_of(recording.name))
        # weak, because the layers keep it
        self._view.say_cells(partial(_words_at, weakref.ref(self)))
        if self.blind:
            self._view.hide_predictions()
        self._colour_outlines()
        self.recording_changed.emit()

    def go_to(
        self, cell: CellKey | None, *, repeat: bool = False, centre: bool = True
    ) -> None:
        """Make a cell the current one: show its recording and plane, and mark it.

        Parameters
        ----------
        cell
            None for no current cell.
        repeat
            Whether the annotator is asked again, and must not see the earlier answer.
        centre
            Whether the camera is centred on the cell.
        """
        row = None if cell is None else self._row(cell)
        self.select(())
        self._end_repeat()
        if cell is None or row is None:
            self._view.unmark_cell()
        else:
            if self._shown_name() != cell.recording or not self._view.complete:
                self.show_recording(cell.recording)
                row = self._row(cell)  # with the cells of now
            self._bring_back()
            self._view.mark_cell(row, centre=centre)
            if repeat:
                self._view.colour_outlines([row["label"]], None)
        self.cell, self._is_repeat, self._cell_shown_at = cell, repeat, time.monotonic()
        self.cell_changed.emit(cell)

    def select(self, cells: Sequence[CellKey]) -> None:
        """Select cells: the next answer is for all of them."""
        cells = tuple(dict.fromkeys(cells))
        if cells == self.selected:
            return
        self.selected = cells
        self._view.select(self._labels(cells))
        self.selection_changed.emit(cells)

    def hide_outlines(self, labels: Collection[int]) -> None:
        """Show the outlines of all labels of the shown recording but these."""
        self._view.hide_outlines(labels)

    def cell_at(self, position: Sequence[float]) -> CellKey | None:
        """The cell at a position in world coordinates; None if there is none."""
        return self._cells.at(self._shown_name(), self._view.label_at(position))

    def words_at(self, position: Sequence[float]) -> str:
        """The cell at a position in world coordinates in words; "" if there is none."""
        cell = self.cell_at(position)
        row = None if cell is None else self.row(cell)
        if cell is None or row is None:
            return ""
        asked_again = self._is_repeat and cell == self.cell
        own = "" if asked_again else self.own_answers.get(cell, "")
        return study_words(row, own, blind=self.blind)

    def cells_within(
        self, corner: Sequence[float], opposite: Sequence[float]
    ) -> tuple[CellKey, ...]:
        """Cells that lie at least partly in a rectangle of the plane that is shown.

        Parameters
        ----------
        corner, opposite
            Two opposite corners of the rectangle in world coordinates.
        """
        labels = self._view.labels_within(corner, opposite)
        cells = (self._cells.at(self._shown_name(), label) for label in labels)
        return tuple(cell for cell in cells if cell is not None)

    def set_blind(self, blind: bool) -> None:
        """Hide or show predictions of models and answers of other annotators."""
        if blind != self.blind:
            self.blind = blind
            if blind:
                self._view.hide_predictions()
            else:
                self._view.restore_predictions()
            self.blind_changed.emit(blind)

    def _require_study(self) -> Study:
        if self.study is None:
            raise InputError(
                "No study is open; open one in the Annotate dock, or identify the "
                "cells of a recording first."
            )
        return self.study

    def _row(self, cell: CellKey) -> Mapping[str, Any]:
        row = self.row(cell)
        if row is None:
            raise InputError(
                f"The recording {self.title_of(cell.recording)!r} has no cell "
                f"{cell.cell} (any more); open the study again to see the current ones."
            )
        return row

    def _labels(self, cells: Sequence[CellKey]) -> list[int]:
        """Labels of those cells that are in the recording that is shown."""
        shown = self._shown_name()
        rows = [self.row(cell) for cell in cells if cell.recording == shown]
        return [int(row["label"]) for row in rows if row is not None]

    def _shown_name(self) -> str | None:
        return None if self.recording is None else self.recording.name

    def _end_repeat(self) -> None:
        if self._is_repeat and self.cell is not None:
            self._view.colour_outlines(
                self._labels([self.cell]), self.own_answers.get(self.cell)
            )

    def _colour_outlines(self) -> None:
        """Colour all outlines by the annotator's answers."""
        self._view.set_answers(self._answers_by_label())

    def _answers_by_label(self) -> dict[int, str]:
        """The annotator's answers to the labels of the recording that is shown."""
        shown, answers = self._shown_name(), self.own_answers
        rows = (
            (self.row(cell), answer)
            for cell, answer in answers.items()
            if cell.recording == shown
        )
        return {int(row["label"]): answer for row, answer in rows if row is not None}

    def _set_study(self, study: Study | None, cells: CellsIndex) -> None:
        self.study, self._cells = study, cells
        self.study_changed.emit()

    def _set_titles(self, study: Study) -> None:
        """Take the open study with other titles of the same recordings and cells."""
        self.study = study
        if self.recording is not None:
            self.recording = study.recording(self.recording.name)
            self._view.set_title(self.title_of(self.recording.name))
        self.cells_changed.emit()

    def _show_config(self) -> None:
        """Colour the outlines by the classes as they are now."""
        if not self._view.set_config(self.config):
            return
        self._colour_outlines()
        self._view.select(self._labels(self.selected))
        if self._is_repeat and self.cell is not None:
            self._view.colour_outlines(self._labels([self.cell]), None)

    def _bring_back(self) -> None:
        """Show the recording again if it was set aside for another one."""
        if self._view.aside:
            self._view.bring_back()
            if self.blind:
                self._view.hide_predictions()

    def _clear_view(self, *, keep_layers: bool = False) -> None:
        """Show no recording; its layers can be kept for another one that follows."""
        if self.cell is not None:
            self.go_to(None)
        self.select(())
        self._view.clear(keep_layers=keep_layers)
        if self.recording is not None:
            self.recording = self.planes = self.labels = None
            self.recording_changed.emit()


def _words_at(ref: weakref.ref[StudyNavigator], position: Sequence[float]) -> str:
    """What a session says of a position; "" if it is gone."""
    session = ref()
    return "" if session is None else session.words_at(position)
