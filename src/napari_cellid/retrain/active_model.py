"""Which models a study uses, and how it comes to use another."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from napari_cellid.config import StudyModels
from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write_folder
from napari_cellid.models.registry import DEFAULTS, SHIPPED_MODELS, find_model
from napari_cellid.models.store import CARD_FILE, WEIGHTS_FILE, list_models, load_card
from napari_cellid.progress import Progress
from napari_cellid.training.layout import MODEL_FOLDER
from napari_cellid.training.run import Run

if TYPE_CHECKING:
    from napari_cellid.models.card import ModelCard, Task
    from napari_cellid.progress import Step
    from napari_cellid.study.study import Study


def current_model(study: Study, task: Task) -> Path:
    """Folder of the model that a study uses: its own, or the default one.

    Raises
    ------
    InputError
        If the model that `study.toml` names is not there.
    """
    name: str = getattr(study.config.models, task)
    if not name:
        return find_model(None, task)
    folder: Path = study.models / name
    if (folder / CARD_FILE).is_file():
        return folder
    if (SHIPPED_MODELS / name / CARD_FILE).is_file():
        return SHIPPED_MODELS / name
    raise InputError(
        f"study.toml names the model {name!r}, but {folder} is not there; put it back "
        "from a copy, or take the name out of [models]."
    )


def resolve_model(study: Study | None, wanted: str | None, task: Task) -> str | None:
    """Which model a study means by a name, or uses where none is named.

    Parameters
    ----------
    study
        The study, if there is one.
    wanted
        Name or folder that was asked for; None for the study's own choice.
    task
        What the model does.

    Returns
    -------
    What `find_model` takes: None for the default one.

    Raises
    ------
    InputError
        If the model that `study.toml` names is not there.
    """
    if study is None:
        return wanted
    if wanted is None:
        used = getattr(study.config.models, task)
        return str(current_model(study, task)) if used else None
    own = study.models / wanted
    return str(own) if (own / CARD_FILE).is_file() else wanted


def study_models(study: Study, task: Task) -> list[tuple[Path, ModelCard]]:
    """Models of a study for one task, by name."""
    found = list_models(study.models)
    return [(folder, card) for folder, card in found if card.task == task]


def activate_run(study: Study, run: Run, name: str = "") -> Study:
    """Make the model of a run the study's; the one before stays in its folder.

    Parameters
    ----------
    study
        The study.
    run
        A training that gave a model.
    name
        Folder of the model in the study; by default the name of the run.

    Returns
    -------
    The study with its new settings.

    Raises
    ------
    InputError
        If the run has no model, the name is taken by another model, or the study
        cannot be written to.
    """
    source = run.folder / MODEL_FOLDER
    if not (source / CARD_FILE).is_file():
        raise InputError(
            f"The training {run.name} has no model yet; wait until it ends, or stop it."
        )
    card = load_card(source)
    name = name or run.name
    _checked(study, name, card.task)
    target = study.models / name
    if (target / CARD_FILE).is_file():
        if load_card(target).weights_sha256 != card.weights_sha256:
            raise InputError(
                f"The study has another model named {name!r}; give this one another "
                "name with --name."
            )
    else:
        with atomic_write_folder(target) as temporary:
            for file in (WEIGHTS_FILE, CARD_FILE):
                shutil.copyfile(source / file, temporary / file)
    return activate_model(study, name, card.task)


def activate_model(study: Study, name: str, task: Task) -> Study:
    """Write into `study.toml` which model the study uses; "" for the default one.

    Raises
    ------
    InputError
        If the name cannot be one, or it cannot be written.
    """
    # as it is on disk now: others may have changed classes or rule since
    now = type(study).open(study.path)
    models = _checked(now, name, task)
    return now.save_config(now.config.model_copy(update={"models": models}))


def _checked(study: Study, name: str, task: Task) -> StudyModels:
    """The models of a study with another one for a task."""
    try:
        return StudyModels(**{**study.config.models.model_dump(), task: name})
    except ValidationError as error:
        raise InputError(
            f"{name!r} cannot be the name of a model in a study; use letters, digits, "
            "spaces, - and _."
        ) from error


def activate_run_folder(study: Study, folder: Path) -> Step[Study]:
    """Make the model of a run the study's; gives the study as it is then.

    Raises
    ------
    InputError
        If the run has no model, or the study cannot be written.
    """
    yield Progress("Copying the model")
    return activate_run(study, Run.open(folder))


def restore_previous_model(study: Study, folder: Path) -> Step[Study]:
    """Make the model that a run was compared with the study's again.

    Raises
    ------
    InputError
        If it is gone, or the study cannot be written.
    """
    yield Progress("Changing the model")
    run = Run.open(folder)
    task: Any = run.task
    return activate_model(study, _previous_name(study, run, task), task)


def active_weights(study: Study | None) -> set[str]:
    """Hashes of the weights of the models that a study uses."""
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


def _previous_name(study: Study, run: Run, task: Task) -> str:
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
