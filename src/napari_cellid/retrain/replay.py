"""Simulated cells mixed into a training, so that a model does not forget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.classification.dataset import RecordingCells, prepare_cells
from napari_cellid.progress import Progress, run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.simulation.conditions import draw_config
from napari_cellid.simulation.field import simulate
from napari_cellid.simulation.tissue import CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.classification.dataset import PatchDataset
    from napari_cellid.models.card import ModelCard
    from napari_cellid.progress import Step

#: edge of a simulated field (µm), and how many cells of one class are taken from it
_FIELD_UM, _OF_A_CLASS = 250.0, 12
#: fields after which enough is enough, though a class be rare
_MOST_FIELDS = 200


def can_replay(classes: Sequence[str]) -> bool:
    """Whether simulated cells have these classes."""
    return set(classes) == set(CLASSES)


def simulate_replay_cells(
    n: int, classes: Sequence[str], card: ModelCard, seed: int
) -> Step[PatchDataset]:
    """Simulate about `n` unambiguous cells, as many of each class.

    Fields are drawn from the kind `wide`, on which the default models are trained.

    Parameters
    ----------
    n
        Cells wanted.
    classes
        Names of the classes in the order of the targets.
    card
        How the model sees them.
    seed
        Fixes the fields.
    """
    each = -(-n // len(CLASSES))
    have = dict.fromkeys(CLASSES, 0)
    parts = []
    for k in range(_MOST_FIELDS):
        yield Progress("Simulating cells", min(sum(have.values()), n), n)
        if min(have.values()) >= each:
            break
        rng = np.random.default_rng([seed, 77, k])
        config = draw_config("wide", rng, n_planes=1)
        side = round(_FIELD_UM / config.pixel_size_um)
        sized = config.model_copy(update={"height": side, "width": side})
        field = run_to_end(simulate(sized))
        cells = field.cells[~field.cells["ambiguous"]]
        taken = []
        for name in CLASSES:
            rows = np.flatnonzero(cells["class"] == name)
            rows = rows[: min(_OF_A_CLASS, each - have[name])]
            have[name] += len(rows)
            taken.append(rows)
        chosen = cells.iloc[np.sort(np.concatenate(taken))]
        if len(chosen):
            planes = MeanPlanes(
                name="simulated",
                red=field.red.astype(np.float32),
                green=field.green.astype(np.float32),
                pixel_size_um=config.pixel_size_um,
            )
            index = np.array([classes.index(one) for one in chosen["class"]], np.int64)
            parts.append(RecordingCells(planes, chosen, index))
    return prepare_cells(parts, card)
