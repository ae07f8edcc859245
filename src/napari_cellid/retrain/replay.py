"""Replay: simulated cells mixed into a training, so that a model does not forget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.classification.dataset import RecordingCells, prepare_cells
from napari_cellid.config.classes import STATES
from napari_cellid.progress import subprogress
from napari_cellid.retrain.simulated_fields import rehearsal_of, simulate_field
from napari_cellid.simulation.tissue import CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from napari_cellid.classification.dataset import PatchDataset
    from napari_cellid.config import StudyConfig
    from napari_cellid.models.card import ModelCard
    from napari_cellid.progress import Step

#: cells of one class that are taken from one field
#: (cells of a field share its simulated conditions)
_MAX_OF_A_CLASS = 12
#: fields after which no more are simulated, even if a class is rare
_MAX_FIELDS = 200


def simulated_names(
    classes: Sequence[str], config: StudyConfig
) -> dict[str, str] | None:
    """For each simulated class the class of a study whose cells show the same.

    Parameters
    ----------
    classes
        Names of the classes of a training; they may have been renamed since.
    config
        Settings of the study.

    Returns
    -------
    None if a class shows something else than every simulated class: simulated cells
    would then teach what people did not say.
    """
    by_state = {
        state: config.translate([name], classes)[0]
        for state, name in config.state_names.items()
    }
    names = {
        simulated: by_state[state]
        for simulated, state in zip(CLASSES, STATES, strict=True)
        if state in by_state
    }
    return names if sorted(names.values()) == sorted(classes) else None


def simulate_replay_cells(
    n: int, classes: Sequence[str], names: Mapping[str, str], card: ModelCard, seed: int
) -> Step[PatchDataset]:
    """Simulate about `n` unambiguous cells, the same number of each class.

    Fields are drawn from the kinds that the model learned from.

    Parameters
    ----------
    n
        Number of cells.
    classes
        Names of the classes in the order of the targets.
    names
        Name of each simulated class among them (`simulated_names`).
    card
        Card of the model for which the cells are prepared.
    seed
        Seed of the random numbers.
    """
    per_class = -(-n // len(CLASSES))
    counts = dict.fromkeys(CLASSES, 0)
    parts = []
    rehearsal = rehearsal_of(card)
    for k in range(_MAX_FIELDS):
        if min(counts.values()) >= per_class:
            break
        # 77: a stream of its own beside `simulate_fields`, which may have the same seed
        step = simulate_field(rehearsal, k, np.random.default_rng([seed, 77, k]))
        # rare classes can need fields after the others have more than enough
        done = min(sum(counts.values()), n - 1)
        field, planes = yield from subprogress(step, done, n, stage="Simulating cells")
        clear = field.cells[~field.cells["ambiguous"]]
        chosen = _take_of_each_class(clear, counts, per_class)
        if len(chosen):
            index = np.array(
                [classes.index(names[name]) for name in chosen["class"]], np.int64
            )
            parts.append(RecordingCells(planes, chosen, index))
    return prepare_cells(parts, card)


def _take_of_each_class(
    cells: pd.DataFrame, counts: dict[str, int], per_class: int
) -> pd.DataFrame:
    """Take some cells of each class that lacks some, and add them to `counts`."""
    taken = []
    for name in CLASSES:
        rows = np.flatnonzero(cells["class"] == name)
        rows = rows[: min(_MAX_OF_A_CLASS, per_class - counts[name])]
        counts[name] += len(rows)
        taken.append(rows)
    return cells.iloc[np.sort(np.concatenate(taken))]
