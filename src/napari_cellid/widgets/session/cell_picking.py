"""Cells chosen with the mouse in the image."""

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

#: the mouse may move so far (px of the screen) in a click
_STILL_PX = 4


class Picking(QObject):
    """Tells what is clicked, or drawn a frame round, in a viewer.

    Works whichever layer is active, as long as it is not being painted on or edited.

    Parameters
    ----------
    viewer
        The viewer.
    owner
        Listened to are clicks between its `start` and its `stop`, or its end.
    """

    #: place in the world, and whether Ctrl or Shift was held
    clicked = Signal(object, bool)
    #: two opposite corners of a frame, while it is drawn
    framed = Signal(object, object)

    def __init__(self, viewer: ViewerModel, owner: QObject) -> None:
        super().__init__(owner)
        self._callback = _Callback(viewer, self)
        owner.destroyed.connect(self._callback.stop)

    def start(self) -> None:
        """Listen."""
        self._callback.start()

    def stop(self) -> None:
        """Listen no longer."""
        self._callback.stop()

    def follow(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        """Follow the mouse from a press to its release."""
        if event.button != 1 or not _is_free(viewer) or "Alt" in event.modifiers:
            return
        start, pressed = event.position, _point(event)
        held = any(key in event.modifiers for key in ("Shift", "Control"))
        frame = _Frame(viewer, pressed) if "Shift" in event.modifiers else None
        moved = False
        yield
        while event.type == "mouse_move":
            moved = moved or _far(pressed, _point(event))
            if moved and frame is not None:
                frame.draw(_point(event))
                self.framed.emit(start, event.position)
            yield
        if frame is not None:
            frame.end()
        if not moved:
            self.clicked.emit(start, held)


class _Callback:
    """What napari calls; taken back in time, for it may outlive the Qt object."""

    def __init__(self, viewer: ViewerModel, picking: Picking) -> None:
        self._viewer = weakref.ref(viewer)
        self._picking = picking

    def start(self) -> None:
        viewer = self._viewer()
        if viewer is not None and self not in viewer.mouse_drag_callbacks:
            viewer.mouse_drag_callbacks.append(self)

    def stop(self, _: object = None) -> None:
        viewer = self._viewer()
        if viewer is not None and self in viewer.mouse_drag_callbacks:
            viewer.mouse_drag_callbacks.remove(self)

    def __call__(self, viewer: ViewerModel, event: Any) -> Iterator[None]:
        return self._picking.follow(viewer, event)


class _Frame:
    """A frame that is drawn over the canvas, which meanwhile does not move."""

    def __init__(self, viewer: ViewerModel, start: QPoint) -> None:
        self._camera = camera_of(viewer)
        self._start = start
        self._moves = self._camera.mouse_pan
        self._camera.mouse_pan = False
        # what the mouse was pressed on
        canvas = QApplication.widgetAt(QCursor.pos())
        self._band = QRubberBand(QRubberBand.Shape.Rectangle, canvas)

    def draw(self, to: QPoint) -> None:
        # without a canvas below it, it would be a window of its own
        if self._band.parentWidget() is not None:
            self._band.setGeometry(QRect(self._start, to).normalized())
            self._band.show()

    def end(self) -> None:
        self._camera.mouse_pan = self._moves
        self._band.hide()
        self._band.deleteLater()


def _point(event: Any) -> QPoint:
    x, y = event.pos
    return QPoint(int(x), int(y))


def _far(one: QPoint, other: QPoint) -> bool:
    return bool((other - one).manhattanLength() > _STILL_PX)


def _is_free(viewer: ViewerModel) -> bool:
    """Whether a click in the image means no more than a look."""
    active = viewer.layers.selection.active
    looking = active is None or getattr(active, "mode", "pan_zoom") == "pan_zoom"
    return bool(looking and viewer.dims.ndisplay == 2)
