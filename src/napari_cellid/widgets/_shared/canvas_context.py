"""A crash of napari when a layer is removed, worked round.

When a layer goes, napari lets vispy delete its OpenGL program at once
(`context.finish()`), whichever OpenGL context happens to be current then: often that of
Qt, which composes the window. Under software OpenGL the next drawing crashes. Here the
context of the canvas is made current before. See docs/development/napari_crash.md.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.components import ViewerModel


def keep_context_current(viewer: ViewerModel) -> None:
    """Make the canvas's OpenGL context current before each removal of a layer."""
    viewer = getattr(viewer, "__wrapped__", viewer)
    # weak, because the connection lives as long as the layers
    found = weakref.ref(viewer)

    def make_current(_: Any = None) -> None:
        canvas = _scene_canvas(found())
        if canvas is not None:
            canvas.set_current()

    viewer.layers.events.removing.connect(make_current)


def _scene_canvas(viewer: ViewerModel | None) -> Any:
    """The canvas of vispy; None for a viewer without a window, or whose is closed."""
    window = getattr(viewer, "window", None)
    try:
        # the only way to it; each name may go with a version of napari
        canvas = window._qt_viewer.canvas._scene_canvas  # type: ignore[union-attr] # noqa: SLF001
        return canvas if canvas.native.isVisible() else None
    except (AttributeError, RuntimeError):
        return None
