"""The line below each dock: its page of the documentation, and its shortcuts."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QHBoxLayout, QToolButton, QWidget

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.help_pages import PAGES, docs_folder, help_address
from napari_cellid.widgets._shared.help_window import HelpWindow
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets._shared.shortcut_overlay import shortcut_overlay

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtGui import QHideEvent, QShowEvent

    from napari_cellid.widgets._shared.shortcut_overlay import ShortcutOverlay


class HelpLine(QWidget):
    """Opens the page about a dock, and the list of shortcuts.

    Parameters
    ----------
    viewer
        The viewer of the dock.
    dock
        One of `help_pages.PAGES`.
    """

    def __init__(self, viewer: ViewerModel, dock: str) -> None:
        super().__init__()
        self._viewer = weakref.ref(getattr(viewer, "__wrapped__", viewer))
        self._page = PAGES[dock]
        self._overlay: ShortcutOverlay | None = None
        self.help = _flat_button("Help", "How this dock is used: its page of the help.")
        self.help.clicked.connect(self.open_page)
        self.shortcuts = _flat_button(
            "Shortcuts  ?", "The keys that do something now, here and in the image."
        )
        self.shortcuts.clicked.connect(self.show_shortcuts)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 0, 6, 2)
        row.addStretch(1)
        row.addWidget(self.shortcuts)
        row.addWidget(self.help)

    def open_page(self) -> None:
        """Open the page about the dock, on the site or as it came with the program."""
        address = help_address(self._page)
        if address.startswith("http"):
            QDesktopServices.openUrl(QUrl(address))
            return
        with input_errors_shown():
            self._window().show_page(address)

    def show_shortcuts(self) -> None:
        """Show the shortcuts that hold now, or close their list."""
        if self._overlay is not None:
            self._overlay.toggle()

    def showEvent(self, event: QShowEvent) -> None:
        """Listen to the key ?."""
        super().showEvent(event)
        viewer = self._viewer()
        if viewer is not None and self._overlay is None:
            self._overlay = shortcut_overlay(viewer, self)
        if self._overlay is not None:
            self._overlay.set_needed(self, True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave the key to napari when no dock is open."""
        if self._overlay is not None:
            self._overlay.set_needed(self, False)
        super().hideEvent(event)

    def _window(self) -> HelpWindow:
        """A window with the help; the one that is open, if there is one."""
        folder = docs_folder()
        if folder is None:
            raise InputError(
                "The documentation did not come with this installation; install "
                "napari-cellid again, or read docs/ of its source."
            )
        parent = self.window()
        opened = parent.findChild(HelpWindow)
        window = HelpWindow(folder, parent) if opened is None else opened
        window.show()
        window.raise_()
        return window


def _flat_button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(f"<qt>{tip}</qt>")
    button.setAutoRaise(True)
    # the focus stays where the keys are read, such as in the image
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
