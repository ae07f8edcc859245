"""Blocks of rows: large planes are worked on in parts, so that no step copies one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: pixels of a block: few beside a large plane, and a plane of 1024 x 1024 is one block
BLOCK_PIXELS = 1 << 20


def row_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of rows that cover images of a shape (..., y, x) one after another."""
    height, width = shape[-2:]
    step = max(BLOCK_PIXELS // max(width, 1), 1)
    for start in range(0, height, step):
        yield slice(start, min(start + step, height))
