"""The model that a training starts from, and the record of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.models.registry import find_model
from napari_cellid.models.store import CARD_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.models.card import ModelCard, Task

#: special names of starting weights: the default model, and random weights
SHIPPED, RANDOM = "shipped", "random"


def find_starting_model(requested: str, task: Task, study_models: Path | None) -> Path:
    """Folder of the model that a training starts from.

    Parameters
    ----------
    requested
        "shipped" or "" for the default model; name of a model of the study or of the
        package; or the path of a model folder.
    task
        Task of the model.
    study_models
        Folder of the study's models.

    Raises
    ------
    InputError
        If there is no such model.
    """
    if requested and study_models is not None:
        folder = study_models / requested
        if (folder / CARD_FILE).is_file():
            return folder
    return find_model(None if requested in ("", SHIPPED) else requested, task)


def describe_origin(card: ModelCard) -> dict[str, Any]:
    """Record of the starting model, for the card of the trained model."""
    return {
        "name": card.name,
        "weights_sha256": card.weights_sha256,
        "licence": card.licence,
    }
