"""The cells on which people agreed, as a table to train on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from napari_cellid import __version__
from napari_cellid.agreement.vote import DECIDED
from napari_cellid.config import NOT_A_CELL
from napari_cellid.errors import InputError
from napari_cellid.files import replacing_file
from napari_cellid.study.consensus import count_matched_votes, write_csv

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
    """Cells to train on.

    Parameters
    ----------
    path
        `training_set.csv`.
    cells
        What it holds.
    description
        What `training_set.json` says: rule, counts, annotators, time, classes, and
        the sha256 of the table.
    """

    path: Path
    cells: pd.DataFrame
    description: dict[str, Any]


def make_training_set(study: Study, rule: VoteConfig | None = None) -> TrainingSet:
    """Write the cells on which people agreed: training_set.csv and training_set.json.

    Cells whose class was settled by vote or by adjudication are taken, also those that
    are not a cell (class `not_a_cell`).

    Parameters
    ----------
    study
        The study.
    rule
        How votes become one; by default the study's.

    Raises
    ------
    InputError
        If there is no such cell, or the files cannot be written.
    """
    return _write(study, *decided_cells(study, rule))


def decided_cells(
    study: Study, rule: VoteConfig | None = None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Cells on which people agreed, and what is to be known of them; writes nothing.

    Raises
    ------
    InputError
        If there is no such cell.
    """
    rule = rule or study.config.vote
    resolved = study.read_answers()
    table = count_matched_votes(study.cells(), resolved, rule)
    decided = table[table["status"].isin(DECIDED) & table["consensus"].ne("")]
    # a class that was taken out of the study since
    known = decided["class"].isin([*_names(study), NOT_A_CELL])
    if not known.any():
        counts = table["status"].value_counts()
        raise InputError(
            f"No cell of {study.path} is decided under the rule {rule.rule} of at "
            f"least {rule.min_annotators} people, so there is nothing to train on "
            f"({counts.get('too_few', 0)} have too few answers, "
            f"{counts.get('disputed', 0)} are disputed); answer more cells, "
            "adjudicate, or change the rule."
        )
    cells = decided.loc[known, list(TRAINING_COLUMNS)].reset_index(drop=True)
    about = _describe(study, cells, rule)
    about["annotators"] = _people(cells, resolved.current())
    about["adjudicators"] = _people(cells, resolved.current("adjudicator"))
    about["cells_of_other_classes"] = _counts(decided.loc[~known, "class"])
    return cells, about


def _describe(study: Study, cells: pd.DataFrame, rule: VoteConfig) -> dict[str, Any]:
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "napari_cellid": __version__,
        "rule": rule.model_dump(mode="json"),
        "classes": [one.model_dump(mode="json") for one in study.config.classes],
        "cells": len(cells),
        "cells_by_class": _counts(cells["class"]),
        "cells_by_animal": _counts(cells["animal"]),
        "cells_by_recording": _counts(cells["recording"]),
    }


def _people(cells: pd.DataFrame, answers: pd.DataFrame) -> list[str]:
    """Who answered at least one of the cells."""
    theirs = answers.merge(cells[["recording", "cell"]], on=["recording", "cell"])
    return sorted(set(theirs["annotator"]))


def _names(study: Study) -> list[str]:
    return [one.name for one in study.config.classes]


def _write(study: Study, cells: pd.DataFrame, about: dict[str, Any]) -> TrainingSet:
    path, beside = study.path / TRAINING_TABLE, study.path / TRAINING_ABOUT
    try:
        # the description last: its hash tells a table that is not its own
        with atomic_write(beside) as described, atomic_write(path) as listed:
            write_csv(cells, listed)
            digest = hashlib.sha256(listed.read_bytes()).hexdigest()
            about |= {"table": TRAINING_TABLE, "table_sha256": digest}
            text = json.dumps(about, indent=2, ensure_ascii=False)
            described.write_text(text + "\n", "utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            f"The training set cannot be written to {study.path} "
            f"({error.strerror or error}); check the permissions and the free room."
        ) from error
    return TrainingSet(path, cells, about)


def _counts(values: pd.Series[str]) -> dict[str, int]:
    return {str(name): int(n) for name, n in values.value_counts().items()}
