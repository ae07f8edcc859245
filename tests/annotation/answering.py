"""Answers and journals that tests share."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cellid.annotation.answer import Answer, CellKey
from napari_cellid.annotation.jsonl import format_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ANSWERS = ("excitatory", "inhibitory", "glia", "not_a_cell", "unsure")
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def answer(
    cell: int = 1,
    what: str | None = "glia",
    who: str = "Ann",
    at: float = 0,
    **more: object,
) -> Answer:
    """An answer some seconds after the start; more of its fields by name."""
    time = START + timedelta(seconds=at)
    return replace(Answer(time, who, "mouse 1", cell, 0, 10.5, 20.25, what), **more)


def write_lines(path: Path, answers: Iterable[Answer]) -> bytes:
    """Write a journal as if it had been answered; its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = b"".join(map(format_line, answers))
    path.write_bytes(data)
    return data


def said(current: Mapping[CellKey, Answer]) -> dict[int, str | None]:
    """What is answered for each cell."""
    return {key.cell: one.answer for key, one in current.items()}


def timeless(current: Mapping[CellKey, Answer]) -> dict[CellKey, Answer]:
    """Answers without when and how they came about."""
    return {
        key: replace(one, time=START, origin="answer") for key, one in current.items()
    }
