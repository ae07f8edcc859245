"""Connections to napari's events that end with the widget they serve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtCore import QObject


class Connections:
    """Connections that are cut when their owner is deleted.

    napari's events outlive a closed dock. If one of them called a method of a deleted
    Qt object, that would raise.
    """

    def __init__(self, owner: QObject) -> None:
        self._pairs: list[tuple[Any, Callable[..., Any]]] = []
        owner.destroyed.connect(self.disconnect_all)

    def connect(self, emitter: Any, callback: Callable[..., Any]) -> None:
        """Call `callback` at each event until the owner is deleted."""
        emitter.connect(callback)
        self._pairs.append((emitter, callback))

    def disconnect_all(self, _: object = None) -> None:
        """End all connections."""
        for emitter, callback in self._pairs:
            emitter.disconnect(callback)
        self._pairs.clear()
