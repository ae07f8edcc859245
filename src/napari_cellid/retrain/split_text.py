"""Sentences that describe the held-out cells behind the figures of a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

#: number of unit names that are listed; the others are counted
_MOST = 6
_KINDS = {
    "animal ": "animals",
    "sub-volume ": "sub-volumes",
    "recording ": "recordings",
}


def describe_split(
    cells: pd.DataFrame, role: NDArray[np.object_], unit: NDArray[np.object_]
) -> str:
    """Describe what is held out, and whether the figures are optimistic.

    Parameters
    ----------
    cells
        `recording` and `animal` of each cell.
    role, unit
        Role and unit of each cell.
    """
    held = sorted(set(unit[role == "test"]))
    if not held:
        return (
            "Nothing is held out, because there is no second animal, recording or "
            "tile: the figures say nothing about new cells."
        )
    return f"Held out: {_listed(held)}.{_leak(cells, role)}"


def _listed(units: list[str]) -> str:
    parts, left = [], list(units)
    for start, plural in _KINDS.items():
        names = [one.removeprefix(start) for one in left if one.startswith(start)]
        left = [one for one in left if not one.startswith(start)]
        if names:
            word = start.strip() if len(names) == 1 else plural
            parts.append(f"{word} {_few(names)}")
    # the tiles of a recording: "part 0, 1 of r1"
    of = sorted({one.partition(" of ")[2] for one in left})
    for name in of:
        n = sum(one.endswith(f" of {name}") for one in left)
        parts.append(f"{n} {'part' if n == 1 else 'parts'} of {name}")
    return "; ".join(parts)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def _leak(cells: pd.DataFrame, role: NDArray[np.object_]) -> str:
    """Warn if training cells are close relatives of held-out cells."""
    test, rest = cells[role == "test"], cells[role != "test"]
    if test["recording"].isin(rest["recording"]).any():
        return (
            " Other cells of the same recording are used for training, so the figures "
            "are optimistic for new recordings."
        )
    known = rest.loc[rest["animal"].ne(""), "animal"]
    if test["animal"].isin(known).any():
        return (
            " Other cells of the same animal are used for training, so the figures are "
            "optimistic for new animals."
        )
    if test["animal"].eq("").any() or rest["animal"].eq("").any():
        return (
            " Not every recording names its animal: if the same animal is also used "
            "for training, the figures are optimistic."
        )
    return ""
