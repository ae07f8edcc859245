"""The models that come with the package, and the names under which they are found."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.models.store import (
    CARD_FILE,
    WEIGHTS_FILE,
    list_models,
    not_a_folder,
)

if TYPE_CHECKING:
    from napari_cellid.models.card import ModelCard, Task

#: folder of the models that come with the package
SHIPPED_MODELS = Path(__file__).parents[1] / "weights"
#: alternative names of these models
ALIASES = {"inception": "inception_v3", "one-pass": "one_pass"}
#: the name of the ensemble of Inception-v3 and the pixel classifier
ENSEMBLE = "both"
#: the model of each task where none is named, and a training begins with it; cells are
#: classified by the ensemble of it and the pixel classifier, see `default_model`
DEFAULTS: dict[Task, str] = {"segment": "unet", "classify": "inception_v3"}


def find_model(requested: str | Path | None, task: Task) -> Path:
    """Find the folder of a model: the default, a shipped model, or a path.

    Raises
    ------
    InputError
        If there is no such model.
    """
    name = str(requested or DEFAULTS[task])
    if name == ENSEMBLE and task == "classify":
        name = DEFAULTS[task]
    name = ALIASES.get(name, name)
    # a bare name means a shipped model, even if the working directory has such a folder
    if (SHIPPED_MODELS / name / CARD_FILE).is_file():
        return SHIPPED_MODELS / name
    folder = Path(name).expanduser()
    if folder.is_file() and folder.name in (CARD_FILE, WEIGHTS_FILE):
        folder = folder.parent
    if folder.is_file():
        raise InputError(not_a_folder(folder))
    if folder.is_dir():
        return folder
    known = ", ".join(sorted(card.name for _, card in list_models(SHIPPED_MODELS)))
    raise InputError(
        f"There is no model {name!r}; give the path of a model folder or the name of "
        f"a model that comes with napari-cellid ({known or 'none here'})."
    )


def default_model(task: Task) -> str:
    """Name of the model that does a task where no model is named.

    Cells are classified by the ensemble, whose classes are the best on average in
    `docs/explanation/models.md`; without one of its members by the patch classifier.
    """
    if task == "classify" and shipped_ensemble() is not None:
        return ENSEMBLE
    return DEFAULTS[task]


def shipped_ensemble() -> ModelCard | None:
    """The card of `ENSEMBLE`; None if one of its two classifiers is not here."""
    cards = {folder.name: card for folder, card in list_models(SHIPPED_MODELS)}
    first, second = cards.get(DEFAULTS["classify"]), cards.get(ALIASES["one-pass"])
    if first is None or second is None:
        return None
    return ensemble_card(first, second)


def ensemble_card(patches: ModelCard, pixels: ModelCard) -> ModelCard:
    """Return the card of an ensemble of two classifiers."""
    hashes = patches.weights_sha256 + pixels.weights_sha256
    confidences = patches.least_confidence, pixels.least_confidence
    contrasts = patches.least_contrast, pixels.least_contrast
    return patches.model_copy(
        update={
            "least_confidence": _mean_limit(*confidences),
            "least_contrast": _mean_limit(*contrasts),
            "name": f"{patches.name} + {pixels.name}",
            "description": "The mean of the probabilities of "
            f"{patches.name} and {pixels.name}.",
            "weights_sha256": hashlib.sha256(hashes.encode()).hexdigest(),
        }
    )


def _mean_limit(first: float | None, second: float | None) -> float | None:
    """Limit of the mean of two models; None where one of them has none."""
    return None if first is None or second is None else (first + second) / 2
