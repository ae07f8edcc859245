"""Connections to napari that end with the widget they serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtCore import QObject


class Links:
    """Connections that are cut when their owner is deleted.

    napari's events outlive a closed dock; called then, a method of a deleted Qt
    object would raise.
    """

    def __init__(self, owner: QObject) -> None:
        self._pairs: list[tuple[Any, Callable[..., Any]]] = []
        owner.destroyed.connect(self.cut)

    def join(self, emitter: Any, callback: Callable[..., Any]) -> None:
        """Call `callback` at each event, until `cut`."""
        emitter.connect(callback)
        self._pairs.append((emitter, callback))

    def cut(self, _: object = None) -> None:
        """End all connections."""
        for emitter, callback in self._pairs:
            emitter.disconnect(callback)
        self._pairs.clear()
