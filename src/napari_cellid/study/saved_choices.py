"""What saved results were made with, read from the record of their run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from napari_cellid.config import Scheme, StudyClass, StudyConfig
from napari_cellid.config.classes import STATES, free_key
from napari_cellid.config.markers import asked_names, default_colours
from napari_cellid.errors import InputError
from napari_cellid.models.store import load_card

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.models.card import ModelCard, Task


def saved_naming(run: Mapping[str, Any]) -> StudyConfig | None:
    """Scheme, names and colours of the classes of a run; None if it does not say them.

    Parameters
    ----------
    run
        Content of `run.json`.
    """
    about = run.get("classes")
    markers = about.get("markers") if isinstance(about, dict) else None
    if not isinstance(about, dict) or not isinstance(markers, dict):
        return None
    colours = about.get("colours")
    known = default_colours(list(markers)) | (
        colours if isinstance(colours, dict) else {}
    )
    made: list[StudyClass] = []
    try:
        for name, state in markers.items():
            one = StudyClass(
                name=name,
                key=free_key(name, made),
                colour=known[name],
                markers=state,
            )
            made.append(one)
        config = StudyConfig(scheme=about.get("scheme"), classes=tuple(made))
    except ValidationError:
        # a record that somebody changed, or of a version to come
        return None
    return None if config.scheme is None else config


def scheme_of(config: StudyConfig) -> Scheme | None:
    """The labelling scheme that gives the names of some settings; None if none does.

    Classes of a study can have been renamed.
    """
    if config.scheme is None:
        return None
    names = config.state_names
    asked = STATES[: len(asked_names(config.scheme))]
    try:
        scheme = Scheme(
            name=config.scheme,
            class_names=tuple(names.get(state, "") for state in asked),
        )
    except ValidationError:
        return None
    same = {one.markers: one.name for one in scheme.classes()} == names
    return scheme if same else None


def find_saved_model(
    run: Mapping[str, Any], task: Task, listed: Mapping[Path, ModelCard]
) -> Path | None:
    """Folder of the model that a run used for a task; None if it used none.

    Parameters
    ----------
    run
        Content of `run.json`.
    task
        Task of the model.
    listed
        Models that can be chosen, by folder. Any other one is looked for where the run
        read it.

    Raises
    ------
    InputError
        If the model is not there any more, or has other weights.
    """
    models = run.get("models")
    used = models.get(task) if isinstance(models, dict) else None
    if not isinstance(used, dict):
        return None
    weights, folder = used.get("weights_sha256"), used.get("folder")
    for place, card in listed.items():
        if card.weights_sha256 == weights:
            return place
    name = f"The model {used.get('name')!r} of these results"
    remedy = "so another one is chosen; cells that you identify now may differ."
    if folder is None:
        raise InputError(f"{name} does not come with this version, {remedy}")
    try:
        card = load_card(Path(str(folder)), task)
    except InputError as error:
        raise InputError(f"{name} is not at {folder} any more, {remedy}") from error
    if card.weights_sha256 != weights:
        raise InputError(f"{name} has other weights by now ({folder}), {remedy}")
    return Path(str(folder))
