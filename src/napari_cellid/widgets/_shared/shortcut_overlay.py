"""The list of shortcuts that hold now, over the image; the key ? shows it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QPoint, QRect, QSize, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QApplication,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QMainWindow,
    QScrollArea,
    QShortcut,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.widgets._shared.key_filter import OWN_KEYS_PROPERTY
from napari_cellid.widgets._shared.layouts import plain_label
from napari_cellid.widgets._shared.napari_shortcuts import napari_groups
from napari_cellid.widgets._shared.parents import nearest
from napari_cellid.widgets._shared.shortcut_list import shortcut_groups, without

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from qtpy.QtGui import QFocusEvent, QKeyEvent, QMouseEvent

    from napari_cellid.widgets._shared.shortcut_list import ShortcutGroup

#: the sign is typed with Shift on most keyboards, and Qt may or may not report that
_KEYS = ("?", "Shift+?")
_CLOSING_KEYS = (Qt.Key.Key_Escape, Qt.Key.Key_Question)
_FOOT = "Esc or ? closes this list."
_MARGIN = 12
#: width of a scroll bar and its frame (px)
_BAR = 24
_KEY_STYLE = "border: 1px solid gray; border-radius: 3px; padding: 1px 5px;"


class ShortcutOverlay(QFrame):
    """Shows the shortcuts of the docks in front, and those of napari beside them.

    Parameters
    ----------
    viewer
        The viewer of the window.
    window
        The window of napari; the list lies over its image, and over more of the window
        where the image is too small.
    """

    def __init__(self, viewer: ViewerModel, window: QMainWindow) -> None:
        super().__init__(window)
        self._viewer = weakref.ref(viewer)
        self._users: set[int] = set()
        self._focus_before: QWidget | None = None
        self._scroll = QScrollArea()
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(plain_label(_FOOT), 0, Qt.AlignmentFlag.AlignRight)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        # over a dock of the same colour, too, it is seen where the list ends
        self.setObjectName("shortcut_overlay")
        self.setStyleSheet("#shortcut_overlay { border: 1px solid gray; }")
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # otherwise Esc would end what the docks do, and letters would answer
        self.setProperty(OWN_KEYS_PROPERTY, True)
        window.installEventFilter(self)
        # a shortcut of Qt: a field into which somebody types gets the sign itself
        self._shortcuts = [QShortcut(QKeySequence(key), window) for key in _KEYS]
        for shortcut in self._shortcuts:
            shortcut.setEnabled(False)
            shortcut.activated.connect(self.toggle)
            # on a keyboard where both are the same key
            shortcut.activatedAmbiguously.connect(self.toggle)
        self.hide()

    @property
    def groups(self) -> list[ShortcutGroup]:
        """The shortcuts that hold now, each with one meaning."""
        ours = shortcut_groups(self.parentWidget())
        viewer = self._viewer()
        if viewer is None:
            return ours
        taken = {
            key for group in ours for keys, _ in group.lines
            for key in keys.split(" or ")
        }  # fmt: skip
        every = [*ours, *(without(group, taken) for group in napari_groups(viewer))]
        return [group for group in every if group.lines]

    def set_needed(self, user: QWidget, needed: bool) -> None:
        """Listen to the key as long as one of the docks is visible."""
        (self._users.add if needed else self._users.discard)(id(user))
        for shortcut in self._shortcuts:
            shortcut.setEnabled(bool(self._users))
        if not self._users:
            self.hide()

    def toggle(self) -> None:
        """Show the list, or close it."""
        if self.isVisible():
            self.close_list()
        else:
            self._focus_before = QApplication.focusWidget()
            self._fill()
            self._place()
            self.show()
            self.raise_()
            self.setFocus()

    def close_list(self) -> None:
        """Close the list, and give the focus back to what had it."""
        before, self._focus_before = self._focus_before, None
        self.hide()
        if before is not None and isalive(before):
            before.setFocus()

    def event(self, event: QEvent) -> bool:
        """Keep the keys that close the list from napari."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and event.key() in _CLOSING_KEYS:
            event.accept()
            return True
        return bool(super().event(event))

    def eventFilter(self, watched: QWidget, event: QEvent) -> bool:
        """Stay in the middle of the image."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close the list by Esc or ?, and leave no key to the image below."""
        if event.key() in _CLOSING_KEYS:
            self.close_list()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Close the list by a click on it."""
        self.close_list()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Close the list when somebody goes on elsewhere."""
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.ActiveWindowFocusReason:
            self.hide()

    def _fill(self) -> None:
        """List the shortcuts, in two columns where the image is wide enough."""
        groups, room = self.groups, self._image()
        self._scroll.setWidget(_page(groups, 2))
        if self._outer_width() > room.width():
            self._scroll.setWidget(_page(groups, 1))

    def _outer_width(self) -> int:
        """Width (px) of the list with its margins, a scroll bar beside it."""
        page, margins = self._scroll.widget(), self.layout().contentsMargins()
        # the styles of napari make the texts larger
        for part in page.findChildren(QWidget):
            part.ensurePolished()
        page.layout().invalidate()
        width = page.sizeHint().width()
        return int(width + margins.left() + margins.right() + _BAR)

    def _place(self) -> None:
        """As large as the list, where there is room for it."""
        # measured first, with the styles that the height depends on, too
        width = self._outer_width()
        inner = self._scroll.widget().sizeHint()
        margins = self.layout().contentsMargins()
        foot = self.layout().itemAt(1).sizeHint().height() + self.layout().spacing()
        height = inner.height() + margins.top() + margins.bottom() + foot + 8
        room = self._image()
        if width > room.width():
            whole = self.parentWidget().rect()
            room = QRect(whole.left(), room.top(), whole.width(), room.height())
        size = QSize(min(width, room.width()), min(height, room.height()))
        place = QRect(QPoint(), size)
        place.moveCenter(room.center())
        self.setGeometry(place)

    def _image(self) -> QRect:
        """The part of the window that shows the image, less a margin."""
        window = self.parentWidget()
        canvas = window.centralWidget()
        if canvas is None:
            return window.rect()
        place = QRect(canvas.mapTo(window, QPoint()), canvas.size())
        return place.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)


def shortcut_overlay(viewer: ViewerModel, widget: QWidget) -> ShortcutOverlay | None:
    """The list of the window in which a dock is; None without such a window."""
    window = nearest(widget, QMainWindow)
    if window is None:
        return None
    found = window.findChild(ShortcutOverlay)
    return ShortcutOverlay(viewer, window) if found is None else found


def _page(groups: Sequence[ShortcutGroup], n_columns: int) -> QWidget:
    """Groups one below the other, in columns of about the same height."""
    page = QWidget()
    row = QHBoxLayout(page)
    row.setSpacing(24)
    columns = [QVBoxLayout() for _ in range(n_columns)]
    # a title and a space are as high as two lines
    heights = [len(group.lines) + 2 for group in groups]
    above = 0
    for group, height in zip(groups, heights, strict=True):
        share = (above + height / 2) / sum(heights)
        column = columns[min(int(share * n_columns), n_columns - 1)]
        above += height
        title = plain_label(group.title)
        title.setStyleSheet("font-weight: bold;")
        column.addWidget(title)
        column.addLayout(_lines(group))
        column.addSpacing(10)
    for column in columns:
        column.addStretch(1)
        row.addLayout(column)
    return page


def _lines(group: ShortcutGroup) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(10)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    for k, (keys, meaning) in enumerate(group.lines):
        cap = plain_label(keys)
        cap.setStyleSheet(_KEY_STYLE)
        grid.addWidget(cap, k, 0, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(plain_label(meaning), k, 1)
    return grid
