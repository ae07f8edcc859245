"""Turn trained checkpoints into the model folders that the package ships.

    python tools/ship_models.py --fields WORK/fields --unet WORK/unet \
        --inception WORK/inception --start inception_v3_body.safetensors

The operating point is set on the held-out simulated fields (the last tenth): the
U-Net's cell outputs are shifted by the constant with which a threshold of 0.7 finds
cells best, and the classifier's outputs are divided by the temperature with which its
probabilities are calibrated. Neither changes the ranking of pixels or classes.
Figures go into model.json and say what they were measured on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import torch

from napari_cellid.channels import N_IMAGES, Combination, combine
from napari_cellid.classification.networks import ClassifierConfig, build
from napari_cellid.config import DeviceConfig, SegmentConfig
from napari_cellid.device import choose_device
from napari_cellid.models import SHIPPED, save_model
from napari_cellid.segmentation.objects import find_cells
from napari_cellid.segmentation.tiles import predict
from napari_cellid.segmentation.unet import UNet, UNetConfig
from napari_cellid.simulation.tissue import CLASSES
from napari_cellid.steps import finish
from simulated_set import PIXEL_SIZE_UM
from train_classifier import NORM, PATCH, SPOTLIGHT_PX, Cells, enlarge

THRESHOLD = 0.7
#: detection F1 that two operating points may differ by
EQUALLY_GOOD = 0.005
SIMULATED = "simulated fields held out from training (kind: wide, own simulator)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fields", type=Path, required=True)
    parser.add_argument("--unet", type=Path)
    parser.add_argument("--base", type=int, default=24)
    parser.add_argument("--combination", choices=["sum", "pair"], default="pair")
    parser.add_argument("--unet-start", default="random weights", help="for the card")
    parser.add_argument("--unet-command", default="", help="for the card")
    parser.add_argument("--inception-command", default="", help="for the card")
    parser.add_argument("--inception", type=Path)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--steps", type=int, help="in all, if trained in two turns")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    options = parser.parse_args()
    if options.unet:
        ship_unet(options)
    if options.inception:
        ship_inception(options)


def held_out(fields: Path) -> tuple[list[Path], int]:
    paths = sorted(fields.glob("*.npz"))
    held = max(len(paths) // 10, 1)
    return paths[-held:], len(paths) - held


def ship_unet(options: argparse.Namespace) -> None:
    state = torch.load(options.unet / "checkpoint.pt", weights_only=True)
    mean = {
        name.removeprefix("module."): value
        for name, value in state["mean"].items()
        if name.startswith("module.")
    }
    config = UNetConfig(base=options.base, in_channels=N_IMAGES[options.combination])
    net = UNet(config)
    net.load_state_dict(mean)
    testing, n_training = held_out(options.fields)
    shift, figures = best_shift(net.eval(), testing, options.combination)
    with torch.no_grad():
        net.head.bias[1:] += shift
    card = {
        "name": "unet",
        "task": "segment",
        "description": "Outlines cells from both channels, or from one alone. Trained "
        "on simulated fields.",
        "architecture": "unet",
        "settings": config.model_dump(),
        "classes": ("background", "rim", "core"),
        "combination": options.combination,
        "pixel_size_um": PIXEL_SIZE_UM,
        "threshold": THRESHOLD,
        "training": {
            "data": "simulated by napari_cellid.simulation, kind wide",
            "fields": n_training,
            "fields_sha256": digest(options.fields),
            "steps": state["step"],
            "start": options.unet_start,
            "cell_output_shift": round(shift, 3),
            "command": options.unet_command,
        },
        "metrics": figures,
        "licence": "BSD-3-Clause",
    }
    print(json.dumps(figures, indent=1))
    save_model(options.out / "unet", card, net.state_dict())


def best_shift(
    net: UNet, paths: list[Path], combination: Combination
) -> tuple[float, dict[str, object]]:
    """Shift of the cell outputs with the best detection at the threshold."""
    device = choose_device(DeviceConfig())
    shifts = np.arange(-0.5, 4.01, 0.25)
    counts = np.zeros((len(shifts), 3))
    for path in paths:
        with np.load(path) as file:
            red, green = (file[n].astype(np.float32) for n in ("red", "green"))
            truth, unsure = file["labels"], file["target"] == 255
        image = combine(red, green, NORM, combination)
        kinds = finish(predict(net, image, device))
        for k, shift in enumerate(shifts):
            odds = kinds * np.exp([0, shift, shift])[:, None, None]
            odds /= odds.sum(0)
            found = find_cells(odds[1:].sum(0), odds[2], PIXEL_SIZE_UM, SegmentConfig())
            counts[k] += detection_counts(found, truth, unsure)
    f1 = 2 * counts[:, 0] / (counts[:, 1] + counts[:, 2])
    # of equally good ones the one that misses fewest: an outline is quickly deleted
    best = int(np.flatnonzero(f1 >= f1.max() - EQUALLY_GOOD)[-1])
    hit, found, true = counts[best]
    figures = {
        "measured_on": f"{len(paths)} {SIMULATED}; outlines on sections too faint to "
        "judge are left out",
        "detection_f1_iou_0.5": round(float(f1[best]), 4),
        "precision": round(float(hit / found), 4),
        "recall": round(float(hit / true), 4),
        "true_cells": int(true),
    }
    return float(shifts[best]), figures


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


def ship_inception(options: argparse.Namespace) -> None:
    state = torch.load(options.inception / "checkpoint.pt", weights_only=True)
    config = ClassifierConfig(scaling="unit", spotlight_px=SPOTLIGHT_PX)
    net = build(config)
    net.load_state_dict(state["net"])
    testing, n_training = held_out(options.fields)
    logits, truth = classify_held_out(net.eval(), Cells(testing))
    temperature = best_temperature(logits, truth)
    figures = class_figures(logits / temperature, truth)
    start = options.start.read_bytes() if options.start else b""
    card = {
        "name": "inception_v3",
        "task": "classify",
        "description": "Tells excitatory, inhibitory and glia from a patch of 118 µm. "
        "Trained on simulated fields.",
        "architecture": "inception_v3",
        "settings": config.model_dump(),
        "classes": CLASSES,
        "combination": "rgb",
        "pixel_size_um": PIXEL_SIZE_UM,
        "patch_size": PATCH,
        "input_size": 299,
        "temperature": round(temperature, 4),
        "training": {
            "data": "simulated by napari_cellid.simulation, kind wide; classes are "
            "what both colours show, ambiguous cells left out",
            "fields": n_training,
            "fields_sha256": digest(options.fields),
            "steps": options.steps or state["step"],
            "batch": 32,
            "trained": "everything",
            "start": "Inception-v3 body of the npm package nsfwjs 4.4.0 (MIT): Keras "
            "ImageNet weights rounded to 8 bit, later blocks fine-tuned on content "
            "moderation; its head was removed",
            "start_sha256": hashlib.sha256(start).hexdigest() if start else "",
            "command": options.inception_command,
        },
        "metrics": figures,
        "licence": "BSD-3-Clause; starting weights MIT (LICENSE-starting-weights.txt)",
    }
    print(json.dumps(figures, indent=1))
    save_model(options.out / "inception_v3", card, net.state_dict())


def classify_held_out(
    net: torch.nn.Module, cells: Cells
) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (cell, class) and true classes of all clear cells of held-out fields."""
    net = net.to(memory_format=torch.channels_last)
    votes = []
    for start in range(0, len(cells.rows), 64):
        which = np.arange(start, min(start + 64, len(cells.rows)))
        images = enlarge(cells.cut(which), 299, None)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            votes.append(net(images.to(memory_format=torch.channels_last)).float())
    return torch.cat(votes), torch.from_numpy(cells.rows[:, 3])


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
        "measured_on": f"{len(true)} unambiguous cells of {SIMULATED}",
        "balanced_accuracy": round(float(np.mean(recall)), 4),
        "accuracy": round(float((guess == true).mean()), 4),
        "sensitivity": {
            name: round(value, 4) for name, value in zip(CLASSES, recall, strict=True)
        },
        "expected_calibration_error": round(float(gap), 4),
    }


def digest(fields: Path) -> str:
    """Hash of the names and settings of all fields, in order."""
    total = hashlib.sha256()
    for path in sorted(fields.glob("*.npz")):
        with np.load(path) as file:
            total.update(path.name.encode() + str(file["settings"]).encode())
    return total.hexdigest()


if __name__ == "__main__":
    main()
