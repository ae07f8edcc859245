"""The outlines of a study as material: what is trained on, and what is held out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.agreement.vote import DECIDED
from napari_cellid.config import NOT_A_CELL
from napari_cellid.errors import InputError
from napari_cellid.progress import Progress, run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.retrain.split import TILE_UM, split_cells
from napari_cellid.segmentation.dataset import labelled_field
from napari_cellid.simulation.conditions import draw_config
from napari_cellid.simulation.field import simulate
from napari_cellid.study.consensus import consensus_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config import SegmenterTrainingConfig, SplitConfig
    from napari_cellid.models.card import ModelCard
    from napari_cellid.progress import Step
    from napari_cellid.segmentation.dataset import LabelledField
    from napari_cellid.simulation.conditions import Kind
    from napari_cellid.study.study import Study

ROLES = ("train", "validation", "test")
#: edge of a simulated field (µm)
_FIELD_UM = 250.0


@dataclass(frozen=True, eq=False)
class OutlinedRecording:
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


def load_outlines(
    study: Study, names: Sequence[str], config: SplitConfig, *, keep: bool = True
) -> tuple[list[OutlinedRecording], str, dict[str, Any]]:
    """Recordings whose outlines are trained on, with what is held out.

    Parameters
    ----------
    study
        The study.
    names
        Recordings whose outlines are right; none for all.
    config
        Shares.
    keep
        Whether new roles are written into the study; else they are only told.

    Returns
    -------
    The recordings; what the held-out figures rest on, in words; numbers for the card.

    Raises
    ------
    InputError
        If a recording is not there, or there are no outlines.
    """
    chosen = list(names) or list(study.recordings)
    recordings = [study.recording(name) for name in chosen]
    cells = study.cells()
    cells = cells[cells["recording"].isin(chosen)].reset_index(drop=True)
    if cells.empty:
        raise InputError(
            f"The recordings of {study.path} have no outlines to learn from; identify "
            "them, and correct the outlines, first."
        )
    pixel_um = {one.name: one.info.pixel_size_um for one in recordings}
    split = split_cells(study.path, cells, config, pixel_um, keep=keep)
    cells = cells.assign(role=split.role, unit=split.unit)
    gone = _not_cells(study)
    found = []
    for one in recordings:
        mine = cells[cells["recording"] == one.name]
        none = mine["cell"].isin(gone.get(one.name, []))
        labels = one.labels().copy()
        labels[np.isin(labels, mine.loc[none, "label"])] = 0
        roles = _roles(labels, mine, pixel_um[one.name])
        found.append(OutlinedRecording(one.planes(), labels, roles))
    about = {
        "recordings": chosen,
        "all_recordings": not names,
        "cells": int(sum(np.count_nonzero(np.unique(one.labels)) for one in found)),
        "cells_by_role": {
            str(k): int(n) for k, n in cells["role"].value_counts().items()
        },
        "not_a_cell": sum(len(gone.get(name, [])) for name in chosen),
        "held_out": split.words,
        "held_out_units": list(split.held_out),
        "sha256": _digest(found),
    }
    return found, split.words, about


def training_fields(
    outlines: Sequence[OutlinedRecording],
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


def simulate_fields(
    n: int, kind: Kind, seed: int, *, alone: int = 0
) -> Step[list[tuple[MeanPlanes, NDArray[np.int32], NDArray[np.bool_]]]]:
    """Simulate fields: images, labels, and where nobody can say whether a cell is.

    Parameters
    ----------
    n
        How many.
    kind
        Of which kind.
    seed
        Fixes them.
    alone
        Every `alone`-th has no red channel, so that a model that knows such
        recordings does not forget them; 0: none. What only red shows is then unsure.
    """
    found = []
    for k in range(n):
        yield Progress("Simulating fields", k, n)
        rng = np.random.default_rng([seed, 78, k])
        config = draw_config(kind, rng, n_planes=1)
        side = round(_FIELD_UM / config.pixel_size_um)
        sized = config.model_copy(update={"height": side, "width": side})
        field = run_to_end(simulate(sized))
        planes = MeanPlanes(
            name="simulated",
            red=field.red.astype(np.float32),
            green=field.green.astype(np.float32),
            pixel_size_um=config.pixel_size_um,
        )
        labels, unsure = field.labels, field.unsure
        if alone and k % alone == alone - 1:
            glia = field.cells.loc[field.cells["class"] == "glia", "label"]
            hidden = np.isin(labels, glia)
            planes = replace(planes, red=None)
            labels, unsure = np.where(hidden, 0, labels), unsure | hidden
        found.append((planes, labels, unsure))
    return found


def _not_cells(study: Study) -> dict[str, list[int]]:
    """Cells that people decided to be none, by recording."""
    table = consensus_table(study)
    none = table["status"].isin(DECIDED) & (table["consensus"] == NOT_A_CELL)
    return {
        str(name): [int(cell) for cell in rows["cell"]]
        for name, rows in table[none].groupby("recording")
    }


def _digest(outlines: Sequence[OutlinedRecording]) -> str:
    """Hash of images, outlines and what is held out."""
    total = hashlib.sha256()
    for one in outlines:
        planes = one.planes
        total.update(f"{planes.name} {planes.pixel_size_um}".encode())
        for channel in (planes.red, planes.green):
            if channel is not None:
                total.update(np.ascontiguousarray(channel).tobytes())
        total.update(np.ascontiguousarray(one.labels).tobytes())
        for role in ROLES:
            total.update(np.packbits(one.roles[role]).tobytes())
    return total.hexdigest()


def _roles(
    labels: NDArray[np.int32], cells: pd.DataFrame, pixel_um: float
) -> dict[str, NDArray[np.bool_]]:
    """Role of every pixel: that of the whole recording, or of its piece.

    A piece without a cell is trained on: that nothing is there can be learned, too.
    """
    if not cells["unit"].str.startswith("part ").any():
        whole = cells["role"].iloc[0] if len(cells) else "train"
        return {name: np.full(labels.shape, name == whole) for name in ROLES}
    size = TILE_UM / pixel_um
    rows, columns = (np.arange(n) // size for n in labels.shape[-2:])
    roles = {name: np.full(labels.shape, name == "train") for name in ROLES}
    places = zip(cells["y"] // size, cells["x"] // size, cells["role"], strict=True)
    # where a cell lies in another piece than when it was first seen, held out wins
    for row, column, role in sorted(set(places), key=lambda one: ROLES.index(one[2])):
        here = (rows == row)[:, None] & (columns == column)
        for name in ROLES:
            roles[name][:, here] = name == role
    return roles
