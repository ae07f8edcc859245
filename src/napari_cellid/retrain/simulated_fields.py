"""Small simulated fields that are mixed into a training or test what a model forgot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_cellid.progress import subprogress
from napari_cellid.simulation.conditions import KINDS, draw_config
from napari_cellid.simulation.field import simulate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.models.card import ModelCard
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.simulation.conditions import Kind
    from napari_cellid.simulation.field import SimulatedField

#: edge of a simulated field (µm)
_FIELD_UM = 250.0


@dataclass(frozen=True)
class Rehearsal:
    """What a model knows, and should not forget in a training.

    Parameters
    ----------
    kinds
        Kinds of simulated fields, in turn.
    outlined
        What their truth outlines.
    """

    kinds: tuple[Kind, ...] = ("wide",)
    outlined: Literal["cut", "visible"] = "cut"

    def __str__(self) -> str:
        if len(self.kinds) == 1:
            return f"the kind {self.kinds[0]}"
        return f"the kinds {', '.join(self.kinds[:-1])} and {self.kinds[-1]}"


def rehearsal_of(card: ModelCard) -> Rehearsal:
    """What a model learned from, by its card; the kind `wide` where it does not say."""
    known = tuple(k for name in card.simulated_kinds for k in KINDS if k == name)
    return Rehearsal(known, card.simulated_outlines) if known else Rehearsal()


def simulate_field(
    rehearsal: Rehearsal, k: int, rng: np.random.Generator
) -> Step[tuple[SimulatedField, MeanPlanes]]:
    """Simulate the k-th field, of one plane; its settings are drawn from its kind.

    Returns
    -------
    The field, and its mean images.
    """
    kind = rehearsal.kinds[k % len(rehearsal.kinds)]
    config = draw_config(kind, rng, n_planes=1, outlined=rehearsal.outlined)
    side = round(_FIELD_UM / config.pixel_size_um)
    sized = config.model_copy(update={"height": side, "width": side})
    field = yield from simulate(sized)
    return field, field.mean_planes()


def simulate_fields(
    n: int, rehearsal: Rehearsal, seed: int, *, alone: int = 0
) -> Step[list[tuple[MeanPlanes, NDArray[np.int32], NDArray[np.bool_]]]]:
    """Simulate fields: mean images, labels, and pixels where a cell is uncertain.

    Parameters
    ----------
    n
        Number of fields.
    rehearsal
        Kinds of recordings from which their settings are drawn, and their truth.
    seed
        Seed of the random numbers.
    alone
        Every `alone`-th field has no red channel, so that a model does not forget such
        recordings; 0 for none. Cells that only red shows are then uncertain.

    Returns
    -------
    For each field the mean images, labels (plane, y, x), and a mask (plane, y, x) of
    uncertain pixels.
    """
    fields = []
    for k in range(n):
        step = simulate_field(rehearsal, k, np.random.default_rng([seed, 78, k]))
        field, planes = yield from subprogress(step, k, n, stage="Simulating fields")
        labels, unsure = field.labels, field.unsure
        if alone and k % alone == alone - 1:
            hidden = np.isin(labels, _only_in_red(field, rehearsal))
            planes = replace(planes, red=None)
            # without red nobody could find glia, so the model is not taught to
            labels, unsure = np.where(hidden, 0, labels), unsure | hidden
        fields.append((planes, labels, unsure))
    return fields


def _only_in_red(field: SimulatedField, rehearsal: Rehearsal) -> NDArray[np.int64]:
    """Labels of cells that nobody could find without red, or perhaps nobody."""
    cells = field.cells
    hidden = cells["class"] == "glia"
    if rehearsal.outlined == "visible":
        hidden |= (cells["class"] == "excitatory") & cells["ambiguous"]
    return cells.loc[hidden, "label"].to_numpy(np.int64)
