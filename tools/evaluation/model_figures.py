"""Operating points and figures of the default models, on held-out simulated fields."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.channels.model_input import Combination, combine
from napari_cellid.channels.normalisation import ROBUST
from napari_cellid.channels.resampling import rescale
from napari_cellid.classification.pixel import mean_over_cells
from napari_cellid.config import ClassifyConfig, DeviceConfig, SegmentConfig
from napari_cellid.config.markers import DEFAULT_CLASSES
from napari_cellid.device import choose_device
from napari_cellid.evaluation.detection import DetectionCounts, count_detections
from napari_cellid.evaluation.metrics import classification_metrics
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.instances import label_plane, shift_probabilities
from napari_cellid.segmentation.scales import predict_at_scales
from napari_cellid.segmentation.targets import IGNORE_INDEX
from napari_cellid.segmentation.tta import predict_tta
from tools.simulation.simulated_set import PIXEL_SIZE_UM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_cellid.segmentation.unet import UNet

#: what the three classes of simulated cells show, in their order; names follow from
#: what red marks in a study
STATES = tuple(one.markers for one in DEFAULT_CLASSES)
#: detection F1 that two operating points may differ by
EQUALLY_GOOD = 0.005
SIMULATED = "simulated fields held out from training (own simulator)"
SHIFTS = np.arange(-2.5, 4.01, 0.25)


def best_shift(
    net: UNet,
    paths: list[Path],
    combination: Combination,
    scales: Sequence[float] = (1.0,),
) -> float:
    """Shift of the cell outputs with the best detection at the threshold.

    Of equally good ones the middle one. The views have the sizes `scales`.
    """
    totals = [DetectionCounts() for _ in SHIFTS]
    for path in paths:
        field = OutlinedField(net, path, combination, scales)
        for k, shift in enumerate(SHIFTS):
            totals[k] += field.detection(float(shift))
    f1 = np.array([total.metrics()["f1"] for total in totals])
    return float(np.median(SHIFTS[f1 >= f1.max() - EQUALLY_GOOD]))


def detection_figures(
    net: UNet,
    paths: list[Path],
    combination: Combination,
    shift: float,
    scales: Sequence[float] = (1.0,),
) -> dict[str, object]:
    """F1, precision and recall at IoU 0.5, for a model's card."""
    values = total_detection(net, paths, combination, shift, scales).metrics()
    return {
        "measured_on": f"{len(paths)} {SIMULATED}, on which nothing was adjusted; "
        "outlines on sections too faint to judge are left out",
        "detection_f1_iou_0.5": round(values["f1"], 4),
        "precision": round(values["precision"], 4),
        "recall": round(values["recall"], 4),
        "true_cells": values["n"],
    }


def detection_f1(
    net: UNet, paths: list[Path], combination: Combination, shift: float
) -> float:
    """F1 at IoU 0.5 over all cells of some fields, the cell outputs shifted."""
    total = total_detection(net, paths, combination, shift)
    return round(float(total.metrics()["f1"]), 3)


def total_detection(
    net: UNet,
    paths: list[Path],
    combination: Combination,
    shift: float,
    scales: Sequence[float] = (1.0,),
) -> DetectionCounts:
    """Counts over all cells of some fields."""
    total = DetectionCounts()
    for path in paths:
        total += OutlinedField(net, path, combination, scales).detection(shift)
    return total


class OutlinedField:
    """Probability maps of a field that is kept on disk, and its truth."""

    def __init__(
        self,
        net: UNet,
        path: Path,
        combination: Combination,
        scales: Sequence[float] = (1.0,),
    ) -> None:
        with np.load(path) as file:
            red, green = (file[n].astype(np.float32) for n in ("red", "green"))
            self.truth = file["labels"]
            self.unsure = file["target"] == IGNORE_INDEX
        device = choose_device(DeviceConfig())
        step = predict_at_scales(
            net,
            lambda scale: combine(
                rescale(red, scale), rescale(green, scale), ROBUST, combination
            ),
            scales,
            SegmentConfig().views,
            device,
        )
        maps = run_to_end(step)
        # simulated fields are never empty
        assert maps is not None
        self.maps = maps

    def detection(self, shift: float) -> DetectionCounts:
        """Compare the cells with the true ones, the cell outputs shifted."""
        maps = shift_probabilities(self.maps, shift)
        core = maps[2] if len(maps) > 2 else None
        found = label_plane(maps[1:].sum(0), core, PIXEL_SIZE_UM, SegmentConfig())
        return count_sure_detections(found, self.truth, self.unsure)


def count_sure_detections(
    found: np.ndarray, truth: np.ndarray, unsure: np.ndarray
) -> DetectionCounts:
    """Compare outlines where the truth cannot say everywhere whether a cell is there.

    Parameters
    ----------
    found, truth
        Labels (y, x).
    unsure
        (y, x) bool: where the truth cannot say it. A found cell with more than half of
        its pixels there does not count, unless it matches a true one.
    """
    area = np.bincount(found.ravel())
    doubtful = np.bincount(found[unsure], minlength=len(area)) > 0.5 * area
    doubtful[0] = False
    every = count_detections(found, truth)
    unsure_ones = count_detections(np.where(doubtful[found], found, 0), truth)
    return replace(
        every, n_found=every.n_found - unsure_ones.n_found + unsure_ones.true_positives
    )


def by_kind(folder: Path) -> dict[str, list[Path]]:
    """Fields on disk by the kind in their names."""
    kinds: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.npz")):
        kind = path.name.rpartition("-")[0].partition("-")[0]
        kinds.setdefault(kind, []).append(path)
    return kinds


def held_out_probabilities(
    net: UNet, paths: list[Path], combination: Combination
) -> tuple[np.ndarray, np.ndarray]:
    """Class probabilities (cell, class) and true classes of all clear cells.

    Means over the true outlines, as a pixel classifier makes them, without temperature.
    """
    device = choose_device(DeviceConfig())
    views = ClassifyConfig().class_views
    probabilities, truth = [], []
    for path in paths:
        with np.load(path) as file:
            red, green = (file[n].astype(np.float32) for n in ("red", "green"))
            labels, kind, clear = file["labels"], file["kind"], ~file["ambiguous"]
        image = combine(red, green, ROBUST, combination)
        maps = run_to_end(predict_tta(net, image, device, views))
        present = np.unique(labels[labels > 0])
        numbers = present[clear[present - 1]]
        if len(numbers):
            class_maps = maps[net.config.out_channels :]
            probabilities.append(mean_over_cells(class_maps, labels, numbers))
            truth.append(kind[numbers - 1].astype(int))
    return np.concatenate(probabilities), np.concatenate(truth)


def class_figures(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """Figures of a classifier, for a model's card."""
    values = classification_metrics(truth, probabilities, STATES)
    return {
        "measured_on": f"{len(truth)} unambiguous cells of {SIMULATED}, on which "
        "nothing was adjusted",
        "balanced_accuracy": round(values["balanced_accuracy"], 4),
        "accuracy": round(values["accuracy"], 4),
        "sensitivity": {
            name: round(values["by_class"][name]["sensitivity"], 4) for name in STATES
        },
        "expected_calibration_error": round(values["ece"], 4),
    }
