"""How good cells and classes become with more simulated fields to learn from.

    python tools/learning_curve.py --fields WORK/fields --other WORK/other \
        --work WORK/curve

A one-pass U-Net is trained from random weights for as many steps on a few of the
fields, on more, and on all. Each is scored on held-out fields and
on those of `--other`, which are of other kinds (`simulated_set.py --kind`,
`truth_fields.py`): detection (F1 at IoU 0.5) and the classes inside the true outlines
(balanced accuracy, clear cells). Short training: the last points rise further with
more steps.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy import ndimage

from checkpoints import halves, mean_weights, own_folder, split_fields, spread
from model_figures import best_shift, by_kind, detection_f1
from napari_cellid.channels import N_IMAGES, combine
from napari_cellid.config import DeviceConfig
from napari_cellid.device import choose_device
from napari_cellid.segmentation.tiles import predict
from napari_cellid.segmentation.unet import UNet, UNetConfig
from napari_cellid.simulation.tissue import CLASSES
from napari_cellid.steps import finish
from train_classifier import NORM

KINDS, BASE = 3, 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fields", type=Path, required=True)
    parser.add_argument("--other", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--side", type=int, default=128, help="of a crop (px)")
    parser.add_argument("--test", type=int, default=30)
    parser.add_argument("--n", type=int, nargs="+", default=[4, 16, 64, 256, 10**6])
    options = parser.parse_args()
    for n in options.n:
        print(json.dumps(point(n, options)), flush=True)


def point(n: int, options: argparse.Namespace) -> dict[str, object]:
    """Train on `n` fields, where it is not done yet, and score."""
    known, held_out = split_fields(options.fields)
    known = spread(known, n)
    work = own_folder(options.work, {"n": len(known), "side": options.side}, options)
    command = [sys.executable, str(Path(__file__).with_name("train_segmenter.py"))]
    command += ["--fields", str(options.fields), "--work", str(work), "--classes"]
    command += ["--steps", str(options.steps), "--side", str(options.side)]
    command += ["--learn-from", str(len(known)), "--base", str(BASE)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    net = UNet(
        UNetConfig(
            in_channels=N_IMAGES["pair"],
            out_channels=KINDS,
            class_outputs=len(CLASSES),
            base=BASE,
        )
    )
    net.load_state_dict(mean_weights(work))
    net.eval()
    setting, judging = halves(held_out[: options.test])
    shift = best_shift(net, setting, "pair")
    tested = {"held_out": judging} | by_kind(options.other)
    return {
        "fields": len(known),
        "clear_cells": sum(map(clear_cells, known)),
        "f1": {kind: detection_f1(net, f, "pair", shift) for kind, f in tested.items()},
        "balanced": {kind: balanced_accuracy(net, f) for kind, f in tested.items()},
    }


def clear_cells(path: Path) -> int:
    """Cells of a field whose class can be told."""
    with np.load(path) as file:
        return int((~file["ambiguous"]).sum())


def balanced_accuracy(net: UNet, paths: list[Path]) -> float:
    """Mean sensitivity over the classes of clear cells, inside true outlines."""
    device = choose_device(DeviceConfig())
    right, all_of = np.zeros(len(CLASSES)), np.zeros(len(CLASSES))
    for path in paths:
        with np.load(path) as file:
            red, green = (file[name].astype(np.float32) for name in ("red", "green"))
            labels, kind, clear = file["labels"], file["kind"], ~file["ambiguous"]
        maps = finish(predict(net, combine(red, green, NORM, "pair"), device))
        # a cell that others hide has no pixel of its own
        numbers = np.intersect1d(1 + np.flatnonzero(clear), labels)
        chances = [ndimage.mean(one, labels, numbers) for one in maps[KINDS:]]
        true, told = kind[numbers - 1], np.argmax(chances, axis=0)
        all_of += np.bincount(true, minlength=len(CLASSES))
        right += np.bincount(true[told == true], minlength=len(CLASSES))
    return round(float((right / all_of)[all_of > 0].mean()), 3)


if __name__ == "__main__":
    main()
