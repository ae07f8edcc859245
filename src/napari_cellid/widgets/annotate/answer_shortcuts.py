"""The keys with which a person annotates."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from qtpy.QtCore import Qt

from napari_cellid.annotation.answer import answer_keys, answer_text
from napari_cellid.widgets._shared.key_filter import CONTROL, NO_MODIFIER, SHIFT

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_cellid.config import StudyConfig
    from napari_cellid.widgets._shared.key_filter import KeyCombination


class Annotating(Protocol):
    """What the keys do."""

    def answer(self, answer: str) -> None:
        """Give an answer."""

    def step(self, by: int) -> None:
        """Show the next (1) or the previous (-1) cell."""

    def undo(self) -> None:
        """Take the last answer back."""

    def redo(self) -> None:
        """Give the answer again that was taken back last."""


def annotation_actions(
    dock: Annotating, config: StudyConfig
) -> dict[KeyCombination, Callable[[], object]]:
    """Actions of the Annotate dock by key: a letter for each answer, steps, undo."""
    actions: dict[KeyCombination, Callable[[], object]] = {
        (Qt.Key.Key_Left, NO_MODIFIER): partial(dock.step, -1),
        (Qt.Key.Key_Right, NO_MODIFIER): partial(dock.step, 1),
        (Qt.Key.Key_Backspace, NO_MODIFIER): dock.undo,
        (Qt.Key.Key_Z, CONTROL): dock.undo,
        (Qt.Key.Key_Z, CONTROL | SHIFT): dock.redo,
    }
    for answer, letter in answer_keys(config).items():
        key = getattr(Qt.Key, f"Key_{letter}")
        actions[(key, NO_MODIFIER)] = partial(dock.answer, answer)
    return actions


def annotation_meanings(config: StudyConfig) -> dict[KeyCombination, str]:
    """What the keys of `annotation_actions` do, in words."""
    answers: dict[KeyCombination, str] = {
        (getattr(Qt.Key, f"Key_{letter}"), NO_MODIFIER): answer_text(answer)
        for answer, letter in answer_keys(config).items()
    }
    return answers | {
        (Qt.Key.Key_Left, NO_MODIFIER): "previous cell",
        (Qt.Key.Key_Right, NO_MODIFIER): "next cell",
        (Qt.Key.Key_Backspace, NO_MODIFIER): "take the last answer back",
        (Qt.Key.Key_Z, CONTROL): "take the last answer back",
        (Qt.Key.Key_Z, CONTROL | SHIFT): "give it again",
    }
