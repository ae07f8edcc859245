"""The models with which a recording of a study was identified."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from napari_cellid.cells.none_of_these import NONE_RECORD
from napari_cellid.config import ClassifyConfig, IdentifyConfig
from napari_cellid.errors import InputError
from napari_cellid.models.registry import ENSEMBLE, SHIPPED_MODELS, shipped_ensemble
from napari_cellid.models.store import list_models

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.models.card import Task
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.predict import Segmenter
    from napari_cellid.study.added_cells import Classify
    from napari_cellid.study.study import Study


def find_run_model(
    study: Study, run: Mapping[str, Any], task: Task
) -> Path | str | None:
    """Folder or name of the model that a run used; None if it used none.

    Parameters
    ----------
    study
        The study, which may have models of its own.
    run
        `StudyRecording.run`.
    task
        Task of the model.

    Raises
    ------
    InputError
        If the model is not here any more, or has other weights.
    """
    used = run.get("models", {}).get(task)
    if not used:
        return None
    models = list_models(study.models, SHIPPED_MODELS)
    own = [(folder, card) for folder, card in models if card.task == task]
    for folder, card in own:
        if card.weights_sha256 == used.get("weights_sha256"):
            return folder
    ensemble = shipped_ensemble() if task == "classify" else None
    if ensemble and ensemble.weights_sha256 == used.get("weights_sha256"):
        return ENSEMBLE
    raise InputError(
        f"The model {used.get('name')!r} of this recording is not here, or has other "
        "weights by now; put its folder back into the models of the study, or identify "
        "the recording again."
    )


@dataclass(frozen=True, eq=False)
class RunModels:
    """Models in memory that treat new cells as a run treated the others.

    Parameters
    ----------
    segmenter
        U-Net for a probability map; None if none is to be predicted.
    classifier
        Classifier of the run; None leaves new cells without a class.
    note
        Why there is no classifier although the run had one, a sentence; else "".
    discs
        Whether new cells are discs, whatever a map shows.
    """

    segmenter: Segmenter | None = None
    classifier: CellClassifier | None = None
    note: str = ""
    discs: bool = False


def load_run_models(
    study: Study,
    run: Mapping[str, Any],
    segmenter: str | Path | None = None,
) -> RunModels:
    """Load the models of a run.

    A classifier that is not here any more leaves cells without a class, because that of
    another model would stand among those of this one.

    Parameters
    ----------
    study
        The study.
    run
        `StudyRecording.run`.
    segmenter
        A U-Net, by name or folder; None if no map is to be predicted.

    Raises
    ------
    InputError
        If the U-Net cannot be loaded.
    """
    from napari_cellid.classification.loader import load_classifier
    from napari_cellid.segmentation.predict import load_segmenter

    unet = None if segmenter is None else load_segmenter(segmenter)
    classifier, note = load_run_classifier(study, run, load_classifier)
    return RunModels(unet, classifier, note)


def load_run_classifier(
    study: Study,
    run: Mapping[str, Any],
    load: Callable[[Path | str], CellClassifier],
) -> tuple[CellClassifier | None, str]:
    """Load the classifier of a run, with the names that its table has.

    Parameters
    ----------
    study
        The study.
    run
        `StudyRecording.run`.
    load
        Loads a classifier by folder or name.

    Returns
    -------
    The classifier, or None; and why there is none although the run had one.
    """
    try:
        folder = find_run_model(study, run, "classify")
        if folder is None:
            return None, ""
        return _named_as_written(load(folder), run), ""
    except InputError as error:
        # a cell is worth more than its class
        return None, f"{error} New cells have no class."


def _named_as_written(
    classifier: CellClassifier, run: Mapping[str, Any]
) -> CellClassifier:
    """The classifier of a run, with the names that the table of the run has.

    A table is written once, and the study names its classes when it is read.

    Parameters
    ----------
    classifier
        The classifier of the run.
    run
        `StudyRecording.run`.
    """
    about = run.get("classes")
    written = tuple(about.get("markers", ())) if isinstance(about, dict) else ()
    if len(written) != len(classifier.card.classes):
        # an earlier version wrote the names that the model has
        return classifier
    card = classifier.card.model_copy(update={"classes": written})
    changed: Any = classifier
    named: CellClassifier = replace(changed, card=card)
    return named


def run_settings(run: Mapping[str, Any]) -> IdentifyConfig:
    """Settings of a run; the defaults where it has none that can be used.

    The confidence below which a cell has no class is that of the run, whatever the card
    of the model says by now: a run of an earlier version gave every cell a class.
    """
    try:
        config = IdentifyConfig.model_validate(run.get("settings") or {})
    except ValidationError:
        # a run of another version: the settings of the models count
        config = IdentifyConfig()
    limits = run.get(NONE_RECORD)
    below: Any = 0
    if isinstance(limits, dict):
        # 0 would turn off the limit of contrast, too
        below = limits.get("confidence_below") or "auto"
    classify = {**config.classify.model_dump(), "none_below": below}
    # a record that somebody changed counts as none
    with suppress(ValidationError):
        return config.model_copy(update={"classify": ClassifyConfig(**classify)})
    return config


def classify_with(classifier: CellClassifier, run: Mapping[str, Any]) -> Classify:
    """A function that classifies new cells as the others of a recording were.

    Parameters
    ----------
    classifier
        The classifier of the run.
    run
        `StudyRecording.run`.
    """
    return partial(_classify, classifier, run_settings(run))


def _classify(
    classifier: CellClassifier,
    config: IdentifyConfig,
    planes: MeanPlanes,
    labels: NDArray[np.int32],
    rows: pd.DataFrame,
) -> Step[pd.DataFrame]:
    from napari_cellid.classification.base import classify_cells
    from napari_cellid.device import choose_device

    device = choose_device(config.device)
    return (
        yield from classify_cells(
            planes, labels, rows, classifier, config.classify, device
        )
    )
