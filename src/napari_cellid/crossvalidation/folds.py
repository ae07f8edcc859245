"""Folds of the protocols: which cells train, choose the epoch, and are tested."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_cellid.config.evaluation import ProtocolName
    from napari_cellid.crossvalidation.cells import EvaluationCells

#: folds among the training groups, of which one chooses the epoch
_INNER_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Fold:
    """Rows of the cells of one fold; no row is in two parts.

    Parameters
    ----------
    train
        Cells to train on.
    inner
        Cells that choose the epoch; none in the protocol `paper`.
    test
        Cells that are tested.
    name
        Number of the fold, or the animal that is left out.
    """

    train: NDArray[np.int64]
    inner: NDArray[np.int64]
    test: NDArray[np.int64]
    name: str


def make_folds(
    cells: EvaluationCells, protocol: ProtocolName, n_folds: int, seed: int
) -> list[Fold]:
    """Make the folds of a protocol; the same for all methods.

    Parameters
    ----------
    cells
        The cells.
    protocol
        paper: random by patch, stratified by class. honest: groups are kept together,
        stratified by class. leave-one-out: one animal is left out at a time.
    n_folds
        Number of folds, except for leave-one-out.
    seed
        Seed of the folds.

    Raises
    ------
    InputError
        If there are too few cells or animals, a class has no cells to train on in a
        fold, or scikit-learn is not installed.
    """
    target = cells.target
    rows = np.arange(len(target))
    if protocol == "paper":
        pairs = _by_patch(target, n_folds, seed)
        folds = [
            Fold(train, rows[:0], test, str(k)) for k, (train, test) in enumerate(pairs)
        ]
    elif protocol == "honest":
        groups = cells.groups()
        pairs = _by_group(target, groups, n_folds, seed)
        folds = [_with_inner(t, v, str(k), cells, groups, seed)
                 for k, (t, v) in enumerate(pairs)]  # fmt: skip
    else:
        folds = _leave_one_out(cells, seed)
    for fold in folds:
        _check_classes(fold, cells)
    return folds


def missing_in_test(fold: Fold, cells: EvaluationCells) -> list[str]:
    """Classes without a test cell in a fold."""
    present = set(cells.target[fold.test])
    return [name for k, name in enumerate(cells.classes) if k not in present]


def _by_patch(
    target: NDArray[np.int64], n_folds: int, seed: int
) -> Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    if np.bincount(target).min() < n_folds:
        raise InputError(
            f"A class has {np.bincount(target).min()} cells, fewer than the {n_folds} "
            "folds, so that it is missing in a fold; give fewer --folds, or answer "
            "more cells of it."
        )
    splitter = _sklearn().StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    return list(splitter.split(target, target))


def _by_group(
    target: NDArray[np.int64], groups: NDArray[np.object_], n_folds: int, seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    splitter = _sklearn().StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # what a fold lacks is said in the report, or refused
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        pairs = list(splitter.split(target, target, groups.astype(str)))
    # of few groups, a fold can remain empty
    return [(train, test) for train, test in pairs if len(test)]


def _leave_one_out(cells: EvaluationCells, seed: int) -> list[Fold]:
    animals = cells.groups("animal").astype(str)
    names = sorted(set(animals) - {""})
    if len(names) < 3 or "" in animals:
        raise InputError(
            f"{len(names)} animals are named in the study, but leaving one out needs "
            "at least 3, and an animal for each recording; name them in study.toml, or "
            "choose another protocol."
        )
    rows = np.arange(len(animals))
    return [
        _with_inner(
            rows[animals != name], rows[animals == name], name, cells, animals, seed
        )
        for name in names
    ]


def _with_inner(
    train: NDArray[np.int64],
    test: NDArray[np.int64],
    name: str,
    cells: EvaluationCells,
    groups: NDArray[np.object_],
    seed: int,
) -> Fold:
    """Take groups that choose the epoch away from the training groups of a fold."""
    target, groups = cells.target, groups.astype(str)
    n = min(_INNER_FOLDS, len(set(groups[train])))
    if n >= 2:
        for kept, inner in _by_group(target[train], groups[train], n, seed):
            # every class must be left to train on
            if len(set(target[train[kept]])) == len(set(target[train])):
                return Fold(train[kept], train[inner], test, name)
    return Fold(train, train[:0], test, name)


def _check_classes(fold: Fold, cells: EvaluationCells) -> None:
    counts = np.bincount(cells.target[fold.train], minlength=len(cells.classes))
    for name, n in zip(cells.classes, counts, strict=True):
        if n < 2:
            raise InputError(
                f"In fold {fold.name} the class {name} has {n} cells to train on, but "
                "at least 2 are needed; answer more cells of it in other groups, or "
                "give fewer --folds."
            )


def _sklearn() -> Any:
    try:
        import sklearn.model_selection
    except ImportError as error:
        raise InputError(
            "scikit-learn makes the folds, but it is not installed; run "
            "pip install 'napari-cellid[evaluation]'."
        ) from error
    return sklearn.model_selection
