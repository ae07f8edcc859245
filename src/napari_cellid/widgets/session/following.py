"""Cells that people add to the open study, here or in other windows, are taken over.

So are outlines that another window or computer has changed: with the table of the new
cells, the outlines of before would name other cells, and answers would go to these.
"""

from __future__ import annotations

import weakref
from abc import abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from qtpy.QtCore import Signal

from napari_cellid.errors import InputError
from napari_cellid.files import file_state
from napari_cellid.io.results import CELLS
from napari_cellid.study.answers import StudyAnswers
from napari_cellid.study.cells_index import (
    CellsIndex,
    OutlinedAgainError,
    read_current_recording,
)
from napari_cellid.study.layout import recording_folders
from napari_cellid.widgets._shared.notifications import show_info
from napari_cellid.widgets.session.annotating import AnnotatingSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study

    Shown = tuple[StudyRecording, MeanPlanes, NDArray[Any]]

#: recordings that are looked at each time, beside the one that is shown
_LOOKS = 20


class Mode(Protocol):
    """A mode of the mouse."""

    def stop(self) -> None:
        """End it."""


class FollowingSession(AnnotatingSession):
    """Looks for added and removed cells from time to time; see `StudySession`."""

    #: the outlines of the shown recording were read and drawn again
    outlines_drawn = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        # weak, because a session outlives its docks
        self._add_mode: weakref.ref[Mode] | None = None
        self._seen: dict[str, tuple[int, int, int] | None] = {}
        self._n_looks = 0
        # folders of recordings as they were taken over, and at the last look
        self._seen_folders: tuple[str, ...] = ()
        self._last_folders: tuple[str, ...] = ()
        self._watch.timeout.connect(self.look_for_recordings)
        self._watch.timeout.connect(self.look_for_cells)

    @property
    def add_mode(self) -> Mode | None:
        """The mode in which clicks add cells, while one is on in this viewer."""
        return None if self._add_mode is None else self._add_mode()

    def set_add_mode(self, mode: Mode | None) -> None:
        """Note that a mode is on, or none any more."""
        self._add_mode = None if mode is None else weakref.ref(mode)

    def look_for_cells(self) -> None:
        """Take over cells that others have added, if the files can be read now."""
        names = [] if self.study is None else list(self.study.recordings)
        start = self._n_looks % max(len(names), 1)
        some = (names[start:] + names[:start])[:_LOOKS]
        self._n_looks += _LOOKS
        for name in dict.fromkeys([self._shown_name(), *some]):
            # every few seconds: the same error must not be shown each time
            with suppress(InputError):
                if name is not None and self._state(name) != self._seen.get(name):
                    self.follow_cells(name)

    def look_for_recordings(self) -> None:
        """Take over recordings that others have added or taken out."""
        if self.study is None:
            return
        # every few seconds: the same error must not be shown each time
        with suppress(InputError):
            before, now = self._last_folders, recording_folders(self.study.path)
            self._last_folders = now
            # a folder that is being replaced is missing for a moment
            if now == before and now != self._seen_folders:
                self.read_again()

    def follow_cells(self, name: str, *, draw: bool = False) -> None:
        """Take over the cells that a recording has now.

        Parameters
        ----------
        name
            Name of the recording.
        draw
            Whether its outlines are drawn again in any case.

        Raises
        ------
        InputError
            If it cannot be read.
        """
        state = self._state(name)
        recording = self._require_study().recording(name)
        try:
            changed = self._cells.follow(recording)
        except OutlinedAgainError:
            # its images, size and animal can be others, too
            self.read_again()
            return
        if changed and self._answers is not None:
            self._answers.follow_cells()
        if self._shown_name() == name and (changed or draw):
            self._draw_again()
        # last, so that what failed is tried again
        self._seen[name] = state
        if changed:
            self._forget_gone_cells()
            self.cells_changed.emit()

    def show_recording(self, name: str) -> None:
        """Show a recording of the study in the viewer, with the cells of now."""
        self.follow_cells(name)
        super().show_recording(name)

    def place_at(self, position: Sequence[float]) -> tuple[float, float, float] | None:
        """(plane, y, x) in px at a position in world coordinates; None if none is."""
        return self._view.place_at(position)

    def draw_new(self, pixels: tuple[NDArray[Any], ...]) -> None:
        """Draw the outline of a cell that is not saved yet."""
        self._view.draw_new(pixels)

    def result_probability(self) -> NDArray[np.float32] | None:
        """The probability map of a result of Identify of the recording, if shown."""
        return None if self.planes is None else self._view.probability(self.planes)

    @abstractmethod
    def read_again(self) -> None:
        """Open the study again, and take over what is another now."""

    def _take_recordings(self, study: Study, cells: CellsIndex | None = None) -> None:
        """Take the open study with other recordings, cells or descriptions of them.

        Parameters
        ----------
        study
            The study as it is now.
        cells
            Its cells, if they were read before.
        """
        # first all that can fail, so that no recording has the answers of another time
        cells, before = cells or CellsIndex(study), self._cells
        shown = self._changed_shown(study, cells)
        answers = self._matched_answers(study, cells)
        gone = self._shown_name()
        if gone is not None and gone not in study.recordings:
            title = self.title_of(gone)
            self._clear_view()
            show_info(
                f"The recording {title} was taken out of the study in another window "
                "or on another computer."
            )
        answers_changed, self._answers = answers is not self._answers, answers
        self.study, self._cells = study, cells
        self._see_all(study)
        if shown is not None:
            self._show_changed(*shown, before)
        self._forget_gone_cells()
        self._set_titles(study)
        if answers_changed:
            self._colour_outlines()
            self.votes_changed.emit()

    def _changed_shown(self, study: Study, cells: CellsIndex) -> Shown | None:
        """The shown recording, read again if its cells are others now."""
        name = self._shown_name()
        if name not in study.recordings or name is None:
            return None
        same = cells.has_same_places(self._cells, name)
        return None if same else read_current_recording(study, name, cells.table)

    def _matched_answers(self, study: Study, cells: CellsIndex) -> StudyAnswers | None:
        """The answers, if they were read, matched to the cells of now."""
        if self._answers is None or self.study is None:
            return self._answers
        sizes, before = (
            {name: info.pixel_size_um for name, info in one.recording_infos().items()}
            for one in (study, self.study)
        )
        if sizes == before and cells.has_same_places(self._cells):
            self._answers.set_study(study)
            return self._answers
        return StudyAnswers(study)

    def _show_changed(
        self,
        recording: StudyRecording,
        planes: MeanPlanes,
        labels: NDArray[Any],
        before: CellsIndex,
    ) -> None:
        """Show the shown recording with other cells, which `_cells` has already."""
        outlined_again = not self._cells.only_adds_to(before, recording.name)
        if self.planes is None or not planes.has_images_of(self.planes):
            self._show_read(recording, planes, labels)
        else:
            self._draw_labels(labels)
            self._mark_again(before)
        if outlined_again:
            show_info(
                f"The outlines of {self.title_of(recording.name)} were changed in "
                "another window or on another computer; the present ones are shown."
            )

    def _mark_again(self, before: CellsIndex) -> None:
        """Show the current cell where it is now, if it is somewhere else."""
        row = None if self.cell is None else self.row(self.cell)
        if self.cell is None or row is None or row == before.row(self.cell):
            return
        if not self._view.aside:
            self._view.mark_cell(row, centre=False)
        self.cell_changed.emit(self.cell)

    def _draw_again(self) -> None:
        """Show the outlines of the shown recording as they are on the disk."""
        if self.recording is None or self.labels is None:
            return
        labels = self.recording.labels()
        if labels.shape != self.labels.shape:
            raise InputError(
                f"The recording {self.title_of(self.recording.name)!r} was replaced "
                "after this study was opened; open the study again."
            )
        self._draw_labels(labels)

    def _draw_labels(self, labels: NDArray[Any]) -> None:
        """Show other outlines of the images that are shown."""
        if self.labels is None:
            return
        # in place: views and patches have this array
        self.labels[:] = labels
        self._view.set_labels(self.labels, self._answers_by_label())
        self._view.select(self._labels(self.selected))
        if self._is_repeat and self.cell is not None:
            self._view.colour_outlines(self._labels([self.cell]), None)
        self.outlines_drawn.emit()

    def _forget_gone_cells(self) -> None:
        self.select([cell for cell in self.selected if self.row(cell) is not None])
        if self.cell is not None and self.row(self.cell) is None:
            self.go_to(None)

    def _state(self, name: str) -> tuple[int, int, int] | None:
        study = self._require_study()
        return file_state(study.recording(name).folder / CELLS)

    def _set_study(self, study: Study | None, cells: CellsIndex) -> None:
        self._see_all(study)
        super()._set_study(study, cells)

    def _see_all(self, study: Study | None) -> None:
        names = () if study is None else study.recordings
        folders = {name: study.recording(name).folder for name in names if study}
        self._seen = {name: file_state(f / CELLS) for name, f in folders.items()}
        if study is not None:
            # one that cannot be read now is looked at again
            with suppress(InputError):
                self._seen_folders = recording_folders(study.path)
