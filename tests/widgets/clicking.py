"""Clicks into the canvas of a viewer without OpenGL, and free places to click at."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import mouse_press_callbacks, mouse_release_callbacks
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Sequence


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
