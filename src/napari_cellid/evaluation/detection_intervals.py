"""How sure it is that one network finds cells better than another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.evaluation.bootstrap import MIN_GROUPS, Interval, percentile_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.evaluation.detection import DetectionCounts

_TIMES = 1000


def f1_difference(
    new: Sequence[DetectionCounts],
    old: Sequence[DetectionCounts],
    groups: Sequence[str],
    value: float,
    seed: int = 0,
) -> Interval:
    """Interval (95 %) of a difference in F1 by bootstrap over groups, or over pieces.

    Both networks are measured on the same drawn pieces, so that what is hard for both
    does not widen the interval.

    Parameters
    ----------
    new, old
        Counts of each network in each piece of the held-out fields.
    groups
        Group of each piece, such as its animal. With fewer than `MIN_GROUPS` of
        them pieces are drawn instead, and the interval is too narrow.
    value
        Difference over all fields.
    seed
        Of the draws.
    """
    unit = np.arange(len(groups))
    if enough(groups):
        unit = np.unique(np.asarray(groups, str), return_inverse=True)[1]
    n = int(unit.max(initial=-1)) + 1
    counts = np.zeros((2, n, 2), np.int64)
    for side, pieces in enumerate((new, old)):
        parts = [(2 * one.hits, one.found + one.true) for one in pieces]
        np.add.at(counts[side], unit, np.array(parts, np.int64).reshape(-1, 2))
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(_TIMES if n else 0):
        times = np.bincount(rng.integers(n, size=n), minlength=n)
        (a, b), (c, d) = times @ counts[0], times @ counts[1]
        drawn.append(a / b - c / d if b and d else float("nan"))
    return percentile_interval(value, drawn)


def enough(groups: Sequence[str]) -> bool:
    """Whether there are enough groups to draw from."""
    return len(set(groups)) >= MIN_GROUPS
