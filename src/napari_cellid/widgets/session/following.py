"""Cells that people add to the open study, here or in other windows, are taken over."""

from __future__ import annotations

import weakref
from abc import abstractmethod
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from napari_cellid.errors import InputError
from napari_cellid.files import file_state
from napari_cellid.study.cells_index import OutlinedAgainError
from napari_cellid.study.layout import recording_state
from napari_cellid.study.settings import STUDY_FILE
from napari_cellid.widgets.session.changed_cells import (
    ChangedCellsSession,
    folder_states,
)
from napari_cellid.widgets.session.look_tries import LookTries

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy as np
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_cellid.study.cells_index import CellsIndex
    from napari_cellid.study.study import Study
    from napari_cellid.widgets.session.changed_cells import Folders

#: recordings that are looked at each time, beside the one that is shown
_LOOKS = 20


class Mode(Protocol):
    """A mode of the mouse."""

    def stop(self) -> None:
        """End it."""


class FollowingSession(ChangedCellsSession):
    """Looks for added and removed cells from time to time; see `StudySession`."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        # weak, because a session outlives its docks
        self._add_mode: weakref.ref[Mode] | None = None
        self._tries = LookTries()
        self._n_looks = 0
        self._last_folders: Folders = ()
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
            # one that was just taken out
            with suppress(InputError):
                if name is not None and self._state(name) != self._seen.get(name):
                    files = self._state(name), self._settings_state()
                    take_over = partial(self.follow_cells, name)
                    self._tries.run(name, (name, files), take_over)

    def look_for_recordings(self) -> None:
        """Take over recordings that others have added or taken out."""
        if self.study is None:
            return
        # every few seconds: the same error must not be shown each time
        with suppress(InputError):
            before, now = self._last_folders, folder_states(self.study)
            self._last_folders = now
            # a folder that is being replaced is missing for a moment
            if now == before and now != self._seen_folders:
                files = now, self._settings_state()
                self._tries.run("", files, self.read_again)

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
            table = self._cells.changed_table(recording)
        except OutlinedAgainError:
            # its images, size and animal can be others, too
            self.read_again()
            return
        # outlines can arrive after the table
        changed = table is not None or state != self._seen.get(name)
        drawn = self._shown_name() == name and (changed or draw)
        # first all that can fail, so that what failed is tried again
        labels = self._read_labels() if drawn else None
        if table is not None:
            if self._answers is not None:
                self._answers.follow_cells()
            self._cells.take(table)
        if labels is not None:
            self._draw_labels(labels)
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

    def _state(self, name: str) -> Hashable:
        return recording_state(self._require_study().recording(name).folder)

    def _settings_state(self) -> Hashable:
        """A take-over that failed of `study.toml` is tried again after it changed."""
        return file_state(self._require_study().path / STUDY_FILE)

    def _set_study(self, study: Study | None, cells: CellsIndex) -> None:
        self._tries = LookTries()
        self._see_all(study, cells)
        super()._set_study(study, cells)
