"""Whether a dock is in front: visible, and not behind the tab of another dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QPoint, QRect, Signal

from napari_cellid.widgets._shared.dock_tabs import dock_of

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget


def is_in_front(widget: QWidget) -> bool:
    """Whether a widget is not hidden behind the tab of another dock."""
    # Qt moves a dock behind a tab out of the window and calls it visible
    window = widget.window()
    rect = QRect(widget.mapTo(window, QPoint()), widget.size())
    return bool(window.rect().intersects(rect))


class DockFront(QObject):
    """Notices when a widget comes to the front, and when it does not stay there.

    Parameters
    ----------
    widget
        The widget of a dock, which need not be in one yet.
    """

    #: whether the widget is in front now
    changed = Signal(bool)

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._in_front = self._followed = False
        widget.installEventFilter(self)

    @property
    def in_front(self) -> bool:
        """Whether the widget is visible, and not behind another tab."""
        return self._in_front

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice that the widget is shown or closed."""
        kind = event.type()
        # a dock that the garbage collector deletes is hidden when this is empty already
        if kind in (QEvent.Type.Show, QEvent.Type.Hide) and vars(self):
            if kind == QEvent.Type.Show:
                self._follow_dock()
            shown = kind == QEvent.Type.Show and is_in_front(self._widget)
            self._set(shown)
        return False

    def _follow_dock(self) -> None:
        dock = dock_of(self._widget)
        if dock is not None and not self._followed:
            # behind the tab of another dock a widget gets no event
            dock.visibilityChanged.connect(self._set)
            self._followed = True

    def _set(self, in_front: bool) -> None:
        if vars(self) and in_front != self._in_front:
            self._in_front = in_front
            self.changed.emit(in_front)
