"""Choosing cells with the mouse in the canvas of a viewer."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QPoint, QRect, Signal
from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QApplication, QRubberBand

from napari_cellid.widgets.session.study_layers import camera_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel

#: distance that the mouse may move in a click (px of the screen)
_CLICK_TOLERANCE = 4


class CellPicker(QObject):
    """Emits clicks into a viewer, and rectangles that are drawn with Shift held.

    This works whichever layer is active, unless it is being painted on or edited.

    Parameters
    ----------
    viewer
        The viewer.
    owner
        Clicks are emitted from `start` until `stop`, or until this object is deleted.
    """

    #: position in world coordinates, and whether Ctrl or Shift was held
    clicked = Signal(object, bool)
    #: two opposite corners in world coordinates, while a rectangle is drawn
    rectangle_drawn = Signal(object, object)

    def __init__(self, viewer: ViewerModel, owner: QObject) -> None:
        super().__init__(owner)
        self._callback = _Callback(viewer, self)
        owner.destroyed.connect(self._callback.stop)

    def start(self) -> None:
        """Start to emit clicks."""
        self._callback.start()

    def stop(self) -> None:
        """Stop to emit clicks."""
        self._callback.stop()

    def follow_drag(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        """Follow the mouse from a press to its release."""
        if event.button != 1 or not _can_pick(viewer) or "Alt" in event.modifiers:
            return
        start, press_point = event.position, _point(event)
        with_modifier = any(key in event.modifiers for key in ("Shift", "Control"))
        draws = "Shift" in event.modifiers
        rectangle = _RubberBand(viewer, press_point) if draws else None
        moved = False
        yield
        # napari goes on with the generator at each event until the button is released
        while event.type == "mouse_move":
            moved = moved or _is_drag(press_point, _point(event))
            if moved and rectangle is not None:
                rectangle.draw(_point(event))
                self.rectangle_drawn.emit(start, event.position)
            yield
        if rectangle is not None:
            rectangle.end()
        if not moved:
            self.clicked.emit(start, with_modifier)


class _Callback:
    """The mouse callback of napari, which may outlive the Qt object."""

    def __init__(self, viewer: ViewerModel, picker: CellPicker) -> None:
        self._viewer = weakref.ref(viewer)
        self._picker = picker

    def start(self) -> None:
        viewer = self._viewer()
        if viewer is not None and self not in viewer.mouse_drag_callbacks:
            viewer.mouse_drag_callbacks.append(self)

    def stop(self, _: object = None) -> None:
        viewer = self._viewer()
        if viewer is not None and self in viewer.mouse_drag_callbacks:
            viewer.mouse_drag_callbacks.remove(self)

    def __call__(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        return self._picker.follow_drag(viewer, event)


class _RubberBand:
    """A rectangle that is drawn over the canvas, which meanwhile does not pan."""

    def __init__(self, viewer: ViewerModel, start: QPoint) -> None:
        self._camera = camera_of(viewer)
        self._start = start
        self._mouse_pan = self._camera.mouse_pan
        self._camera.mouse_pan = False
        # the widget under the mouse
        canvas = QApplication.widgetAt(QCursor.pos())
        self._band = QRubberBand(QRubberBand.Shape.Rectangle, canvas)

    def draw(self, corner: QPoint) -> None:
        # without a parent it would be a window of its own
        if self._band.parentWidget() is not None:
            self._band.setGeometry(QRect(self._start, corner).normalized())
            self._band.show()

    def end(self) -> None:
        self._camera.mouse_pan = self._mouse_pan
        self._band.hide()
        self._band.deleteLater()


def _point(event: Any) -> QPoint:
    x, y = event.pos
    return QPoint(int(x), int(y))


def _is_drag(start: QPoint, end: QPoint) -> bool:
    return bool((end - start).manhattanLength() > _CLICK_TOLERANCE)


def _can_pick(viewer: ViewerModel) -> bool:
    """Whether a click does not edit the active layer, and the view is 2D."""
    active = viewer.layers.selection.active
    not_editing = active is None or getattr(active, "mode", "pan_zoom") == "pan_zoom"
    return bool(not_editing and viewer.dims.ndisplay == 2)
