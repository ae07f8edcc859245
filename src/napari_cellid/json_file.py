"""Reading of JSON that may be damaged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


def parse_json(text: str | bytes) -> Any:
    """Parse JSON text, however it is damaged.

    Raises
    ------
    ValueError
        If it is not JSON, is not UTF-8, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        # without its cause, whose traceback has thousands of entries
        raise ValueError("its brackets are nested too deeply") from None


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        As `parse_json`.
    """
    return parse_json(path.read_bytes())
