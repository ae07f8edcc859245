"""Centroids compared with marks of people, where nobody drew outlines.

People differ about which spots are cells, so their marks are not merged into one truth:
a program is compared with each person, and the persons with one another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Points = NDArray[np.float64]

#: marks within this distance are of one cell (px: no pixel size is needed)
RADIUS_PX = 4.0


def match_points(
    first: Points, second: Points, radius: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Match two sets of points (point, axis) one to one within a radius.

    As many pairs as possible, and of these the closest ones.

    Returns
    -------
    Indices of the pairs in `first` and in `second`.
    """
    if not len(first) or not len(second):
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    distance = cdist(first, second)
    # a pair outside costs more than all pairs inside together
    outside = radius * (min(distance.shape) + 1)
    cost = np.where(distance <= radius, distance, outside)
    i, j = linear_sum_assignment(cost)
    near = distance[i, j] <= radius
    return i[near], j[near]


def f1_of_points(first: Points, second: Points, radius: float) -> float:
    """F1 score of two sets of points; which one is the truth makes no difference."""
    pairs = len(match_points(first, second, radius)[0])
    return _share(2 * pairs, len(first) + len(second))


def pool_marks(
    raters: Mapping[str, Points], radius: float
) -> tuple[Points, NDArray[np.int64]]:
    """Places that anyone marked, and how many raters marked each.

    A place has the position of the first rater who marked it.
    """
    places, votes = np.zeros((0, 2)), np.zeros(0, np.int64)
    for marks in raters.values():
        known, again = match_points(places, marks, radius)
        votes[known] += 1
        new = np.delete(marks, again, axis=0)
        places = np.concatenate([places, new])
        votes = np.concatenate([votes, np.ones(len(new), np.int64)])
    return places, votes


def rater_figures(
    found: Points, raters: Mapping[str, Points], radius: float = RADIUS_PX
) -> dict[str, float]:
    """Figures of found cells (cell, axis) against the marks of several raters."""
    f1 = {
        f"F1, {name}": f1_of_points(found, marks, radius)
        for name, marks in raters.items()
    }
    places, votes = pool_marks(raters, radius)
    unanimous = places[votes == len(raters)]
    return {
        "found": len(found),
        **f1,
        "mean F1": float(np.mean(list(f1.values()))),
        "recall of unanimous cells": _share(
            len(match_points(found, unanimous, radius)[0]), len(unanimous)
        ),
        "precision against anyone": _share(
            len(match_points(found, places, radius)[0]), len(found)
        ),
    }


def random_places(
    raters: Mapping[str, Points], radius: float = RADIUS_PX, draws: int = 20
) -> dict[str, float]:
    """Mean figures of random places, as many as a rater marks: what chance reaches.

    Where marks are dense, many random places have one beside them.
    """
    every = np.concatenate(list(raters.values()))
    n = int(np.median([len(marks) for marks in raters.values()]))
    rng = np.random.default_rng(0)
    drawn = [rng.uniform(every.min(0), every.max(0), (n, 2)) for _ in range(draws)]
    figures = [rater_figures(places, raters, radius) for places in drawn]
    means = {key: float(np.mean([one[key] for one in figures])) for key in figures[0]}
    return means | {"found": n}


def raters_among_themselves(
    raters: Mapping[str, Points], radius: float = RADIUS_PX
) -> dict[str, dict[str, float]]:
    """Of each rater the F1 against the others, and its mean: what can be reached."""
    rows = {}
    for name, marks in raters.items():
        f1 = {
            f"F1, {other}": f1_of_points(marks, others, radius)
            for other, others in raters.items()
            if other != name
        }
        rows[name] = {
            "found": len(marks),
            **f1,
            "mean F1": float(np.mean([*f1.values()])),
        }
    return rows


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
