"""Operating points and figures of the default models, on held-out simulated fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_cellid.channels.normalise import Combination, combine
from napari_cellid.classification.pixel import mean_over_cells
from napari_cellid.config import ClassifyConfig, DeviceConfig, SegmentConfig
from napari_cellid.device import choose_device
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.instances import label_plane
from napari_cellid.segmentation.tta import predict_tta
from napari_cellid.simulation.tissue import CLASSES
from simulated_set import PIXEL_SIZE_UM
from train_classifier import NORM

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.segmentation.unet import UNet

#: detection F1 that two operating points may differ by
EQUALLY_GOOD = 0.005
SIMULATED = "simulated fields held out from training (kind: wide, own simulator)"


def best_shift(net: UNet, paths: list[Path], combination: Combination) -> float:
    """Shift of the cell outputs with the best detection at the threshold.

    Of equally good ones the middle one.
    """
    shifts = np.arange(-0.5, 4.01, 0.25)
    counts = np.zeros((len(shifts), 3))
    for path in paths:
        field = OutlinedField(net, path, combination)
        counts += [field.counts(shift) for shift in shifts]
    f1 = 2 * counts[:, 0] / (counts[:, 1] + counts[:, 2])
    return float(np.median(shifts[f1 >= f1.max() - EQUALLY_GOOD]))


def detection_figures(
    net: UNet, paths: list[Path], combination: Combination, shift: float
) -> dict[str, object]:
    """F1, precision and recall at IoU 0.5, for a model's card."""
    hit, found, true = _counted(net, paths, combination, shift)
    return {
        "measured_on": f"{len(paths)} {SIMULATED}, on which nothing was adjusted; "
        "outlines on sections too faint to judge are left out",
        "detection_f1_iou_0.5": round(float(2 * hit / (found + true)), 4),
        "precision": round(float(hit / found), 4),
        "recall": round(float(hit / true), 4),
        "true_cells": int(true),
    }


def detection_f1(
    net: UNet, paths: list[Path], combination: Combination, shift: float
) -> float:
    """F1 at IoU 0.5 over all cells of some fields, the cell outputs shifted."""
    hit, found, true = _counted(net, paths, combination, shift)
    return round(float(2 * hit / (found + true)), 3)


def _counted(
    net: UNet, paths: list[Path], combination: Combination, shift: float
) -> tuple[int, int, int]:
    """Sums of `detection_counts` over some fields."""
    counts = [OutlinedField(net, path, combination).counts(shift) for path in paths]
    hit, found, true = np.sum(counts, axis=0).tolist()
    return hit, found, true


class OutlinedField:
    """What a U-Net says of a field that is kept on disk."""

    def __init__(self, net: UNet, path: Path, combination: Combination) -> None:
        with np.load(path) as file:
            red, green = (file[n].astype(np.float32) for n in ("red", "green"))
            self.truth, self.unsure = file["labels"], file["target"] == 255
        image = combine(red, green, NORM, combination)
        device = choose_device(DeviceConfig())
        views = SegmentConfig().views
        maps = run_to_end(predict_tta(net, image, device, views))
        self.kinds = maps[: net.config.out_channels]

    def counts(self, shift: float) -> tuple[int, int, int]:
        """Pairs of IoU 0.5 or more, found cells that count, true cells."""
        odds = self.kinds * np.exp([0, shift, shift][: len(self.kinds)])[:, None, None]
        odds /= odds.sum(0)
        core = odds[2] if len(odds) > 2 else None
        found = label_plane(odds[1:].sum(0), core, PIXEL_SIZE_UM, SegmentConfig())
        return detection_counts(found, self.truth, self.unsure)


def by_kind(folder: Path) -> dict[str, list[Path]]:
    """Fields on disk by the kind in their names."""
    kinds: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.npz")):
        kinds.setdefault(path.name.rpartition("-")[0].partition("-")[0], []).append(
            path
        )
    return kinds


def detection_counts(
    found: np.ndarray, truth: np.ndarray, unsure: np.ndarray
) -> tuple[int, int, int]:
    """Pairs of IoU 0.5 or more, found cells that count, true cells."""
    n_true = len(np.unique(truth[truth > 0]))
    area = np.bincount(found.ravel())
    true_area = np.bincount(truth.ravel())
    both = (found > 0) & (truth > 0)
    pairs, overlap = np.unique(
        np.stack([found[both], truth[both]]), axis=1, return_counts=True
    )
    iou = overlap / (area[pairs[0]] + true_area[pairs[1]] - overlap)
    hits = iou >= 0.5
    doubtful = np.bincount(found[unsure], minlength=len(area)) > 0.5 * area
    doubtful[0] = True
    doubtful[pairs[0][hits]] = False
    return int(hits.sum()), int(((area > 0) & ~doubtful).sum()), n_true


def tell_held_out(
    net: UNet, paths: list[Path], combination: Combination
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logarithms of class probabilities, and true classes, of all clear cells.

    Means over the true outlines, as `napari_cellid.classification` makes them.
    """
    device = choose_device(DeviceConfig())
    votes, truth = [], []
    for path in paths:
        with np.load(path) as file:
            red, green = (file[n].astype(np.float32) for n in ("red", "green"))
            labels, kind, clear = file["labels"], file["kind"], ~file["ambiguous"]
        image = combine(red, green, NORM, combination)
        views = ClassifyConfig().class_views
        maps = run_to_end(predict_tta(net, image, device, views))
        there = np.unique(labels[labels > 0])
        numbers = there[clear[there - 1]]
        if len(numbers):
            votes.append(
                mean_over_cells(maps[net.config.out_channels :], labels, numbers)
            )
            truth.append(kind[numbers - 1].astype(int))
    chances = np.maximum(np.concatenate(votes), 1e-12)
    return torch.from_numpy(np.log(chances)), torch.from_numpy(np.concatenate(truth))


def best_temperature(logits: torch.Tensor, truth: torch.Tensor) -> float:
    grid = np.geomspace(0.3, 5, 80)
    loss = [
        float(torch.nn.functional.cross_entropy(logits / float(t), truth)) for t in grid
    ]
    return float(grid[int(np.argmin(loss))])


def class_figures(logits: torch.Tensor, truth: torch.Tensor) -> dict[str, object]:
    chances = logits.softmax(1).numpy()
    guess, true = chances.argmax(1), truth.numpy()
    recall = [float((guess[true == k] == k).mean()) for k in range(len(CLASSES))]
    sure = chances.max(1)
    bins = np.minimum((sure * 15).astype(int), 14)
    gap = sum(
        abs((guess == true)[bins == b].mean() - sure[bins == b].mean())
        * (bins == b).mean()
        for b in np.unique(bins)
    )
    return {
        "measured_on": f"{len(true)} unambiguous cells of {SIMULATED}, on which "
        "nothing was adjusted",
        "balanced_accuracy": round(float(np.mean(recall)), 4),
        "accuracy": round(float((guess == true).mean()), 4),
        "sensitivity": {
            name: round(value, 4) for name, value in zip(CLASSES, recall, strict=True)
        },
        "expected_calibration_error": round(float(gap), 4),
    }
