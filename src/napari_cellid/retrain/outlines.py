"""The outlines of a study as material: what is trained on, and what is held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.config import NOT_A_CELL
from napari_cellid.errors import InputError
from napari_cellid.recording import MeanPlanes
from napari_cellid.retrain.split import TILE_UM, split_cells
from napari_cellid.segmentation.training import labelled_field
from napari_cellid.simulation.conditions import draw_config
from napari_cellid.simulation.field import simulate
from napari_cellid.steps import Progress, finish
from napari_cellid.study.consensus import DECIDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config import SegmenterTrainingConfig, SplitConfig
    from napari_cellid.models import ModelCard
    from napari_cellid.segmentation.learner import LabelledField
    from napari_cellid.simulation.conditions import Kind
    from napari_cellid.steps import Step
    from napari_cellid.study.folder import Study

#: edge of a simulated field (µm)
_FIELD_UM = 250.0


@dataclass(frozen=True, eq=False)
class Outlines:
    """A recording with its outlines and the role of every pixel.

    Parameters
    ----------
    planes
        Mean images.
    labels
        (plane, y, x); cells that people decided to be none are taken away.
    roles
        By role (plane, y, x) bool: pixels that play it.
    """

    planes: MeanPlanes
    labels: NDArray[np.int32]
    roles: dict[str, NDArray[np.bool_]]


def outlines_of(
    study: Study, names: Sequence[str], config: SplitConfig
) -> tuple[list[Outlines], str, dict[str, Any]]:
    """Recordings whose outlines are trained on, with what is held out.

    Returns
    -------
    The recordings; what the held-out figures rest on, in words; numbers for the card.

    Raises
    ------
    InputError
        If a recording is not there, or there are no outlines.
    """
    names = list(names) or list(study.recordings)
    recordings = [study.recording(name) for name in names]
    table = study.table()
    cells = study.cells()
    cells = cells[cells["recording"].isin(names)].reset_index(drop=True)
    if cells.empty:
        raise InputError(
            f"The recordings of {study.path} have no outlines to learn from; identify "
            "them, and correct the outlines, first."
        )
    pixel_um = {one.name: one.info.pixel_size_um for one in recordings}
    split = split_cells(study.path, cells, config, pixel_um)
    decided = table["status"].isin(DECIDED) & (table["consensus"] == NOT_A_CELL)
    gone = set(zip(table.loc[decided, "recording"], table.loc[decided, "cell"],
                   strict=True))  # fmt: skip
    found = []
    for one in recordings:
        mine = cells["recording"] == one.name
        labels = one.labels().copy()
        taken = np.array(
            [
                label
                for cell, label in cells.loc[mine, ["cell", "label"]].to_numpy(int)
                if (one.name, cell) in gone
            ],
            np.int64,
        )
        labels[np.isin(labels, taken)] = 0
        roles = _roles(labels, cells[mine], split.role[mine.to_numpy()],
                       split.unit[mine.to_numpy()], pixel_um[one.name])  # fmt: skip
        found.append(Outlines(one.planes(), labels, roles))
    about = {
        "recordings": names,
        "cells": int(sum(len(np.unique(one.labels)) - 1 for one in found)),
        "not_a_cell": len(gone),
        "held_out": split.words,
        "held_out_units": list(split.held_out),
    }
    return found, split.words, about


def fields_of(
    outlines: Sequence[Outlines],
    role: str,
    card: ModelCard,
    config: SegmenterTrainingConfig,
) -> list[LabelledField]:
    """Planes that have pixels of a role, with the others left out."""
    return [
        labelled_field(
            one.planes, plane, one.labels[plane], card, config,
            left_out=~one.roles[role][plane],
        )
        for one in outlines
        for plane in range(len(one.labels))
        if one.roles[role][plane].any()
    ]  # fmt: skip


def simulated(
    n: int, kind: Kind, seed: int
) -> Step[list[tuple[MeanPlanes, NDArray[np.int32], NDArray[np.bool_]]]]:
    """Simulate fields: images, labels, and where nobody can say whether a cell is."""
    found = []
    for k in range(n):
        yield Progress("Simulating fields", k, n)
        rng = np.random.default_rng([seed, 78, k])
        config = draw_config(kind, rng, n_planes=1)
        side = round(_FIELD_UM / config.pixel_size_um)
        sized = config.model_copy(update={"height": side, "width": side})
        field = finish(simulate(sized))
        planes = MeanPlanes(
            name="simulated",
            red=field.red.astype(np.float32),
            green=field.green.astype(np.float32),
            pixel_size_um=config.pixel_size_um,
        )
        found.append((planes, field.labels, field.unsure))
    return found


def _roles(
    labels: NDArray[np.int32],
    cells: pd.DataFrame,
    role: NDArray[np.object_],
    unit: NDArray[np.object_],
    pixel_um: float,
) -> dict[str, NDArray[np.bool_]]:
    """Role of every pixel: that of the whole recording, or of its piece."""
    names = ("train", "validation", "test")
    if not any(str(one).startswith("part ") for one in unit):
        whole = role[0] if len(role) else "train"
        return {name: np.full(labels.shape, name == whole) for name in names}
    size = TILE_UM / pixel_um
    rows, columns = ((np.arange(n) // size).astype(int) for n in labels.shape[-2:])
    of_piece = {
        (int(y // size), int(x // size)): one
        for y, x, one in zip(cells["y"], cells["x"], role, strict=True)
    }
    roles = {name: np.zeros(labels.shape, bool) for name in names}
    for i in np.unique(rows):
        for j in np.unique(columns):
            name = of_piece.get((int(i), int(j)), "train")
            roles[name][:, np.ix_(rows == i, columns == j)[0],
                        np.ix_(rows == i, columns == j)[1]] = True  # fmt: skip
    return roles
