"""Order in which an annotator sees the cells."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.agreement.vote import normalised_entropy
from napari_cellid.annotation.answer import CellKey
from napari_cellid.cells.none_of_these import is_none

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from napari_cellid.config import QueueConfig

#: height (px) of the rows of the serpentine order "place"
_ROW_PX = 100.0
#: upper end of `seeded_draw`
MAX_DRAW = 2**64


def order_cells(
    cells: pd.DataFrame,
    own: Collection[CellKey],
    answers: pd.DataFrame,
    config: QueueConfig,
    annotator: str,
    classes: Sequence[str],
) -> list[CellKey]:
    """Order the cells for an annotator.

    Parameters
    ----------
    cells
        Cells of the study: `recording`, `cell`, `plane`, `y`, `x`, `predicted`,
        `confidence`.
    own
        Cells that this annotator has answered (or a mapping with them as keys).
    answers
        Current answers of all annotators: `recording`, `cell`, `answer`; used by the
        orders "disputed" and "rare".
    config
        The order, and whether answered cells are left out.
    annotator
        Name of the annotator: seed of the order "random".
    classes
        Names of the study's classes.

    Returns
    -------
    The cells. Ties are in the order "place". Cells without a prediction come after
    those with one; in the order "rare", cells without a class come last. Cells whose
    class the model cannot tell come before those that it has classified, except in the
    orders "random" and "place" and where another order has a stronger reason.
    """
    cells = cells.reset_index(drop=True)
    keys = list(zip(cells["recording"].tolist(), cells["cell"].tolist(), strict=True))
    if config.only_unanswered:
        open_rows = [row for row, key in enumerate(keys) if key not in own]
    else:
        open_rows = list(range(len(keys)))
    # the confidence is at most 1, so that those without a class come first
    certainty = cells["confidence"].to_numpy(float) - is_none(cells)
    # lexsort expects the least important key first
    by: list[NDArray[np.generic]] = _serpentine(cells)
    if config.order == "random":
        by.append(_shuffle(cells, annotator))
    elif config.order != "place":
        by.append(certainty)
    if config.order == "disputed":
        # negative, because lexsort ascends and the most disputed cell comes first
        by.append(-normalised_entropy(_count_answers(cells, answers)[0]))
    elif config.order == "rare":
        by.append(_rarity(cells, answers, classes))
    rows = np.array(open_rows, np.intp)
    order = rows[np.lexsort([key[rows] for key in by])]
    return [CellKey(*keys[row]) for row in order.tolist()]


def _serpentine(cells: pd.DataFrame) -> list[NDArray[np.generic]]:
    """Sorting keys of a serpentine path through the rows of each plane."""
    recording, _ = pd.factorize(cells["recording"].to_numpy(object), sort=True)
    y, x = (cells[name].to_numpy(float) for name in ("y", "x"))
    row = np.floor(y / _ROW_PX)
    along = np.where(row % 2 == 0, x, -x)
    number, plane = (cells[name].to_numpy() for name in ("cell", "plane"))
    return [number, along, row, plane, recording]


def _count_answers(
    cells: pd.DataFrame, answers: pd.DataFrame
) -> tuple[NDArray[np.int64], list[str]]:
    """Number of annotators who gave each answer: (cell, answer), and the answers."""
    recordings = [table["recording"].to_numpy(object) for table in (cells, answers)]
    recording, _ = pd.factorize(np.concatenate(recordings))
    number = np.concatenate([t["cell"].to_numpy(np.int64) for t in (cells, answers)])
    place, _ = pd.factorize(recording * (number.max(initial=0) + 1) + number)
    code, names = pd.factorize(answers["answer"].to_numpy(object))
    # the cells come first and are unique, so that their place is their row
    row = place[len(cells) :]
    valid = (row < len(cells)) & (code >= 0)
    flat = np.bincount(
        row[valid] * len(names) + code[valid], minlength=len(cells) * len(names)
    )
    return flat.reshape(len(cells), len(names)), list(names)


def _rarity(
    cells: pd.DataFrame, answers: pd.DataFrame, classes: Sequence[str]
) -> NDArray[np.intp]:
    """Rank of the class of each cell, from the rarest class; no class ranks last.

    The class of a cell is the most frequent answer (the rarest of several), or the
    prediction if there is no answer.
    """
    places = {name: k for k, name in enumerate(classes)}
    predicted = cells["predicted"].map(places).fillna(len(classes)).to_numpy(np.intp)
    counts, names = _count_answers(cells, answers)
    answered = np.flatnonzero(counts.any(axis=1))
    place_of = np.array([places.get(name, len(classes)) for name in names], np.intp)
    votes = np.zeros((len(answered), len(classes) + 1), np.int64)
    for k, place in enumerate(place_of):
        votes[:, place] += counts[answered, k]
    most = votes == votes.max(axis=1, initial=0, keepdims=True)
    first = predicted.copy()
    first[answered] = most.argmax(axis=1)
    n_cells = np.bincount(first, minlength=len(classes) + 1)[: len(classes)]
    rank = np.append(np.argsort(np.argsort(n_cells, kind="stable")), len(classes))
    kind = rank[predicted]
    kind[answered] = np.where(most, rank, len(classes) + 1).min(axis=1)
    return kind


def _shuffle(cells: pd.DataFrame, annotator: str) -> NDArray[np.uint64]:
    """Random number for each cell, independent of the other cells."""
    recording, names = pd.factorize(cells["recording"].to_numpy(object))
    # no name contains \0, so different parts never make the same text
    seeds = np.array([seeded_draw(f"{annotator}\0order\0{name}") for name in names])
    # numpy mixes all cells at once, without a Python hash for each
    return _mix(seeds.astype(np.uint64)[recording] ^ cells["cell"].to_numpy(np.uint64))


def seeded_draw(seed: str) -> int:
    """Pseudo-random integer below 2**64 that depends only on the seed."""
    return int.from_bytes(blake2b(seed.encode(), digest_size=8).digest(), "little")


def _mix(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hash of integers (SplitMix64; Steele, Lea & Flood 2014)."""
    number = number + np.uint64(0x9E3779B97F4A7C15)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))
