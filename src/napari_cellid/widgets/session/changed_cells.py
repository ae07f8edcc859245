"""Recordings and cells that another window or computer has changed are shown.

With the table of the new cells, the outlines of before would name other cells, and
answers would go to these.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal

from napari_cellid.errors import InputError
from napari_cellid.study.answers import StudyAnswers
from napari_cellid.study.cells_index import (
    CellsIndex,
    place_of,
    read_current_recording,
)
from napari_cellid.study.layout import recording_folders, recording_state
from napari_cellid.study.recordings import RECORDINGS
from napari_cellid.widgets._shared.notifications import show_info
from napari_cellid.widgets.session.annotating import AnnotatingSession

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study

    Shown = tuple[StudyRecording, MeanPlanes, NDArray[Any]]
    #: folders of recordings; of those that cannot be read, with their files
    Folders = tuple[tuple[str, Hashable], ...]


class ChangedCellsSession(AnnotatingSession):
    """Takes over recordings, cells and outlines of now; see `StudySession`."""

    #: the outlines of the shown recording were read and drawn again
    outlines_drawn = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        # files of recordings, and folders, as they were taken over
        self._seen: dict[str, Hashable] = {}
        self._seen_folders: Folders = ()

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
            text = _gone_text(self.title_of(gone), study.path / RECORDINGS / gone)
            self._clear_view()
            show_info(text)
        answers_changed, self._answers = answers is not self._answers, answers
        self.study, self._cells = study, cells
        self._see_all(study, cells)
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
            cell, repeat = self.cell, self._is_repeat
            self._show_read(recording, planes, labels)
            if cell is not None and self.row(cell) is not None:
                self.go_to(cell, repeat=repeat)
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
        if self.cell is None or row is None:
            return
        if place_of(row) == place_of(before.row(self.cell) or {}):
            return
        if not self._view.aside:
            self._view.mark_cell(row, centre=False)
        self.cell_changed.emit(self.cell)

    def _read_labels(self) -> NDArray[Any] | None:
        """The labels of the shown recording as they are on the disk."""
        if self.recording is None or self.labels is None:
            return None
        labels = self.recording.labels()
        if labels.shape != self.labels.shape:
            raise InputError(
                f"The recording {self.title_of(self.recording.name)!r} was replaced "
                "after this study was opened; open the study again."
            )
        return labels

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

    def _see_all(self, study: Study | None, cells: CellsIndex) -> None:
        self._seen = dict(cells.states)
        if study is not None:
            # one that cannot be read now is looked at again
            with suppress(InputError):
                self._seen_folders = folder_states(study)


def folder_states(study: Study) -> Folders:
    """Folders of recordings; one that cannot be read comes in when its files change."""
    parent = study.path / RECORDINGS
    return tuple(
        (name, None if name in study.recordings else recording_state(parent / name))
        for name in recording_folders(study.path)
    )


def _gone_text(title: str, folder: Path) -> str:
    if folder.is_dir():
        return (
            f"The recording {title} cannot be read any more; it comes back when its "
            "files are in order."
        )
    return (
        f"The recording {title} was taken out of the study in another window or on "
        "another computer."
    )
