"""Makes a trained model the study's, or the one before it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.errors import InputError
from napari_cellid.models.registry import DEFAULTS, SHIPPED_MODELS
from napari_cellid.models.store import load_card
from napari_cellid.progress import Progress
from napari_cellid.training.run import Run

if TYPE_CHECKING:
    from napari_cellid.models.card import Task
    from napari_cellid.progress import Step
    from napari_cellid.study.study import Study


def activate_run_folder(study: Study, folder: Path) -> Step[Study]:
    """Make the model of a run the study's; gives the study as it is then.

    Raises
    ------
    InputError
        If the run has no model, or the study cannot be written.
    """
    from napari_cellid.retrain.active_model import activate_run

    yield Progress("Copying the model")
    return activate_run(study, Run.open(folder))


def restore_previous_model(study: Study, folder: Path) -> Step[Study]:
    """Make the model that a run was compared with the study's again.

    Raises
    ------
    InputError
        If it is gone, or the study cannot be written.
    """
    from napari_cellid.retrain.active_model import activate_model

    yield Progress("Changing the model")
    run = Run.open(folder)
    task: Any = run.task
    return activate_model(study, _name(study, run, task), task)


def active_weights(study: Study | None) -> set[str]:
    """Hashes of the weights of the models that a study uses."""
    from napari_cellid.retrain.active_model import current_model

    found: set[str] = set()
    if study is None:
        return found
    for task in DEFAULTS:
        try:
            folder = current_model(study, task)
            found.add(load_card(folder).weights_sha256)
        except InputError:
            # the dock that uses it tells
            continue
    return found


def _name(study: Study, run: Run, task: Task) -> str:
    """How `study.toml` names the model before; "" for the default one."""
    before = Path(str(run.about.get("old_model") or SHIPPED_MODELS / DEFAULTS[task]))
    if before == SHIPPED_MODELS / DEFAULTS[task]:
        return ""
    if before.parent in (SHIPPED_MODELS, study.models) and before.is_dir():
        return before.name
    raise InputError(
        f"The model before, {before}, is not among the models of the study; choose "
        "another training under Runs and use its model."
    )
