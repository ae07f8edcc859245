"""Training set: the decided cells of a study as a table."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from napari_cellid import __version__
from napari_cellid.agreement.vote import DECIDED
from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import atomic_write
from napari_cellid.io.tables import write_cells
from napari_cellid.study.consensus import count_matched_votes

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from napari_cellid.config import VoteConfig
    from napari_cellid.study.study import Study

TRAINING_TABLE, TRAINING_ABOUT = "training_set.csv", "training_set.json"
#: columns of training_set.csv
TRAINING_COLUMNS = (
    "recording", "cell", "label", "plane", "y", "x", "class", "animal", "subvolume",
    "votes", "n_annotators", "status",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Training set of a study.

    Parameters
    ----------
    path
        Path of `training_set.csv`.
    cells
        Table of the cells.
    description
        Content of `training_set.json`: vote rule, counts, annotators, time, classes,
        and the sha256 of the table.
    """

    path: Path
    cells: pd.DataFrame
    description: dict[str, Any]


def make_training_set(study: Study, rule: VoteConfig | None = None) -> TrainingSet:
    """Write the decided cells to training_set.csv and training_set.json.

    Cells decided by vote or by adjudication are included, also those decided as
    `not_a_cell`.

    Parameters
    ----------
    study
        The study.
    rule
        Vote rule; by default that of the study.

    Raises
    ------
    InputError
        If no cell is decided, or the files cannot be written.
    """
    return _write(study, *decided_cells(study, rule))


def decided_cells(
    study: Study, rule: VoteConfig | None = None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Decided cells of a study, and their description; no file is written.

    Raises
    ------
    InputError
        If no cell is decided.
    """
    rule = rule or study.config.vote
    answers = study.read_answers()
    table = count_matched_votes(study.cells(), answers, rule)
    decided = table[table["status"].isin(DECIDED) & table["consensus"].ne("")]
    # without classes that were hidden or removed
    known = decided["class"].isin(study.config.offered_answers)
    if not known.any():
        counts = table["status"].value_counts()
        raise InputError(
            f"No cell of {study.path} is decided under the rule {rule.rule} with at "
            f"least {rule.min_annotators} people, so there is nothing to train on "
            f"({counts.get('too_few', 0)} have too few answers, "
            f"{counts.get('disputed', 0)} are disputed); answer more cells, "
            "adjudicate, or change the rule."
        )
    cells = decided.loc[known, list(TRAINING_COLUMNS)].reset_index(drop=True)
    description = _describe(study, cells, rule)
    description["annotators"] = _annotators(cells, answers.current())
    description["adjudicators"] = _annotators(cells, answers.current("adjudicator"))
    description["cells_of_other_classes"] = count_values(decided.loc[~known, "class"])
    return cells, description


def _describe(study: Study, cells: pd.DataFrame, rule: VoteConfig) -> dict[str, Any]:
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "napari_cellid": __version__,
        "rule": rule.model_dump(mode="json"),
        "classes": [one.model_dump(mode="json") for one in study.config.classes],
        "cells": len(cells),
        "cells_by_class": count_values(cells["class"]),
        "cells_by_animal": count_values(cells["animal"]),
        "cells_by_recording": count_values(cells["recording"]),
    }


def _annotators(cells: pd.DataFrame, answers: pd.DataFrame) -> list[str]:
    """Annotators who answered at least one of the cells."""
    of_cells = answers.merge(cells[["recording", "cell"]], on=["recording", "cell"])
    return sorted(set(of_cells["annotator"]))


def _write(
    study: Study, cells: pd.DataFrame, description: dict[str, Any]
) -> TrainingSet:
    study.check_present()
    path, description_path = study.path / TRAINING_TABLE, study.path / TRAINING_ABOUT
    try:
        # the description is replaced last: its hash reveals a table of another version
        with (
            atomic_write(description_path) as new_description,
            atomic_write(path) as new_table,
        ):
            write_cells(new_table, cells)
            digest = hashlib.sha256(new_table.read_bytes()).hexdigest()
            description |= {"table": TRAINING_TABLE, "table_sha256": digest}
            text = json.dumps(description, indent=2, ensure_ascii=False)
            new_description.write_text(text + "\n", "utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            f"The training set cannot be written to {study.path} "
            f"({file_reason(error)}); check the permissions and the free space."
        ) from error
    return TrainingSet(path, cells, description)


def count_values(values: pd.Series[str]) -> dict[str, int]:
    """Count each value, the most frequent first, in types that JSON can hold."""
    return {str(name): int(n) for name, n in values.value_counts().items()}
