"""The outlines of a study for the training of a U-Net, by role."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.agreement.vote import DECIDED
from napari_cellid.config import NOT_A_CELL
from napari_cellid.errors import InputError
from napari_cellid.retrain.run_images import add_pixels
from napari_cellid.retrain.split import TILE_UM, split_cells
from napari_cellid.segmentation.dataset import labelled_field
from napari_cellid.study.consensus import consensus_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config import SegmenterTrainingConfig, SplitConfig
    from napari_cellid.models.card import ModelCard
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.dataset import LabelledField
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study

ROLES = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class OutlinedRecording:
    """A recording with its outlines and the role of every pixel.

    Parameters
    ----------
    planes
        Mean images.
    labels
        Labels (plane, y, x), without cells decided as not a cell.
    roles
        Mask (plane, y, x) of the pixels of each role.
    """

    planes: MeanPlanes
    labels: NDArray[np.int32]
    roles: dict[str, NDArray[np.bool_]]


def load_outlines(
    study: Study, names: Sequence[str], config: SplitConfig, *, keep: bool = True
) -> tuple[list[OutlinedRecording], str, dict[str, Any]]:
    """Load the outlines of recordings, and assign a role to each pixel.

    Parameters
    ----------
    study
        The study.
    names
        Recordings with correct outlines; empty for all.
    config
        Shares of held-out and validation cells.
    keep
        Whether new roles are written to the study.

    Returns
    -------
    The recordings, a sentence about what is held out, and the data for the model card.

    Raises
    ------
    InputError
        If a recording does not exist, or there are no outlines.
    """
    chosen = list(names) or list(study.recordings)
    recordings = [study.recording(name) for name in chosen]
    cells = study.cells()
    cells = cells[cells["recording"].isin(chosen)].reset_index(drop=True)
    if cells.empty:
        raise InputError(
            f"The recordings of {study.path} have no outlines; identify them and "
            "correct the outlines first."
        )
    pixel_um = {one.name: one.info.pixel_size_um for one in recordings}
    split = split_cells(study.path, cells, config, pixel_um, keep=keep)
    cells = cells.assign(role=split.role, unit=split.unit)
    removed = _not_cells(study)
    outlines = [
        _outlined(one, cells[cells["recording"] == one.name], removed.get(one.name, []))
        for one in recordings
    ]
    about = {
        "recordings": chosen,
        "all_recordings": not names,
        "cells": int(sum(np.count_nonzero(np.unique(one.labels)) for one in outlines)),
        "cells_by_role": {
            str(k): int(n) for k, n in cells["role"].value_counts().items()
        },
        "not_a_cell": sum(len(removed.get(name, [])) for name in chosen),
        "held_out": split.words,
        "held_out_units": list(split.held_out),
        "sha256": _digest(outlines),
    }
    return outlines, split.words, about


def _outlined(
    recording: StudyRecording, cells: pd.DataFrame, removed: Sequence[int]
) -> OutlinedRecording:
    """Read a recording without the outlines of `removed` cells."""
    labels = recording.labels().copy()
    not_cells = cells["cell"].isin(removed)
    labels[np.isin(labels, cells.loc[not_cells, "label"])] = 0
    roles = _roles(labels, cells, recording.info.pixel_size_um)
    return OutlinedRecording(recording.planes(), labels, roles)


def training_fields(
    outlines: Sequence[OutlinedRecording],
    role: str,
    card: ModelCard,
    config: SegmenterTrainingConfig,
) -> list[LabelledField]:
    """Return the planes with pixels of a role; pixels of other roles are ignored."""
    return [
        labelled_field(
            one.planes, plane, one.labels[plane], card, config,
            left_out=~one.roles[role][plane],
        )
        for one in outlines
        for plane in range(len(one.labels))
        if one.roles[role][plane].any()
    ]  # fmt: skip


def _not_cells(study: Study) -> dict[str, list[int]]:
    """Return the cells decided as not a cell, by recording."""
    table = consensus_table(study)
    none = table["status"].isin(DECIDED) & (table["consensus"] == NOT_A_CELL)
    return {
        str(name): [int(cell) for cell in rows["cell"]]
        for name, rows in table[none].groupby("recording")
    }


def _digest(outlines: Sequence[OutlinedRecording]) -> str:
    """Hash the images, the outlines and the roles."""
    total = hashlib.sha256()
    for one in outlines:
        planes = one.planes
        # the pixel size belongs to the images: the network sees them resampled
        total.update(f"{planes.name} {planes.pixel_size_um}".encode())
        if planes.diameter_px is not None:
            total.update(f"{planes.diameter_px}".encode())
        add_pixels(total, planes)
        total.update(np.ascontiguousarray(one.labels).tobytes())
        for role in ROLES:
            total.update(np.packbits(one.roles[role]).tobytes())
    return total.hexdigest()


def _roles(
    labels: NDArray[np.int32], cells: pd.DataFrame, pixel_um: float
) -> dict[str, NDArray[np.bool_]]:
    """Return the role of each pixel: that of its recording or of its tile.

    A tile without cells is used for training, because it shows background.
    """
    if not cells["unit"].str.startswith("part ").any():
        whole = cells["role"].iloc[0] if len(cells) else "train"
        return {name: np.full(labels.shape, name == whole) for name in ROLES}
    size = TILE_UM / pixel_um
    rows, columns = (np.arange(n) // size for n in labels.shape[-2:])
    roles = {name: np.full(labels.shape, name == "train") for name in ROLES}
    places = zip(cells["y"] // size, cells["x"] // size, cells["role"], strict=True)
    # if a cell has moved to another tile, the held-out role takes precedence
    for row, column, role in sorted(set(places), key=lambda one: ROLES.index(one[2])):
        here = (rows == row)[:, None] & (columns == column)
        for name in ROLES:
            roles[name][:, here] = name == role
    return roles
