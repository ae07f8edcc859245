"""The file that says what an experiment runs, and its cells."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_cellid.crossvalidation.cells import read_cells, write_cells
from napari_cellid.crossvalidation.folds import make_folds
from napari_cellid.crossvalidation.layout import CELLS_FILE, EXPERIMENT_FILE
from napari_cellid.crossvalidation.starting_weights import check_starts
from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import atomic_write
from napari_cellid.json_file import read_json
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from napari_cellid.crossvalidation.experiment import Experiment


def save_experiment(experiment: Experiment) -> Experiment:
    """Write what is run, and the cells.

    Returns
    -------
    The experiment. If the folder has it already, the cells are those with which it was
    begun: answers that were given since change nothing.

    Raises
    ------
    InputError
        If the folder has another experiment or cannot be written, or starting weights
        cannot be loaded or are for another network, or a class is missing where a fold
        would be trained; nothing is written then.
    """
    path = experiment.folder / EXPERIMENT_FILE
    about = {
        "study": str(experiment.study.absolute()),
        "classes": list(experiment.cells.classes),
        "config": experiment.config.model_dump(),
        "training": experiment.training.model_dump(),
    }
    begun_before = path.exists()
    if begun_before:
        experiment = _with_first_cells(experiment, about)
    _check(experiment)
    if begun_before:
        return experiment
    try:
        write_cells(experiment.folder / CELLS_FILE, experiment.cells)
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(about, indent=2), "utf-8", newline="\n")
    except OSError as error:
        raise InputError(
            f"{experiment.folder} cannot be written ({file_reason(error)}); choose "
            "another folder with --out."
        ) from error
    return experiment


def _with_first_cells(experiment: Experiment, about: dict[str, Any]) -> Experiment:
    """The experiment with the cells of its folder, if that holds the same one."""
    try:
        before = read_json(experiment.folder / EXPERIMENT_FILE)
    except (OSError, ValueError):
        before = None
    if before != about:
        raise InputError(
            f"{experiment.folder} holds an evaluation with other settings; choose "
            "another folder with --out, or the settings with which it was begun."
        )
    path = experiment.folder / CELLS_FILE
    return replace(experiment, cells=read_cells(path, experiment.cells.classes))


def _check(experiment: Experiment) -> None:
    """Refuse at once what would be refused in the first fold that has it."""
    for protocol in experiment.protocols:
        for seed in experiment.seeds(protocol):
            make_folds(experiment.cells, protocol, experiment.config.folds, seed)
    study = Study.open(experiment.study)
    check_starts(study, experiment.cells.classes, experiment.methods)
