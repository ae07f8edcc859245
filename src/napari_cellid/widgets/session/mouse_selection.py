"""Cells of a study chosen with the mouse in the viewer."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import Signal

from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets._shared.shortcut_list import ShortcutGroup
from napari_cellid.widgets.session.cell_picking import CellPicker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from qtpy.QtCore import QObject

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.widgets.session.session import StudySession

#: selections that listen to the mouse, by their session, the last one acts
_LISTENING: weakref.WeakKeyDictionary[
    StudySession, list[weakref.ref[MouseSelection]]
] = weakref.WeakKeyDictionary()

#: what the mouse does in the image, in words
_MOUSE = (
    ("Click", "go to this cell"),
    ("Ctrl+Click", "select this cell, too, or no more"),
    ("Shift+Drag", "select all cells in a rectangle"),
)


class MouseSelection(CellPicker):
    """A click shows a cell; Ctrl, Shift and a rectangle select several cells.

    Of several docks that listen in one viewer, the one that began last acts: otherwise
    each Ctrl+click would select a cell and deselect it again.

    Parameters
    ----------
    viewer
        Its canvas gets the clicks.
    session
        Shows and selects the cells.
    owner
        The selection ends when it is deleted.
    anyone
        Whether cells can be chosen while nobody annotates.
    """

    #: a click or a rectangle chose cells, for this dock
    cells_chosen = Signal()

    def __init__(
        self,
        viewer: ViewerModel,
        session: StudySession,
        owner: QObject,
        *,
        anyone: bool = False,
    ) -> None:
        super().__init__(viewer, owner)
        self._session = session
        self._anyone = anyone
        self.clicked.connect(self._on_click)
        self.rectangle_drawn.connect(self._on_rectangle)

    def start(self) -> None:
        """Start to choose cells, in place of other docks."""
        super().start()
        self.stop_listening()
        _LISTENING.setdefault(self._session, []).append(weakref.ref(self))

    def stop(self) -> None:
        """Stop to choose cells, and leave them to a dock that listens, too."""
        super().stop()
        self.stop_listening()

    def stop_listening(self) -> None:
        """Let another dock act on the clicks."""
        refs = _LISTENING.get(self._session, [])
        refs[:] = [one for one in refs if one() is not self]

    def shortcut_group(self) -> ShortcutGroup | None:
        """What the mouse does in the image; None while it chooses no cells."""
        if not self._acts or not self._available or self._session.study is None:
            return None
        return ShortcutGroup("Mouse, in the image", _MOUSE)

    @property
    def _acts(self) -> bool:
        """Whether clicks are for this dock and choose cells now."""
        session = self._session
        every = [one() for one in _LISTENING.get(session, [])]
        # docks that were deleted while they listened
        alive = [one for one in every if one is not None and isalive(one)]
        return bool(alive) and alive[-1] is self and session.add_mode is None

    @property
    def _available(self) -> bool:
        return self._anyone or self._session.journal is not None

    def _on_click(self, position: Sequence[float], add: bool) -> None:
        session = self._session
        if not self._acts:
            return
        with input_errors_shown():
            cell = session.cell_at(position)
            if cell is None or not self._available:
                session.select(())
                return
            if add:
                # a second click on the same cell deselects it
                session.select(_toggled(session.selected, cell))
            else:
                session.go_to(cell, centre=False)
            self.cells_chosen.emit()

    def _on_rectangle(self, start: Sequence[float], end: Sequence[float]) -> None:
        if self._acts and self._available:
            self._session.select(self._session.cells_within(start, end))
            self.cells_chosen.emit()


def _toggled(cells: Sequence[CellKey], cell: CellKey) -> list[CellKey]:
    if cell in cells:
        return [selected for selected in cells if selected != cell]
    return [*cells, cell]
