"""Classification of ROIs, each by all its pixels, where they overlap, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.classification.base import classify_cells
from napari_cellid.progress import subprogress

if TYPE_CHECKING:
    from napari_cellid.cells.rois import RoiSet
    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.config import ClassifyConfig
    from napari_cellid.device import Device
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes


def classify_rois(
    planes: MeanPlanes,
    rois: RoiSet,
    cells: pd.DataFrame,
    classifier: CellClassifier,
    config: ClassifyConfig,
    device: Device,
) -> Step[pd.DataFrame]:
    """Classify ROIs and fill the probabilities into their table.

    A classifier that reads outlines gets the ROIs in layers without overlaps.

    Parameters
    ----------
    planes
        Mean images of both channels.
    rois
        ROIs.
    cells
        Their table, as of `cells.rois.measure_rois`.
    classifier
        Predicts the classes.
    config
        Settings.
    device
        Where to compute.

    Returns
    -------
    The table, as of `classify_cells`, in the order of the labels.
    """
    if not classifier.uses_outlines or rois.n_layers == 1:
        labels = rois.layer_image(0)
        return (
            yield from classify_cells(planes, labels, cells, classifier, config, device)
        )
    layers = rois.layer[cells["label"].to_numpy() - 1]
    tables = []
    for layer in range(rois.n_layers):
        step = classify_cells(
            planes,
            rois.layer_image(layer),
            cells[layers == layer].reset_index(drop=True),
            classifier,
            config,
            device,
        )
        tables.append((yield from subprogress(step, layer, rois.n_layers)))
    return pd.concat(tables, ignore_index=True).sort_values("label", ignore_index=True)
