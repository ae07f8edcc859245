"""Tables of a cross-validation from the images to the classes: outlines count, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_cellid.crossvalidation.detections import read_comparisons
from napari_cellid.crossvalidation.end_to_end import summarise_outlines
from napari_cellid.crossvalidation.layout import DETECTIONS_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.crossvalidation.experiment import Experiment

#: metrics of the outlines, with their names in the report
OUTLINE_METRICS = {
    "pixel_accuracy": "pixel accuracy",
    "background_accuracy": "pixel accuracy of an image without any cell",
    "dice": "Dice coefficient of the pixels of cells",
    "iou": "intersection over union of the pixels of cells",
    "average_precision": "average precision at an overlap of 0.5",
    "f1": "F1 score of the outlines at an overlap of 0.5",
    "precision": "precision of the outlines",
    "recall": "share of the cells that are outlined",
    "centroid_f1": "F1 score of the centroids within 6 µm",
    "count_error": "number of outlines over that of the cells, less 1",
}
#: the pixel accuracy that the paper prints, on the images of its training
_PAPER = {"pixel_accuracy": 0.932}


def outline_metrics(experiment: Experiment) -> dict[str, Any]:
    """Metrics of the outlines of the U-Net; empty if none were made."""
    if not experiment.config.end_to_end:
        return {}
    return summarise_outlines(read_comparisons(experiment.folder / DETECTIONS_FILE))


def outlines_table(metrics: Mapping[str, Any]) -> pd.DataFrame:
    """Metrics of the outlines beside the paper's: `metric`, `value` and `paper`."""
    rows = [
        {"metric": label, "value": metrics[name], "paper": _PAPER.get(name)}
        for name, label in OUTLINE_METRICS.items()
    ]
    return pd.DataFrame(rows)


def end_to_end_table(summary: Mapping[str, Any]) -> pd.DataFrame:
    """Figures of each method on the outlines of the U-Net.

    Parameters
    ----------
    summary
        Result of `crossvalidation.summary.summarise`.

    Returns
    -------
    One row a protocol and method: shares from 0 to 1 of all test cells that are found
    (`found`), and found with the correct class (`correct`), that among found cells
    (`correct_of_found`), numbers of missed cells and of superfluous outlines, and F1 of
    the classes, for which both count. Empty where no outlines were made.
    """
    rows = []
    for protocol, part in summary.items():
        for name, method in part["methods"].items():
            one = method.get("end_to_end")
            if one is None:
                continue
            rows.append(
                {"protocol": protocol, "method": name}
                | {k: one[k] for k in ("found", "correct", "correct_of_found")}
                | {k: one[k] for k in ("missed", "superfluous", "macro_f1")}
                | {f"F1 {c}": values["f1"] for c, values in one["by_class"].items()}
            )
    return pd.DataFrame(rows)


def outline_caveats(metrics: Mapping[str, Any], *, simulated: bool) -> list[str]:
    """What limits the figures of the outlines, a sentence each."""
    notes = [
        f"The outlines are those of the U-Net {metrics['model']}, which is not "
        "retrained in the folds: recordings of its training are not new to it.",
        "Of the superfluous outlines as large a share is classified as of the cells of "
        "a recording, so that both count alike.",
    ]
    if metrics["same_outlines"]:
        notes.append(
            "Most true outlines are those of this U-Net itself, so that finding them "
            "again shows nothing; the figures of outlines need outlines of people."
        )
    if simulated:
        notes.append(
            "The shipped U-Net was trained on fields of the same simulator, and "
            "outlines on sections too faint to decide count as superfluous here."
        )
    return notes
