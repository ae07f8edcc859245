"""What figures on held-out cells rest on, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

#: names of units that are listed before the rest is counted
_MOST = 6
_KINDS = {
    "animal ": "animals",
    "sub-volume ": "sub-volumes",
    "recording ": "recordings",
}


def describe_split(
    cells: pd.DataFrame, role: NDArray[np.object_], unit: NDArray[np.object_]
) -> str:
    """Say what is held out, and how honest that is.

    Parameters
    ----------
    cells
        `recording` and `animal` of each cell.
    role, unit
        Of each cell.
    """
    held = sorted(set(unit[role == "test"]))
    if not held:
        return (
            "Nothing is held out, for there is no second animal, recording or part of "
            "one: no figure is honest."
        )
    return f"Held out: {_listed(held)}.{_leak(cells, role)}"


def _listed(units: list[str]) -> str:
    said, left = [], list(units)
    for start, plural in _KINDS.items():
        names = [one.removeprefix(start) for one in left if one.startswith(start)]
        left = [one for one in left if not one.startswith(start)]
        if names:
            word = start.strip() if len(names) == 1 else plural
            said.append(f"{word} {_few(names)}")
    # what is left: "part 0, 1 of r1"
    of = sorted({one.partition(" of ")[2] for one in left})
    for name in of:
        n = sum(one.endswith(f" of {name}") for one in left)
        said.append(f"{n} {'part' if n == 1 else 'parts'} of {name}")
    return "; ".join(said)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more


def _leak(cells: pd.DataFrame, role: NDArray[np.object_]) -> str:
    """How near held-out cells are to cells that are trained on."""
    test, rest = cells[role == "test"], cells[role != "test"]
    if test["recording"].isin(rest["recording"]).any():
        return (
            " Other cells of the same recording are trained on, so the figures are "
            "optimistic for new recordings."
        )
    known = rest.loc[rest["animal"].ne(""), "animal"]
    if test["animal"].isin(known).any():
        return (
            " Other cells of the same animal are trained on, so the figures are "
            "optimistic for new animals."
        )
    if test["animal"].eq("").any() or rest["animal"].eq("").any():
        return (
            " Not every recording names its animal: if one is trained on, too, the "
            "figures are optimistic."
        )
    return ""
