"""The active models of a study, and how to change them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from napari_cellid.config import StudyConfig, StudyModels
from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write_folder
from napari_cellid.models.registry import DEFAULTS, SHIPPED_MODELS, find_model
from napari_cellid.models.store import CARD_FILE, WEIGHTS_FILE, list_models, load_card
from napari_cellid.naming import check_folder_name
from napari_cellid.progress import Progress
from napari_cellid.training.layout import MODEL_FOLDER
from napari_cellid.training.run import Run

if TYPE_CHECKING:
    from napari_cellid.models.card import ModelCard, Task
    from napari_cellid.progress import Step
    from napari_cellid.study.study import Study


def current_model(study: Study, task: Task) -> Path:
    """Return the folder of the active model of a study, or of the default model.

    Raises
    ------
    InputError
        If the model named in `study.toml` does not exist.
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


def resolve_model(study: Study | None, name: str | None, task: Task) -> str | None:
    """Resolve the name of a model within a study; without a name, the active model.

    Parameters
    ----------
    study
        The study, if there is one.
    name
        Name or folder of a model; None for the active model of the study.
    task
        Task of the model.

    Returns
    -------
    An argument for `find_model`; None for the default model.

    Raises
    ------
    InputError
        If the model named in `study.toml` does not exist.
    """
    if study is None:
        return name
    if name is None:
        used = getattr(study.config.models, task)
        return str(current_model(study, task)) if used else None
    # a model of the study goes before a shipped one of the same name
    own = study.models / name
    return str(own) if (own / CARD_FILE).is_file() else name


def study_models(study: Study, task: Task) -> list[tuple[Path, ModelCard]]:
    """List the models of a study for one task, by name."""
    models = list_models(study.models)
    return [(folder, card) for folder, card in models if card.task == task]


def activate_run(study: Study, run: Run, name: str = "") -> Study:
    """Copy the model of a run into the study, and make it the active model.

    Parameters
    ----------
    study
        The study.
    run
        A run with a model.
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
    # refuses a wrong name before anything is copied
    _with_model(study.config.models, name, card.task)
    target = study.models / name
    if (target / CARD_FILE).is_file():
        # the same weights were copied when the run was activated before
        if load_card(target).weights_sha256 != card.weights_sha256:
            raise InputError(
                f"The study has another model named {name!r}; give this one another "
                "name with --name."
            )
    else:
        check_folder_name(name, "model", "give it another name with --name")
        _copy_model(source, target)
    return activate_model(study, name, card.task)


def _copy_model(source: Path, target: Path) -> None:
    with atomic_write_folder(target) as temporary:
        for file in (WEIGHTS_FILE, CARD_FILE):
            shutil.copyfile(source / file, temporary / file)


def activate_model(study: Study, name: str, task: Task) -> Study:
    """Write the active model of a task to `study.toml`; "" for the default model.

    Raises
    ------
    InputError
        If the name is invalid, or `study.toml` cannot be written.
    """

    def edit(config: StudyConfig) -> StudyConfig:
        models = _with_model(config.models, name, task)
        return config.model_copy(update={"models": models})

    return study.edit_config(edit)


def _with_model(models: StudyModels, name: str, task: Task) -> StudyModels:
    """Return the models of a study, with the model of one task replaced."""
    try:
        return StudyModels(**{**models.model_dump(), task: name})
    except ValidationError as error:
        raise InputError(
            f"{name!r} cannot be the name of a model in a study; use letters, digits, "
            "spaces, - and _."
        ) from error


def activate_run_folder(study: Study, folder: Path) -> Step[Study]:
    """Make the model of a run the active model, and return the changed study.

    Raises
    ------
    InputError
        If the run has no model, or the study cannot be written.
    """
    yield Progress("Copying the model")
    return activate_run(study, Run.open(folder))


def restore_previous_model(study: Study, folder: Path) -> Step[Study]:
    """Make the old model, with which a run was compared, the active model again.

    Raises
    ------
    InputError
        If the old model does not exist any more, or the study cannot be written.
    """
    yield Progress("Changing the model")
    run = Run.open(folder)
    task: Any = run.task
    return activate_model(study, _previous_name(study, run, task), task)


def active_weights(study: Study | None) -> set[str]:
    """Return the hashes of the weights of the active models of a study."""
    hashes: set[str] = set()
    if study is None:
        return hashes
    for task in DEFAULTS:
        try:
            folder = current_model(study, task)
            hashes.add(load_card(folder).weights_sha256)
        except InputError:
            # the dock that loads the model reports the error
            continue
    return hashes


def _previous_name(study: Study, run: Run, task: Task) -> str:
    """Return the name of the old model for `study.toml`; "" for the default model."""
    old = Path(str(run.about.get("old_model") or SHIPPED_MODELS / DEFAULTS[task]))
    if old == SHIPPED_MODELS / DEFAULTS[task]:
        return ""
    if old.parent in (SHIPPED_MODELS, study.models) and old.is_dir():
        return old.name
    raise InputError(
        f"The old model, {old}, is not among the models of the study; choose "
        "another training under Runs and use its model."
    )
