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
    missing = [key for key in REQUIRED if key not in record]
    if missing:
        return f"'{missing[0]}' is missing"
    values = {key: record.get(key, DEFAULTS.get(key)) for key in TYPES}
    reasons = {
        "has a value of another kind": _of_another_kind(values),
        "is not known, as in a line of a newer version": _unknown(values),
        "is not a number": _not_finite(values),
    }
    for reason, keys in reasons.items():
        if keys:
            return f"'{keys[0]}' {reason}"
    # `parse_lines` checks nothing else
    return "a number is too large, or 'time' is not a time"


def _of_another_kind(values: dict[str, Any]) -> list[str]:
    return [key for key, value in values.items() if type(value) not in TYPES[key]]


def _unknown(values: dict[str, Any]) -> list[str]:
    return [key for key, choices in _CHOICES.items() if values[key] not in choices]


def _not_finite(values: dict[str, Any]) -> list[str]:
    return [k for k, v in values.items() if isinstance(v, float) and not isfinite(v)]
