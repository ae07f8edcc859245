"""Reading of `report.json`, of which a person or a disk may have damaged a part."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from napari_cellid.training.layout import REPORT_FILE

if TYPE_CHECKING:
    from napari_cellid.training.run import Run

#: key under which the names of damaged entries are added
DAMAGED = "damaged"
_MODELS = ("new", "old", "floor")
#: marks an entry that cannot be used
#: (not None, which a report may hold where nothing was measured)
_BAD = object()

_Check = Callable[[Any], Any]


def read_report(run: Run) -> dict[str, Any]:
    """Read the report of a run; what is damaged is left out and named.

    Returns
    -------
    Content of `report.json`; empty if it is missing or no report. The entry "damaged"
    names the entries that were left out, and is absent if there are none.
    """
    return usable_report(run.read_json(REPORT_FILE))


def usable_report(report: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the entries of a report that have another form than expected.

    Parameters
    ----------
    report
        Content of a `report.json`.

    Returns
    -------
    As for `read_report`.
    """
    damaged: list[str] = []
    classes = report.get("classes")
    n_classes = len(classes) if isinstance(classes, list) else 0
    checks: dict[str, _Check] = {
        "task": _text,
        "measured_on": _text,
        "n_cells": _number,
        "classes": _list_of(_text),
        "notes": _list_of(_text),
        "experts": _dict_of({"accuracy": _number, "text": _text}),
        "difference": _dict_of({}, _dict_of({}, _number)),
        "original_fields": _dict_of(
            {"new": _dict_of({}, _number), "old": _dict_of({}, _number)}
        ),
    }
    checks |= dict.fromkeys(_MODELS, _dict_of(_model_checks(n_classes), _number))
    usable = _usable(report, checks, None, "", damaged)
    for model in _MODELS:
        damaged += _missing_classes(usable, model)
    return {**usable, DAMAGED: damaged} if damaged else usable


def damaged_note(report: Mapping[str, Any]) -> str:
    """Sentence about the damaged entries of a report; "" if there are none."""
    damaged = report.get(DAMAGED)
    if not damaged:
        return ""
    return (
        f"{REPORT_FILE} is damaged ({', '.join(damaged[:5])}"
        f"{' and more' * (len(damaged) > 5)}); the rest is shown. Train again to get "
        "all figures."
    )


def _model_checks(n_classes: int) -> dict[str, _Check]:
    def confusion(value: Any) -> Any:
        square = _list_of(_list_of(_count))(value)
        if square is _BAD or any(len(row) != n_classes for row in square):
            return _BAD
        return square if len(square) == n_classes else _BAD

    def interval(value: Any) -> Any:
        ends = _list_of(_number)(value)
        return (
            ends if ends is not _BAD and len(ends) == 2 and None not in ends else _BAD
        )

    return {
        "name": _text,
        "by_class": _dict_of({}, _dict_of({}, _number)),
        "confusion": confusion,
        "intervals": _dict_of({}, interval),
    }


def _missing_classes(report: Mapping[str, Any], model: str) -> list[str]:
    by_class = (report.get(model) or {}).get("by_class")
    if not by_class:
        return []
    missing = [name for name in report.get("classes") or () if name not in by_class]
    incomplete = [name for name, values in by_class.items() if values.get("n") is None]
    return [f"{model}.by_class.{name}" for name in (*missing, *incomplete)]


def _usable(
    values: Mapping[str, Any],
    checks: Mapping[str, _Check],
    other: _Check | None,
    where: str,
    damaged: list[str],
) -> dict[str, Any]:
    usable = {}
    for name, value in values.items():
        check = checks.get(name, other)
        # entries of newer versions pass unchecked
        if value is None or check is None:
            usable[name] = value
            continue
        place = f"{where}{name}"
        if isinstance(check, _Dict):
            if isinstance(value, dict):
                usable[name] = _usable(
                    value, check.checks, check.other, f"{place}.", damaged
                )
            else:
                damaged.append(place)
            continue
        if (checked := check(value)) is _BAD:
            damaged.append(place)
        else:
            usable[name] = checked
    return usable


class _Dict:
    """Check of the entries of a dict, each on its own."""

    def __init__(self, checks: Mapping[str, _Check], other: _Check | None) -> None:
        self.checks, self.other = checks, other

    def __call__(self, value: Any) -> Any:
        return value if isinstance(value, dict) else _BAD


def _dict_of(checks: Mapping[str, _Check], other: _Check | None = None) -> _Check:
    return _Dict(checks, other)


def _list_of(check: _Check) -> _Check:
    def checked(value: Any) -> Any:
        if not isinstance(value, list):
            return _BAD
        items = [check(item) for item in value]
        return _BAD if any(item is _BAD for item in items) else items

    return checked


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else _BAD


def _number(value: Any) -> Any:
    # True and False are numbers in Python
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _BAD
    return value if math.isfinite(value) else _BAD


def _count(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return _BAD
    return value
