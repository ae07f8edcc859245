"""Loads a classifier of any kind from a model folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.classification.ensemble import average
from napari_cellid.classification.patch import load_patch_classifier
from napari_cellid.classification.pixel import ARCHITECTURE, load_pixel_classifier
from napari_cellid.models.registry import ENSEMBLE, find_model
from napari_cellid.models.store import load_card

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.classification.base import CellClassifier


def load_classifier(requested: str | Path | None = None) -> CellClassifier:
    """Load a classifier: the default one, by name, by path, or the ensemble of both.

    Raises
    ------
    InputError
        If there is no such model, it does another task, or its weights do not fit.
    """
    if str(requested) == ENSEMBLE:
        return average(load_patch_classifier(), load_pixel_classifier("one_pass"))
    folder = find_model(requested, "classify")
    if load_card(folder, "classify").architecture == ARCHITECTURE:
        return load_pixel_classifier(folder)
    return load_patch_classifier(folder)
