"""Which cell a person is asked about next."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.agreement.vote import normalised_entropy
from napari_cellid.annotation.answer import CellKey

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_cellid.annotation.answer import Answer
    from napari_cellid.config import QueueConfig

#: a cell is asked about again only after this many other answers
REPEAT_AFTER = 20
#: height of the rows (px) in which the order "place" goes to and fro
_ROW_PX = 100.0
_LARGEST = np.float64(2**64)


def order_cells(
    cells: pd.DataFrame,
    own: Collection[CellKey],
    all_answers: pd.DataFrame,
    config: QueueConfig,
    annotator: str,
    classes: Sequence[str],
) -> list[CellKey]:
    """Say in which order a person is asked about cells.

    Parameters
    ----------
    cells
        Cells of the study: `recording`, `cell`, `plane`, `y`, `x`, `predicted`,
        `confidence`.
    own
        Cells that this person has answered (or a mapping from them).
    all_answers
        Current answers of everybody: `recording`, `cell`, `answer`; only "disputed"
        and "rare" look at them.
    config
        The order, and whether answered cells are left out.
    annotator
        The person's name, the seed of "random".
    classes
        Names of the study's classes.

    Returns
    -------
    The cells. Equal ones are in the order "place"; cells without a prediction come
    after those with one, and under "rare" cells that are of no class come last.
    """
    cells = cells.reset_index(drop=True)
    keys = list(zip(cells["recording"].tolist(), cells["cell"].tolist(), strict=True))
    if config.only_unanswered:
        open_rows = [row for row, key in enumerate(keys) if key not in own]
    else:
        open_rows = list(range(len(keys)))
    certainty = cells["confidence"].to_numpy(float)
    # the least important key first, as lexsort wants them
    by: list[NDArray[np.generic]] = _along_the_way(cells)
    if config.order == "random":
        by.append(_shuffle(cells, annotator))
    elif config.order != "place":
        by.append(certainty)
    if config.order == "disputed":
        by.append(-normalised_entropy(_count(cells, all_answers)[0]))
    elif config.order == "rare":
        by.append(_rarity(cells, all_answers, classes))
    rows = np.array(open_rows, np.intp)
    order = rows[np.lexsort([key[rows] for key in by])]
    return [CellKey(*keys[row]) for row in order.tolist()]


def next_repeat(
    own: Mapping[CellKey, Answer],
    cells: Collection[CellKey],
    config: QueueConfig,
    annotator: str,
) -> CellKey | None:
    """Say which answered cell a person is to be asked about again now, if any.

    Whether one is due depends on the person and on how many answers there are, so that
    a repeat cannot be foreseen, and undo or another window give the same again.

    Parameters
    ----------
    own
        The person's answers that count, as in `Journal.current`.
    cells
        Cells that can be shown.
    config
        The share of questions that are repeats.
    annotator
        The person's name, the seed.

    Returns
    -------
    A cell that was answered at least `REPEAT_AFTER` answers ago and never twice, or
    None.
    """
    given = sorted(own.values(), key=lambda answer: answer.time)
    n_given = len(given) + sum(answer.repeat for answer in given)
    if _draw(f"{annotator}\0due\0{n_given}") / _LARGEST >= config.repeat_share:
        return None
    long_ago = given[: max(len(given) - REPEAT_AFTER, 0)]
    there = set(cells)
    eligible = [a.key for a in long_ago if not a.repeat and a.key in there]
    return min(
        eligible,
        key=lambda key: _draw(f"{annotator}\0repeat\0{key.recording}\0{key.cell}"),
        default=None,
    )


def _along_the_way(cells: pd.DataFrame) -> list[NDArray[np.generic]]:
    """Keys of a way from neighbour to neighbour: rows to and fro, plane by plane."""
    recording, _ = pd.factorize(cells["recording"].to_numpy(object), sort=True)
    y, x = (cells[name].to_numpy(float) for name in ("y", "x"))
    row = np.floor(y / _ROW_PX)
    along = np.where(row % 2 == 0, x, -x)
    number, plane = (cells[name].to_numpy() for name in ("cell", "plane"))
    return [number, along, row, plane, recording]


def _count(
    cells: pd.DataFrame, answers: pd.DataFrame
) -> tuple[NDArray[np.int64], list[str]]:
    """How many people gave each answer: (cell, answer), and the answers."""
    recordings = [table["recording"].to_numpy(object) for table in (cells, answers)]
    recording, _ = pd.factorize(np.concatenate(recordings))
    number = np.concatenate([t["cell"].to_numpy(np.int64) for t in (cells, answers)])
    place, _ = pd.factorize(recording * (number.max(initial=0) + 1) + number)
    said, names = pd.factorize(answers["answer"].to_numpy(object))
    # cells come first and are all different: their place is their row
    row = place[len(cells) :]
    there = (row < len(cells)) & (said >= 0)
    flat = np.bincount(
        row[there] * len(names) + said[there], minlength=len(cells) * len(names)
    )
    return flat.reshape(len(cells), len(names)), list(names)


def _rarity(
    cells: pd.DataFrame, answers: pd.DataFrame, classes: Sequence[str]
) -> NDArray[np.intp]:
    """Rank of each cell's class, the rarest first; what is no class comes last.

    A cell's class is what most people say of it, or else what the model says; of
    answers with as many votes, the rarest.
    """
    places = {name: k for k, name in enumerate(classes)}
    predicted = cells["predicted"].map(places).fillna(len(classes)).to_numpy(np.intp)
    counts, names = _count(cells, answers)
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
    """Draw a number for each cell that stays the same when other cells come or go."""
    recording, names = pd.factorize(cells["recording"].to_numpy(object))
    seeds = np.array([_draw(f"{annotator}\0order\0{name}") for name in names])
    return _mix(seeds.astype(np.uint64)[recording] ^ cells["cell"].to_numpy(np.uint64))


def _draw(seed: str) -> int:
    """Draw a whole number below 2**64 that depends on the seed alone."""
    return int.from_bytes(blake2b(seed.encode(), digest_size=8).digest(), "little")


def _mix(number: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble numbers (SplitMix64, Steele, Lea & Flood 2014)."""
    number = number + np.uint64(0x9E3779B97F4A7C15)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))
