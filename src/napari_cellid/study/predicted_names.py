"""Names of predicted classes in the table of a recording, as the study has them now.

Predictions are written once, with the names of their time. The record of the run tells
what the cells of each predicted class show, so that the names follow when a study says
later what red marks.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.cells.none_of_these import is_none
from napari_cellid.config import NO_CLASS, StudyConfig
from napari_cellid.errors import InputError
from napari_cellid.models.registry import SHIPPED_MODELS, shipped_ensemble
from napari_cellid.models.store import list_models

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from napari_cellid.models.card import ModelCard


def predicted_markers(run: Mapping[str, Any]) -> dict[str, str]:
    """What the cells of each predicted class of a run show, where that is known.

    Parameters
    ----------
    run
        Content of `run.json`. Versions without labelling schemes wrote the paper's
        names for the marker states of the models that come with the package.
    """
    classes = run.get("classes")
    if isinstance(classes, dict):
        markers = classes.get("markers")
        known = markers.items() if isinstance(markers, dict) else ()
        return {str(name): str(state) for name, state in known if state}
    models = run.get("models")
    model = models.get("classify") if isinstance(models, dict) else None
    weights = model.get("weights_sha256") if isinstance(model, dict) else None
    if weights in _shipped_weights():
        return {one.name: one.markers for one in StudyConfig().classes}
    return {}


def present_names(run: Mapping[str, Any], config: StudyConfig) -> dict[str, str]:
    """Name that each predicted class of a run has now, where it is another one.

    Parameters
    ----------
    run
        Content of `run.json`.
    config
        Settings of the study.
    """
    names = config.earlier_names
    if config.scheme is None:
        return names
    states = config.state_names
    for name, state in predicted_markers(run).items():
        # a state that no class of the study has is a name of its own
        names[name] = states.get(state, state)
    return {old: new for old, new in names.items() if old != new}


def rename_classes(cells: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Give the predicted classes in a cell table other names, all at once.

    Parameters
    ----------
    cells
        Cell table, with the columns `predicted` and `p_<class>` if it has classes.
    names
        New name of each class that is renamed; two may exchange their names.

    Returns
    -------
    The same table if nothing changes, else a changed copy. A probability whose new
    column exists already keeps its name: two classes of a model are never merged. Cells
    whose class cannot be told stay `none`, even if a class once had this name.
    """
    present = {old: new for old, new in names.items() if f"p_{old}" in cells}
    columns = {
        f"p_{old}": f"p_{new}"
        for old, new in present.items()
        if f"p_{new}" not in cells or new in present
    }
    if "predicted" in cells and cells["predicted"].isin(list(names)).any():
        predicted = cells["predicted"].map(lambda name: names.get(name, name))
        predicted[is_none(cells)] = NO_CLASS
        cells = cells.assign(predicted=predicted)
    return cells.rename(columns=columns) if columns else cells


def is_model_of(study_models: Path, card: ModelCard) -> bool:
    """Whether a model is one of a study's own, whose names mean what its mean."""
    own = (one.weights_sha256 for _, one in list_models(study_models))
    return card.weights_sha256 in own


def check_predicted_meaning(
    card: ModelCard, config: StudyConfig, study_models: Path
) -> None:
    """Refuse predictions of a name that may mean something else in a study.

    What cells of a class show decides its name, so only classes of which that is
    unknown are refused.

    Parameters
    ----------
    card
        Description of the model, with the names that were predicted.
    config
        Settings of the study that gets the predictions.
    study_models
        Folder of the study's own models.

    Raises
    ------
    InputError
        If a class of the study shows something, and it is unknown whether the predicted
        class of the same name does.
    """
    shown = {name: one.markers for one in config.classes for name in one.names}
    for name, state in zip(card.classes, card.states, strict=True):
        if not state and shown.get(name) and not is_model_of(study_models, card):
            raise InputError(
                f"The model {card.name!r} does not say what its {name!r} cells show, "
                f"but in this study they are {shown[name]}; save the result in the "
                "study that the model was trained in, or identify with another model."
            )


def without_predictions(cells: pd.DataFrame) -> pd.DataFrame:
    """A cell table without what a model predicted, where its meaning is unknown."""
    chances = [name for name in cells if str(name).startswith("p_")]
    emptied = cells.drop(columns=chances)
    return emptied.assign(predicted="", confidence=np.nan)


@cache
def _shipped_weights() -> frozenset[str]:
    """Hashes of the classifiers that come with the package, and of their ensemble."""
    cards = [card for _, card in list_models(SHIPPED_MODELS) if card.task == "classify"]
    ensemble = shipped_ensemble()
    cards += [] if ensemble is None else [ensemble]
    return frozenset(card.weights_sha256 for card in cards)
