"""Cells chosen with the mouse in the viewer while somebody annotates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.session.cell_picking import CellPicker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from qtpy.QtCore import QObject

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.widgets.session.session import StudySession


class MouseSelection(CellPicker):
    """A click shows a cell; Ctrl, Shift and a rectangle select several cells.

    Parameters
    ----------
    viewer
        Its canvas gets the clicks.
    session
        Shows and selects the cells.
    owner
        The selection ends when it is deleted.
    """

    def __init__(
        self, viewer: ViewerModel, session: StudySession, owner: QObject
    ) -> None:
        super().__init__(viewer, owner)
        self._session = session
        self.clicked.connect(self._on_click)
        self.rectangle_drawn.connect(self._on_rectangle)

    def _on_click(self, position: Sequence[float], add: bool) -> None:
        session = self._session
        if session.add_mode is not None:
            return
        with input_errors_shown():
            cell = session.cell_at(position)
            if cell is None or session.journal is None:
                session.select(())
            elif add:
                # a second click on the same cell deselects it
                session.select(_toggled(session.selected, cell))
            else:
                session.go_to(cell, centre=False)

    def _on_rectangle(self, start: Sequence[float], end: Sequence[float]) -> None:
        session = self._session
        if session.journal is not None and session.add_mode is None:
            self._session.select(self._session.cells_within(start, end))


def _toggled(cells: Sequence[CellKey], cell: CellKey) -> list[CellKey]:
    if cell in cells:
        return [selected for selected in cells if selected != cell]
    return [*cells, cell]
