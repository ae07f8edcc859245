"""The steps that the identify widget runs in the background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_cellid.identify import identify_cells, write_results
from napari_cellid.progress import Progress
from napari_cellid.widgets._shared.torch_import import import_torch

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.config import IdentifyConfig
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.progress import Step
    from napari_cellid.recording import Recording
    from napari_cellid.segmentation.predict import Segmenter


@dataclass(frozen=True, eq=False)
class Models:
    """Models in memory, and the folders they were read from."""

    segmenter_folder: Path | None = None
    classifier_folder: Path | None = None
    segmenter: Segmenter | None = None
    classifier: CellClassifier | None = None


def run_identify(
    recording: Recording,
    folders: tuple[Path | None, Path | None],
    loaded: Models,
    config: IdentifyConfig,
) -> Step[tuple[IdentifyResult, Models]]:
    """Identify cells, loading the models that are not in memory yet.

    Parameters
    ----------
    recording
        Needs a pixel size.
    folders
        Of the model that outlines (None for the default one), and of the one that
        classifies (None to outline only).
    loaded
        Models of the last run.
    config
        Settings.

    Returns
    -------
    What was found, and the models, for the next run.
    """
    yield Progress("Loading models")
    models = load_models(folders, loaded)
    if models.segmenter is None:
        raise RuntimeError("No model was loaded.")
    found = yield from identify_cells(
        recording, models.segmenter, models.classifier, config
    )
    return found, models


def load_models(folders: tuple[Path | None, Path | None], loaded: Models) -> Models:
    """Load the models in two folders; those in memory already are taken from there."""
    import_torch()
    from napari_cellid.classification.loader import load_classifier
    from napari_cellid.segmentation.predict import load_segmenter

    outline, classify = folders
    segmenter, classifier = loaded.segmenter, loaded.classifier
    if segmenter is None or outline != loaded.segmenter_folder:
        segmenter = load_segmenter(outline)
    if classify is None:
        classifier = None
    elif classifier is None or classify != loaded.classifier_folder:
        classifier = load_classifier(classify)
    return Models(outline, classify, segmenter, classifier)


def save_results(found: IdentifyResult, folder: Path) -> Step[Path]:
    """Write the result files; gives the folder they are in."""
    yield Progress("Saving results")
    return write_results(found, folder)
