"""The models and class names of a command: as given, otherwise those of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from napari_cellid.config import StudyConfig
    from napari_cellid.models.card import Task

#: option that names the model of a task
_OPTIONS: dict[Task, str] = {"segment": "segmenter", "classify": "classifier"}


class ClassNaming(NamedTuple):
    """What names the classes of a model, as `load_classifier` takes it."""

    config: StudyConfig | None = None
    study_models: Path | None = None


def class_naming(arguments: Namespace, *, needs_scheme: bool) -> ClassNaming:
    """What names the classes: the study with --scheme, or --scheme alone.

    Parameters
    ----------
    arguments
        Arguments of the command line.
    needs_scheme
        Whether cells are classified, so that it must be known what red marks.

    Raises
    ------
    InputError
        If the study does not say what red marks, or says something else.
    """
    from napari_cellid.config import StudyConfig
    from napari_cellid.study.scheme import preview_scheme, require_scheme
    from napari_cellid.study.settings import STUDY_FILE, read_settings
    from napari_cellid.study.study import Study

    scheme = arguments.scheme
    if arguments.study is None or not (arguments.study / STUDY_FILE).exists():
        return ClassNaming(None if scheme is None else StudyConfig.of_scheme(scheme))
    # the settings alone: the tables of its recordings were read by the check before
    study = Study(arguments.study, read_settings(arguments.study / STUDY_FILE))
    config = study.config if scheme is None else preview_scheme(study, scheme)
    if needs_scheme:
        require_scheme(config)
    return ClassNaming(config, study.models)


def requested_models(arguments: Namespace, task: Task) -> dict[Task, str | None]:
    """Return the model of a task: as given, otherwise that of the study.

    Raises
    ------
    InputError
        If the model of the study is missing.
    """
    given: str | None = vars(arguments)[_OPTIONS[task]]
    if arguments.study is None or not (arguments.study / "study.toml").exists():
        return {task: given}
    from napari_cellid.retrain.active_model import resolve_model
    from napari_cellid.study.study import Study

    return {task: resolve_model(Study.open(arguments.study), given, task)}
