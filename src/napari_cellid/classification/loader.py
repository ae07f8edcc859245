"""Loads a classifier of any kind, and names its classes as the laboratory does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.classification.ensemble import average
from napari_cellid.classification.patch import load_patch_classifier
from napari_cellid.classification.pixel import ARCHITECTURE, load_pixel_classifier
from napari_cellid.models.class_names import name_classes
from napari_cellid.models.registry import (
    ENSEMBLE,
    default_model,
    find_model,
)
from napari_cellid.models.store import load_card

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.config import StudyConfig


def load_classifier(
    requested: str | Path | None = None,
    config: StudyConfig | None = None,
    study_models: Path | None = None,
) -> CellClassifier:
    """Load a classifier: the default one, by name, by path, or the ensemble of both.

    Parameters
    ----------
    requested
        Name or folder of the model; None for the default one.
    config
        Settings of the study, or of a labelling scheme, that name the classes; None
        for the names that the model has.
    study_models
        Folder of the study's own models, whose names mean what the study's mean.

    Raises
    ------
    InputError
        If there is no such model, it does another task, its weights do not fit, or a
        class may mean something else in the study.
    """
    requested = default_model("classify") if requested is None else requested
    if str(requested) == ENSEMBLE:
        first, second = load_patch_classifier(), load_pixel_classifier("one_pass")
        return average(
            replace(first, card=name_classes(first.card, config)),
            replace(second, card=name_classes(second.card, config)),
        )
    folder = find_model(requested, "classify")
    of_study = study_models is not None and folder.parent == study_models
    card = load_card(folder, "classify")
    # before the weights, which take longer
    named = name_classes(card, config, of_study=of_study)
    if card.architecture == ARCHITECTURE:
        return replace(load_pixel_classifier(folder), card=named)
    return replace(load_patch_classifier(folder), card=named)
