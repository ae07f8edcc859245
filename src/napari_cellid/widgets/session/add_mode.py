"""The mode of a viewer in which a click adds a cell."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt, Signal

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.connections import Connections
from napari_cellid.widgets._shared.dock_front import DockFront
from napari_cellid.widgets._shared.key_filter import CONTROL, NO_MODIFIER, Shortcuts
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.session.cell_picking import CellPicker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from qtpy.QtWidgets import QWidget

    from napari_cellid.widgets.session.session import StudySession

#: shape of the mouse over the image while the mode is on
_CURSOR = "cross"
#: what Insert does, by whether the mode is on
_MEANINGS = {False: "add missed cells with clicks", True: "add no more cells"}


class AddMode(QObject):
    """Emits clicks into a viewer at which cells are to be added.

    Insert switches it on and off, Esc off. Of several docks in a viewer one at most is
    in this mode, and clicks then choose no cells.

    Parameters
    ----------
    viewer
        Its canvas gets the clicks.
    session
        The session of the viewer.
    owner
        The dock; the mode ends when it is closed or behind another tab.
    """

    #: whether the mode is on
    toggled = Signal(bool)
    #: position of a click in world coordinates
    clicked = Signal(object)
    #: Ctrl+Z while the mode is on
    undo_requested = Signal()

    def __init__(
        self, viewer: ViewerModel, session: StudySession, owner: QWidget
    ) -> None:
        super().__init__(owner)
        self._viewer = weakref.ref(viewer)
        self._session = session
        self._picker = CellPicker(viewer, owner)
        self._picker.clicked.connect(self._on_click)
        self._shortcuts = Shortcuts(owner)
        self._connections = Connections(self)
        self._available = False
        self._front = DockFront(owner)
        self._front.changed.connect(self._on_front)
        self._set_keys()

    @property
    def on(self) -> bool:
        """Whether clicks add cells now."""
        return self._session.add_mode is self

    def set_available(self, available: bool) -> None:
        """Say whether there is something to which cells can be added."""
        self._available = available
        if not available:
            self.stop()
        self._shortcuts.set_enabled(available)

    def set_keys(self, enabled: bool) -> None:
        """Leave the keys to napari, or take them again; the button works anyhow."""
        self._shortcuts.set_enabled(enabled and self._available)

    def set_on(self, on: bool) -> None:
        """Switch the mode on or off."""
        if on:
            with input_errors_shown():
                self.start()
            # a button that was pressed in vain
            self.toggled.emit(self.on)
        else:
            self.stop()

    def start(self) -> None:
        """Switch the mode on, and that of another dock off.

        Raises
        ------
        InputError
            If there is nothing to add cells to, or the view is 3D.
        """
        viewer = self._viewer()
        if viewer is None or self.on:
            return
        if not self._available:
            raise InputError(
                "There are no outlines to which a cell could be added; identify the "
                "cells of a recording, or open a study, first."
            )
        if viewer.dims.ndisplay != 2:
            raise InputError(
                "In the 3D view no place can be clicked; switch to the 2D view first."
            )
        if self._session.add_mode is not None:
            self._session.add_mode.stop()
        self._session.set_add_mode(self)
        self._leave_editing(viewer)
        self._picker.start()
        # napari gives the canvas the cursor of each layer that becomes active
        self._connections.connect(
            viewer.layers.selection.events.active, self._show_cursor
        )
        self._show_cursor()
        self._set_keys()
        self.toggled.emit(True)

    def stop(self) -> None:
        """Switch the mode off."""
        if not self.on:
            return
        self._session.set_add_mode(None)
        self._picker.stop()
        self._connections.disconnect_all()
        viewer = self._viewer()
        if viewer is not None:
            active = viewer.layers.selection.active
            viewer.cursor.style = "standard" if active is None else active.cursor
        self._set_keys()
        self.toggled.emit(False)

    def _toggle(self) -> None:
        self.set_on(not self.on)

    def _on_front(self, in_front: bool) -> None:
        """End the mode when its dock is closed, or behind the tab of another one."""
        # a dock that the garbage collector deletes is hidden when this is empty already
        if not in_front and vars(self):
            self.stop()

    def _on_click(self, position: Sequence[float], _: bool) -> None:
        self.clicked.emit(position)

    def _show_cursor(self, _: object = None) -> None:
        """Show that clicks add cells."""
        viewer = self._viewer()
        if viewer is not None:
            viewer.cursor.style = _CURSOR

    def _leave_editing(self, viewer: ViewerModel) -> None:
        """Stop painting, or clicks would paint and add no cells."""
        active = viewer.layers.selection.active
        if getattr(active, "mode", "pan_zoom") != "pan_zoom":
            active.mode = "pan_zoom"

    def _set_keys(self) -> None:
        insert = (Qt.Key.Key_Insert, NO_MODIFIER)
        actions = {insert: self._toggle}
        meanings = {insert: _MEANINGS[self.on]}
        if self.on:
            escape, undo = (Qt.Key.Key_Escape, NO_MODIFIER), (Qt.Key.Key_Z, CONTROL)
            actions |= {escape: self.stop, undo: self.undo_requested.emit}
            meanings |= {escape: _MEANINGS[True], undo: "take the last cell away"}
        self._shortcuts.set_actions(actions, meanings)
