"""How answers are called and keyed where people read them; no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.config import NOT_A_CELL, SPECIAL_KEYS

if TYPE_CHECKING:
    from napari_cellid.config import StudyConfig


def answer_text(answer: str) -> str:
    """An answer as people read it."""
    return "not a cell" if answer == NOT_A_CELL else answer


def answer_keys(config: StudyConfig) -> dict[str, str]:
    """Letter of each answer."""
    return {one.name: one.key for one in config.classes} | SPECIAL_KEYS
