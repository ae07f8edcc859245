"""Cells that people add to the open study, here or in other windows, are taken over."""

from __future__ import annotations

import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from qtpy.QtCore import Signal

from napari_cellid.errors import InputError
from napari_cellid.files import file_state
from napari_cellid.io.results import CELLS
from napari_cellid.widgets.session.annotating import AnnotatingSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_cellid.study.cells_index import CellsIndex
    from napari_cellid.study.study import Study

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
            If it was outlined again or replaced, or cannot be read.
        """
        state = self._state(name)
        recording = self._require_study().recording(name)
        changed = self._cells.follow(recording)
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

    def _draw_again(self) -> None:
        """Show the outlines of the shown recording as they are on the disk."""
        if self.recording is None or self.labels is None:
            return
        labels = self.recording.labels()
        if labels.shape != self.labels.shape:
            raise InputError(
                f"The recording {self.recording.name!r} was replaced after this study "
                "was opened; open the study again."
            )
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

    def _set_cells(self, study: Study, cells: CellsIndex) -> None:
        self._see_all(study)
        super()._set_cells(study, cells)

    def _see_all(self, study: Study | None) -> None:
        names = () if study is None else study.recordings
        folders = {name: study.recording(name).folder for name in names if study}
        self._seen = {name: file_state(f / CELLS) for name, f in folders.items()}
