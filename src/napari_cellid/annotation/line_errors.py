"""Why a line of a journal cannot be read."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, get_args

from napari_cellid.annotation.answer import Origin, Role
from napari_cellid.annotation.jsonl import BEGINNING, DEFAULTS, REQUIRED, TYPES

#: keys with a fixed set of values; a newer version can know more
_CHOICES = {"role": get_args(Role), "origin": get_args(Origin)}
#: the bytes that some file systems leave where a file was being written
_NOTHING = b"\0 \t\r"


def unreadable_reason(line: bytes) -> str:
    """Say why a line of a journal is no answer, without its number.

    Parameters
    ----------
    line
        A line that `parse_lines` could not read completely.
    """
    if not line.strip(_NOTHING):
        return "zeros instead of text, as after a power cut"
    pieces = [piece for piece in BEGINNING.split(line) if piece.strip()]
    if len(pieces) > 1:
        return "cut off, and another line begins behind it"
    try:
        record = json.loads(line.decode())
    except UnicodeDecodeError:
        return "cut off" if BEGINNING.match(line) else "not UTF-8 text"
    except (ValueError, RecursionError):
        return "cut off" if BEGINNING.match(line) else "not JSON"
    return _record_reason(record) if isinstance(record, dict) else "not an answer"


def _record_reason(record: dict[str, Any]) -> str:
    for key in REQUIRED:
        if key not in record:
            return f"'{key}' is missing"
    values = {key: record.get(key, DEFAULTS.get(key)) for key in TYPES}
    for key, value in values.items():
        if type(value) not in TYPES[key]:
            return f"'{key}' has a value of another kind"
    for key, choices in _CHOICES.items():
        if values[key] not in choices:
            return f"'{key}' is not known, as in a line of a newer version"
    for key in ("y", "x", "seconds"):
        if isinstance(values[key], float) and not isfinite(values[key]):
            return f"'{key}' is not a number"
    # `parse_lines` checks nothing else
    return "a number is too large, or 'time' is not a time"
