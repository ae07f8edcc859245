"""The cells of a training: who decided what, and which part they play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.classification.dataset import RecordingCells, prepare_cells
from napari_cellid.config import NOT_A_CELL
from napari_cellid.errors import InputError
from napari_cellid.retrain.split import split_cells, split_off_validation
from napari_cellid.study.recordings import IMAGES, missing_files
from napari_cellid.study.training_set import decided_cells, make_training_set

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_cellid.classification.dataset import PatchDataset
    from napari_cellid.config import SplitConfig, VoteConfig
    from napari_cellid.models.card import ModelCard
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.retrain.split import Split
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study

#: the cells of a run, as they were when it began
CELLS_FILE = "cells.csv"
COLUMNS = ("recording", "cell", "plane", "y", "x", "class", "role", "unit", "animal")


@dataclass(frozen=True, eq=False)
class DecidedCells:
    """Cells whose class people decided.

    Parameters
    ----------
    table
        One row a cell: `COLUMNS`.
    classes
        Names of the classes, in the study's order.
    about
        Where they come from: rule, people, hash, what is held out.
    """

    table: pd.DataFrame
    classes: tuple[str, ...]
    about: dict[str, Any]

    def part(self, role: str) -> pd.DataFrame:
        """Rows of one role."""
        return self.table[self.table["role"] == role].reset_index(drop=True)

    def counts(self) -> dict[str, dict[str, Any]]:
        """For each role the number of cells, and by class."""
        found = {}
        for role, name in (("train", "train"), ("validation", "validation"),
                           ("test", "held_out")):  # fmt: skip
            part = self.part(role)
            by_class = part["class"].value_counts()
            found[name] = {
                "cells": len(part),
                "by_class": {one: int(by_class.get(one, 0)) for one in self.classes},
            }
        return found


def split_decided_cells(
    study: Study,
    config: SplitConfig,
    rule: VoteConfig | None = None,
    *,
    keep: bool = True,
) -> DecidedCells:
    """Collect the decided cells, and split them into training, validation and test.

    Cells decided as "not a cell" are left out, because a classifier predicts classes.

    Parameters
    ----------
    study
        The study.
    config
        What is held out.
    rule
        How votes become one; None for the study's.
    keep
        Whether the training set and new roles are written into the study; else they
        are only told.

    Raises
    ------
    InputError
        If there is none, or the study cannot be written to.
    """
    if keep:
        made = make_training_set(study, rule)
        cells, from_votes = made.cells, made.description
    else:
        cells, from_votes = decided_cells(study, rule)
    table = cells[cells["class"] != NOT_A_CELL].reset_index(drop=True)
    if table.empty:
        raise InputError(
            f"All decided cells of {study.path} are 'not a cell', so no class can be "
            "learned; answer cells that are."
        )
    pixel_um = {
        name: study.recording(name).info.pixel_size_um
        for name in table["recording"].unique()
    }
    split = split_cells(study.path, table, config, pixel_um, keep=keep)
    split = split_off_validation(split, table, config.validation)
    table = table.assign(role=split.role, unit=split.unit)[list(COLUMNS)]
    classes = tuple(one.name for one in study.config.classes)
    return DecidedCells(table, classes, _origin(table, split, from_votes))


def _origin(
    table: pd.DataFrame, split: Split, from_votes: Mapping[str, Any]
) -> dict[str, Any]:
    """Where the cells come from, for `run.json`."""
    return {
        "training_set_sha256": from_votes.get("table_sha256", ""),
        "rule": from_votes["rule"],
        "annotators": from_votes["annotators"],
        "held_out": split.words,
        "held_out_units": list(split.held_out),
        "cells_by_animal": _counts(table["animal"]),
        "cells_by_recording": _counts(table["recording"]),
    }


def read_cells(
    folder: Path, classes: tuple[str, ...], about: dict[str, Any]
) -> DecidedCells:
    """Read the cells with which a run began.

    Raises
    ------
    InputError
        If they are not there any more.
    """
    path = folder / CELLS_FILE
    try:
        table = pd.read_csv(path, dtype={"animal": str, "recording": str},
                            keep_default_na=False)  # fmt: skip
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}, the cells of this training, cannot be read ({error}); train anew."
        ) from error
    return DecidedCells(table, classes, about)


def check_images(study: Study, cells: DecidedCells) -> None:
    """Refuse cells whose images are not there, before a run is begun.

    Raises
    ------
    InputError
        If a recording has no images, or one channel only.
    """
    for name in cells.table["recording"].unique():
        recording = study.recording(str(name))
        if IMAGES in missing_files(recording.folder):
            raise InputError(
                f"{recording.folder / IMAGES} is missing; identify the recording "
                "again, or put the file back."
            )
        _check_channels(recording)


def load_labelled_cells(
    study: Study, cells: DecidedCells, role: str, card: ModelCard
) -> PatchDataset:
    """Prepare the cells of one role as a model sees them.

    Raises
    ------
    InputError
        If a recording is gone, or its images are.
    """
    rows = cells.part(role)
    parts = []
    for name, part in rows.groupby("recording", sort=True):
        planes = _planes(study, str(name))
        target = part["class"].map({c: k for k, c in enumerate(cells.classes)})
        parts.append(RecordingCells(planes, part, np.asarray(target, np.int64)))
    return prepare_cells(parts, card)


def _planes(study: Study, name: str) -> MeanPlanes:
    recording = study.recording(name)
    _check_channels(recording)
    return recording.planes()


def _check_channels(recording: StudyRecording) -> None:
    if set(recording.info.channels) != {"red", "green"}:
        raise InputError(
            f"{recording.name} has one channel only, but cells are told apart by two; "
            "identify it with both channels."
        )


def _counts(values: pd.Series[str]) -> dict[str, int]:
    return {str(name): int(n) for name, n in values.value_counts().items()}
