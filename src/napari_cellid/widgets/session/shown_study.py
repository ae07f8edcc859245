"""The study that is open in a viewer, and which cell of it is looked at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_cellid.config import StudyConfig
from napari_cellid.errors import InputError
from napari_cellid.study.cells_index import CellsIndex
from napari_cellid.widgets.session.view import StudyView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_cellid.annotation.answer import CellKey, Role
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study


class ShownStudy(QObject):
    """A study, and what a viewer shows of it; see `StudySession`."""

    #: another study, or other cells, classes or rules in it
    study_changed = Signal()
    #: another recording is shown, or none
    recording_changed = Signal()
    #: the `CellKey` that is looked at, or None
    cell_changed = Signal(object)
    #: a tuple of `CellKey`
    selection_changed = Signal(object)
    #: whether it is blind now
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
        self._since = time.monotonic()
        self._repeat = False

    @property
    def own(self) -> Mapping[CellKey, str]:
        """The annotator's own answers that count, by cell."""
        return {}

    @property
    def config(self) -> StudyConfig:
        """Classes and rules of the study; the defaults without one."""
        return StudyConfig() if self.study is None else self.study.config

    def cells(self) -> pd.DataFrame:
        """All cells of the study (as `Study.cells`), read once and kept."""
        return self._cells.table

    def row(self, cell: CellKey) -> Mapping[str, Any] | None:
        """The row of a cell in `cells`; None where there is no such cell (any more)."""
        return self._cells.row(cell)

    def model(self, recording: str) -> str:
        """Name of the model that told the classes of a recording; empty without."""
        return self._cells.model_name(recording)

    def recordings(self) -> tuple[str, ...]:
        """Names of the recordings that have everything it takes to show them."""
        from napari_cellid.study.recordings import missing_files

        names = () if self.study is None else self.study.recordings
        return tuple(
            name
            for name in names
            if not missing_files(self._open_study().recording(name).folder)
        )

    def answers(self, role: Role = "annotator") -> pd.DataFrame:
        """Everybody's current answers, brought to the cells there are; read anew."""
        return self._open_study().read_answers().current(role)

    def show_recording(self, name: str) -> None:
        """Show a recording of the study in the viewer."""
        recording = self._open_study().recording(name)
        planes, labels = recording.planes(), recording.labels()
        if planes.shape != labels.shape:
            raise InputError(
                f"In {recording.folder} the images have the shape {planes.shape} "
                f"(plane, y, x) but the labels {labels.shape}; identify the recording "
                "again."
            )
        self._show_nothing()
        self.recording, self.planes, self.labels = recording, planes, labels
        self._view.show(planes, labels, self.config)
        if self.blind:
            self._view.hide_opinions()
        self._draw()
        self.recording_changed.emit()

    def go_to(
        self, cell: CellKey | None, *, repeat: bool = False, centre: bool = True
    ) -> None:
        """Look at a cell: its recording, plane and place are shown, and it is marked.

        Parameters
        ----------
        cell
            None to look at no cell.
        repeat
            Whether the annotator is asked again, and shall not see the earlier answer.
        centre
            Whether the viewer brings it to the middle.
        """
        row = None if cell is None else self._row(cell)
        self.select(())
        self._end_repeat()
        if cell is None or row is None:
            self._view.look_away()
        else:
            if self._shown() != cell.recording or not self._view.complete:
                self.show_recording(cell.recording)
            self._view.look_at(row, centre=centre)
            if repeat:
                self._view.colour([row["label"]], None)
        self.cell, self._repeat, self._since = cell, repeat, time.monotonic()
        self.cell_changed.emit(cell)

    def select(self, cells: Sequence[CellKey]) -> None:
        """Let the next answer be for all these cells."""
        cells = tuple(dict.fromkeys(cells))
        if cells == self.selected:
            return
        self.selected = cells
        self._view.select(self._labels(cells))
        self.selection_changed.emit(cells)

    def cell_at(self, position: Sequence[float]) -> CellKey | None:
        """The cell at a place in the viewer's world, None where there is none."""
        return self._cells.at(self._shown(), self._view.label_at(position))

    def cells_within(
        self, one: Sequence[float], other: Sequence[float]
    ) -> tuple[CellKey, ...]:
        """Cells that lie, also in part, in a rectangle of the plane that is shown."""
        inside = self._view.labels_within(one, other)
        found = (self._cells.at(self._shown(), label) for label in inside)
        return tuple(cell for cell in found if cell is not None)

    def set_blind(self, blind: bool) -> None:
        """Hide or show what the model and colleagues say."""
        if blind != self.blind:
            self.blind = blind
            if blind:
                self._view.hide_opinions()
            else:
                self._view.give_opinions_back()
            self.blind_changed.emit(blind)

    def _open_study(self) -> Study:
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
                f"The recording {cell.recording!r} has no cell {cell.cell} (any more); "
                "open the study again to see what there is."
            )
        return row

    def _labels(self, cells: Sequence[CellKey]) -> list[int]:
        """Labels of those cells that are in the recording shown."""
        shown = self._shown()
        rows = [self.row(cell) for cell in cells if cell.recording == shown]
        return [int(row["label"]) for row in rows if row is not None]

    def _shown(self) -> str | None:
        return None if self.recording is None else self.recording.name

    def _end_repeat(self) -> None:
        if self._repeat and self.cell is not None:
            self._view.colour(self._labels([self.cell]), self.own.get(self.cell))

    def _draw(self) -> None:
        """Colour all outlines by the annotator's own answers."""
        there = [cell for cell in self.own if cell.recording == self._shown()]
        rows = ((self.row(cell), self.own[cell]) for cell in there)
        self._view.draw({int(row["label"]): a for row, a in rows if row is not None})

    def _take(self, study: Study | None, cells: CellsIndex) -> None:
        self.study, self._cells = study, cells
        shown = self._shown()
        if shown is not None:
            # in the colours there are now
            self.show_recording(shown)
        self.study_changed.emit()

    def _show_nothing(self) -> None:
        if self.cell is not None:
            self.go_to(None)
        self.select(())
        self._view.clear()
        if self.recording is not None:
            self.recording = self.planes = self.labels = None
            self.recording_changed.emit()
