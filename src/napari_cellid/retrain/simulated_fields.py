"""Small simulated fields that are mixed into a training or test what a model forgot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.progress import subprogress
from napari_cellid.recording import MeanPlanes
from napari_cellid.simulation.conditions import draw_config
from napari_cellid.simulation.field import simulate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.progress import Step
    from napari_cellid.simulation.conditions import Kind
    from napari_cellid.simulation.field import SimulatedField

#: edge of a simulated field (µm)
_FIELD_UM = 250.0


def simulate_field(
    kind: Kind, rng: np.random.Generator
) -> Step[tuple[SimulatedField, MeanPlanes]]:
    """Simulate a field of one plane with settings drawn from a kind of recordings.

    Returns
    -------
    The field, and its mean images.
    """
    config = draw_config(kind, rng, n_planes=1)
    side = round(_FIELD_UM / config.pixel_size_um)
    sized = config.model_copy(update={"height": side, "width": side})
    field = yield from simulate(sized)
    planes = MeanPlanes(
        name="simulated",
        red=field.red.astype(np.float32),
        green=field.green.astype(np.float32),
        pixel_size_um=config.pixel_size_um,
    )
    return field, planes


def simulate_fields(
    n: int, kind: Kind, seed: int, *, alone: int = 0
) -> Step[list[tuple[MeanPlanes, NDArray[np.int32], NDArray[np.bool_]]]]:
    """Simulate fields: mean images, labels, and pixels where a cell is uncertain.

    Parameters
    ----------
    n
        Number of fields.
    kind
        Kind of recordings from which their settings are drawn.
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
        step = simulate_field(kind, np.random.default_rng([seed, 78, k]))
        field, planes = yield from subprogress(step, k, n, stage="Simulating fields")
        labels, unsure = field.labels, field.unsure
        if alone and k % alone == alone - 1:
            glia = field.cells.loc[field.cells["class"] == "glia", "label"]
            hidden = np.isin(labels, glia)
            planes = replace(planes, red=None)
            # without red nobody could find glia, so the model is not taught to
            labels, unsure = np.where(hidden, 0, labels), unsure | hidden
        fields.append((planes, labels, unsure))
    return fields
