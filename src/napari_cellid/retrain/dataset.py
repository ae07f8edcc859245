"""The decided cells of a study as a training set, with their roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd

from napari_cellid.classification.dataset import RecordingCells, prepare_cells
from napari_cellid.config import NOT_A_CELL
from napari_cellid.errors import InputError, first_line
from napari_cellid.io.csv_text import unprotect_table
from napari_cellid.retrain.split import split_cells, split_off_validation
from napari_cellid.retrain.split_file import Role
from napari_cellid.study.recordings import IMAGES, missing_files
from napari_cellid.study.training_set import (
    count_values,
    decided_cells,
    make_training_set,
)

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

#: file with the cells of a run at its start
CELLS_FILE = "cells.csv"
_TEXT_COLUMNS = ("recording", "class", "role", "unit", "animal")
_WHOLE_COLUMNS = ("cell", "plane")
COLUMNS = ("recording", "cell", "plane", "y", "x", "class", "role", "unit", "animal")


@dataclass(frozen=True, eq=False)
class DecidedCells:
    """The cells whose class people decided, with their roles.

    Parameters
    ----------
    table
        One row per cell, with `COLUMNS`.
    classes
        Names of the classes, in the study's order.
    about
        Origin of the cells: rule, people, hash, held-out units.
    """

    table: pd.DataFrame
    classes: tuple[str, ...]
    about: dict[str, Any]

    def part(self, role: str) -> pd.DataFrame:
        """Return the cells of one role."""
        return self.table[self.table["role"] == role].reset_index(drop=True)

    def counts(self) -> dict[str, dict[str, Any]]:
        """Count the cells of each role, in all and by class."""
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
        Shares of held-out and validation cells.
    rule
        Vote rule; None for the rule of the study.
    keep
        Whether the training set and new roles are written to the study.

    Raises
    ------
    InputError
        If there are no decided cells, or the study cannot be written.
    """
    if keep:
        made = make_training_set(study, rule)
        cells, from_votes = made.cells, made.description
    else:
        cells, from_votes = decided_cells(study, rule)
    table = cells[cells["class"] != NOT_A_CELL].reset_index(drop=True)
    if table.empty:
        raise InputError(
            f"All decided cells of {study.path} are 'not a cell', so there is no class "
            "to learn; label more cells."
        )
    pixel_um = {
        name: study.recording(name).info.pixel_size_um
        for name in table["recording"].unique()
    }
    split = split_cells(study.path, table, config, pixel_um, keep=keep)
    split = split_off_validation(split, table, config.validation)
    table = table.assign(role=split.role, unit=split.unit)[list(COLUMNS)]
    classes = tuple(c.name for c in study.config.visible_classes)
    return DecidedCells(table, classes, _origin(table, split, from_votes))


def _origin(
    table: pd.DataFrame, split: Split, from_votes: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe the origin of the cells, for `run.json`."""
    return {
        "training_set_sha256": from_votes.get("table_sha256", ""),
        "rule": from_votes["rule"],
        "annotators": from_votes["annotators"],
        "held_out": split.words,
        "held_out_units": list(split.held_out),
        "cells_by_animal": count_values(table["animal"]),
        "cells_by_recording": count_values(table["recording"]),
    }


def read_cells(
    folder: Path, classes: tuple[str, ...], about: dict[str, Any]
) -> DecidedCells:
    """Read the cells of a run as they were at its start.

    Raises
    ------
    InputError
        If the file is missing or damaged.
    """
    path = folder / CELLS_FILE
    try:
        text = dict.fromkeys(_TEXT_COLUMNS, str)
        # pandas reads a table that was cut off without complaint
        if not path.read_bytes().endswith(b"\n"):
            raise ValueError("its end is cut off")
        table = unprotect_table(pd.read_csv(path, dtype=text, keep_default_na=False))
        table = table.astype(dict.fromkeys(_WHOLE_COLUMNS, "int64"))
        table = table.astype(dict.fromkeys(("y", "x"), "float64"))
        decided = DecidedCells(table, classes, about)
        _check_kept(decided)
    # also what pandas raises for a table of another form
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(
            f"{path}, the cells of this training, is damaged ({first_line(error)}); "
            "start a new training."
        ) from error
    return decided


def _check_kept(decided: DecidedCells) -> None:
    """Raise a ValueError if the table of a run is not the one it began with."""
    table = decided.table
    if missing := [name for name in COLUMNS if name not in table]:
        raise ValueError(f"it lacks the column {missing[0]}")
    if not np.isfinite(table[["y", "x"]].to_numpy()).all():
        raise ValueError("a position is not a finite number")
    if other := set(table["class"]) - set(decided.classes):
        raise ValueError(f"it has the unknown class {sorted(other)[0]!a}")
    if other := set(table["role"]) - set(get_args(Role)):
        raise ValueError(f"it has the unknown role {sorted(other)[0]!a}")
    if table.duplicated(["recording", "cell"]).any():
        raise ValueError("it has a cell twice")
    began_with = decided.about.get("counts")
    if began_with is not None and began_with != decided.counts():
        raise ValueError("it has more or fewer cells than the training began with")


def check_images(study: Study, cells: DecidedCells) -> None:
    """Check that the images of all cells exist before a run starts.

    Raises
    ------
    InputError
        If a recording has no images, or only one channel.
    """
    for name in cells.table["recording"].unique():
        recording = study.recording(str(name))
        if IMAGES in missing_files(recording.folder):
            raise InputError(
                f"{recording.folder / IMAGES} is missing; identify the recording "
                "again, or restore the file."
            )
        _check_channels(recording)


def load_labelled_cells(
    study: Study, cells: DecidedCells, role: str, card: ModelCard
) -> PatchDataset:
    """Load the cells of one role as input of a model.

    Raises
    ------
    InputError
        If a recording or its images are missing.
    """
    rows = cells.part(role)
    parts = []
    # a fixed order, to which the seeded order of the samples refers
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
            f"{recording.name} has only one channel, but the classifier needs two; "
            "identify the recording with both channels."
        )
