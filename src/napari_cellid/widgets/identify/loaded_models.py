"""The models that the Identify dock keeps in memory from one run to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_cellid.widgets._shared.torch_import import import_torch

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.config import StudyConfig
    from napari_cellid.models.card import Task
    from napari_cellid.segmentation.predict import Segmenter

    #: settings that name the classes, and the folder of the study's own models
    Naming = tuple[StudyConfig | None, Path | None]


@dataclass(frozen=True, eq=False)
class LoadedModels:
    """Models in memory, where they were read from, and what named the classes."""

    segmenter_folder: Path | None = None
    classifier_folder: Path | None = None
    segmenter: Segmenter | None = None
    classifier: CellClassifier | None = None
    naming: Naming = (None, None)

    @property
    def folders(self) -> dict[Task, Path | None]:
        """Folder of the model of each task."""
        return {"segment": self.segmenter_folder, "classify": self.classifier_folder}


def load_models(
    segmenter_folder: Path | None,
    classifier_folder: Path | None,
    loaded: LoadedModels,
    naming: Naming = (None, None),
) -> LoadedModels:
    """Load the models of two folders, except those that are in memory already."""
    # before the models import torch in the usual way
    import_torch()
    from napari_cellid.segmentation.predict import load_segmenter

    segmenter = loaded.segmenter
    if segmenter is None or segmenter_folder != loaded.segmenter_folder:
        segmenter = load_segmenter(segmenter_folder)
    models = load_only_classifier(classifier_folder, loaded, naming)
    return replace(models, segmenter_folder=segmenter_folder, segmenter=segmenter)


def load_only_classifier(
    classifier_folder: Path | None, loaded: LoadedModels, naming: Naming
) -> LoadedModels:
    """Load the model that classifies; the one that outlines stays as it is."""
    import_torch()
    from napari_cellid.classification.loader import load_classifier

    classifier = loaded.classifier
    if classifier_folder is None:
        classifier = None
    elif (
        classifier is None
        or classifier_folder != loaded.classifier_folder
        or naming != loaded.naming
    ):
        classifier = load_classifier(classifier_folder, *naming)
    return replace(
        loaded,
        classifier_folder=classifier_folder,
        classifier=classifier,
        naming=naming,
    )
