"""Connects the page with disputed cells to the session: shows and settles cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_cellid.cells.patch_image import PatchSource
from napari_cellid.widgets._shared.notifications import input_errors_shown

if TYPE_CHECKING:
    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.widgets.agreement.disputed import DisputedPanel
    from napari_cellid.widgets.session.session import StudySession


class DisputedActions(QObject):
    """Shows the current cell on the page, and stores how cells are settled.

    Parameters
    ----------
    session
        Its current cell is shown; it goes to the cells that are chosen.
    panel
        The page with the disputed cells.
    parent
        The dock; it deletes this object.
    """

    def __init__(
        self, session: StudySession, panel: DisputedPanel, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._session, self._panel = session, panel
        panel.cell_chosen.connect(self._go_to)
        panel.adjudicated.connect(self._adjudicate)
        panel.keys.undo_requested.connect(self._undo)
        panel.shown_changed.connect(self._show_patch)
        session.recording_changed.connect(self._on_recording)
        session.cell_changed.connect(self.show_cell)
        self._on_recording()

    def show_cell(self, cell: CellKey | None) -> None:
        """Show the patch and the votes of a cell if it is listed; None for no cell."""
        self._panel.set_current(cell)
        self._show_patch()

    def _show_patch(self, _: object = None) -> None:
        canvas, cell = self._panel.canvas, self._panel.shown()
        row = None
        # while another recording is being shown, the patch would be one of this one
        if cell is not None and cell == self._session.cell:
            row = self._session.row(cell)
        if row is None:
            canvas.show_patch(None, 0)
        else:
            centre = int(row["plane"]), float(row["y"]), float(row["x"])
            canvas.show_patch(centre, int(row["label"]))

    def _on_recording(self) -> None:
        planes, labels = self._session.planes, self._session.labels
        source = None if planes is None else PatchSource(planes, labels)
        self._panel.canvas.set_source(source)

    def _go_to(self, cell: CellKey) -> None:
        if cell != self._session.cell:
            with input_errors_shown():
                self._session.go_to(cell)

    def _adjudicate(self, cell: CellKey, answer: str | None) -> None:
        with input_errors_shown():
            self._session.adjudicate(cell, answer)

    def _undo(self) -> None:
        with input_errors_shown():
            self._session.undo()
