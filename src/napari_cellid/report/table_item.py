"""One item of a table that people read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TableItem:
    """What stands in a table.

    Parameters
    ----------
    text
        What is read.
    tip
        On how many cells it rests, and what else is worth knowing.
    shade
        0 to 1: how deep the background is; None for none.
    """

    text: str
    tip: str = ""
    shade: float | None = None
