"""Missed cells are added to the recording that is annotated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.session.add_mode import AddMode
from napari_cellid.widgets.session.points_middles import add_at_points
from napari_cellid.widgets.session.study_adding import StudyAdding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from qtpy.QtWidgets import QWidget

    from napari_cellid.widgets._shared.add_cell_bar import AddCellBar
    from napari_cellid.widgets.session.session import StudySession


class CellAdding(QObject):
    """Connects the buttons, the clicks and the study.

    Parameters
    ----------
    viewer
        Its canvas gets the clicks, and its points can be middles of cells.
    session
        The session of the viewer.
    bar
        The buttons.
    dock
        The mode ends when it is closed or behind another tab.
    """

    #: Ctrl+Z while clicks add cells
    undo_requested = Signal()

    def __init__(
        self,
        viewer: ViewerModel,
        session: StudySession,
        bar: AddCellBar,
        dock: QWidget,
    ) -> None:
        super().__init__(dock)
        self._viewer, self._session, self._bar = viewer, session, bar
        self.study = StudyAdding(session, self)
        self.mode = AddMode(viewer, session, dock)
        self.mode.toggled.connect(self._on_toggled)
        self.mode.clicked.connect(self._on_click)
        self.mode.undo_requested.connect(self.undo_requested)
        self.study.status.connect(bar.show_status)
        bar.toggled.connect(self.mode.set_on)
        bar.points_requested.connect(self._add_points)

    def set_available(self, annotating: bool) -> None:
        """Say whether somebody annotates."""
        self.mode.set_available(annotating)

    def set_keys(self, enabled: bool) -> None:
        """Switch the keys of the mode with those of the dock."""
        self.mode.set_keys(enabled)

    def undo(self) -> bool:
        """Take the last added cell away; see `StudyAdding.undo`."""
        return self.study.undo()

    def _on_toggled(self, on: bool) -> None:
        self._bar.show_on(on)
        if on:
            with input_errors_shown():
                self.study.prepare()

    def _on_click(self, position: Sequence[float]) -> None:
        with input_errors_shown():
            self.study.add_at(position)

    def _add_points(self) -> None:
        with input_errors_shown():
            planes = self._session.planes
            if planes is None:
                raise InputError("No recording of a study is shown; show one first.")
            add_at_points(self._viewer, self._place_at, planes.shape[0], self.study.add)

    def _place_at(self, position: Sequence[float]) -> tuple[float, float, float]:
        place = self._session.place_at(position)
        if place is None:
            raise InputError("No recording of a study is shown; show one first.")
        return place
