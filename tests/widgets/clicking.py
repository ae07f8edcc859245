"""Clicks into the canvas of a viewer without OpenGL, and into dialogs that open."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import mouse_press_callbacks, mouse_release_callbacks
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDialog, QMessageBox
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def click_at(viewer: Any, world: Sequence[float]) -> None:
    """Press and release the mouse at a position in world coordinates."""
    for k, send in enumerate((mouse_press_callbacks, mouse_release_callbacks)):
        event = SimpleNamespace(
            type=("mouse_press", "mouse_release")[k],
            button=1,
            position=tuple(world),
            pos=(9, 9),
            modifiers=(),
            handled=False,
            is_dragging=False,
        )
        send(viewer, ReadOnlyWrapper(event, exceptions=("handled",)))


def free_places(plane: np.ndarray, n: int, margin: int = 9) -> list[tuple[int, int]]:
    """The `n` places (y, x) of a plane that are farthest from cells and each other."""
    taken = plane != 0
    places = []
    for _ in range(n):
        room = ndimage.distance_transform_edt(~taken)
        room[:margin], room[-margin:] = 0, 0
        room[:, :margin], room[:, -margin:] = 0, 0
        y, x = np.unravel_index(int(room.argmax()), room.shape)
        places.append((int(y), int(x)))
        rows, columns = np.ogrid[: plane.shape[0], : plane.shape[1]]
        taken |= np.hypot(rows - y, columns - x) < 8
    return places


def in_next_dialog(
    act: Callable[[Any], None], kind: type[QDialog] = QDialog, tries: int = 1500
) -> None:
    """Call `act` with the next modal dialog of a kind, once it is on the screen.

    A timer that goes off once is too early on a busy computer, and the dialog would
    then wait for ever.
    """
    dialog = QApplication.activeModalWidget()
    if isinstance(dialog, kind) and dialog.isVisible():
        try:
            act(dialog)
        except BaseException:
            # a mistake in the test must not leave it open
            dialog.reject()
            raise
    elif tries:
        QTimer.singleShot(20, lambda: in_next_dialog(act, kind, tries - 1))


def click_in_next_box(start: str, texts: list[str] | None = None) -> None:
    """Click the button of the next message box whose text begins so; keep its text."""

    def click(box: QMessageBox) -> None:
        if texts is not None:
            texts.append(box.text())
        buttons = box.buttons()
        (chosen,) = [b for b in buttons if b.text().replace("&", "").startswith(start)]
        QTest.mouseClick(chosen, Qt.MouseButton.LeftButton)

    in_next_dialog(click, QMessageBox)
