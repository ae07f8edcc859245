"""U-Nets of other inputs, outputs, widths and losses under equal, short training.

    python -m tools.training.compare_segmenters \
        --fields WORK/fields --other WORK/other --work WORK/compare

Each variant differs from the first in one respect and is trained from random weights
for as many steps on the same crops; the shift of its outputs is set on held-out fields,
and detection is scored there (F1 at IoU 0.5) and on the fields of `--other`, which are
of other kinds (`simulated_set.py --kind`, `truth_fields.py`). Short training: what it
compares is how quickly they learn, not how good they can become.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from napari_cellid.channels.model_input import N_IMAGES, Combination
from napari_cellid.config import DeviceConfig
from napari_cellid.device import choose_device
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.tiles import predict_tiled
from napari_cellid.segmentation.unet import UNet, UNetConfig
from napari_cellid.simulation.tissue import CLASSES
from tools.evaluation.model_figures import best_shift, by_kind, detection_f1
from tools.training.checkpoints import (
    as_options,
    halves,
    mean_weights,
    own_folder,
    run_training,
    split_fields,
)

FIRST: dict[str, Any] = {"base": 16, "combination": "pair", "kinds": 3, "dice": 0.5}
VARIANTS: dict[str, dict[str, Any]] = {
    "base 16, both channels, 3 kinds, CE + Dice": {},
    "sum of the channels": {"combination": "sum"},
    "2 kinds (cell or not)": {"kinds": 2},
    "cross-entropy alone": {"dice": 0.0},
    "base 32": {"base": 32},
    "base 64": {"base": 64},
}


def main() -> None:
    parser = parser_of(__doc__, steps=400)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of variants")
    options = parser.parse_args()
    for k, (name, change) in enumerate(VARIANTS.items()):
        if options.only is None or k in options.only:
            print(json.dumps(compare(name, FIRST | change, options)), flush=True)


def parser_of(about: str, steps: int) -> argparse.ArgumentParser:
    """Options of a comparison of short trainings."""
    parser = argparse.ArgumentParser(description=about.split("\n")[0])
    parser.add_argument("--fields", type=Path, required=True)
    parser.add_argument("--other", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--side", type=int, default=128, help="of a crop (px)")
    parser.add_argument("--test", type=int, default=30)
    return parser


def compare(
    name: str, variant: dict[str, Any], options: argparse.Namespace
) -> dict[str, object]:
    """Train one variant, where it is not trained yet, and score it."""
    net, minutes = trained(variant, options)
    return {
        "variant": name,
        **detection(net, variant["combination"], options),
        "parameters": sum(p.numel() for p in net.parameters()),
        "seconds_512": round(seconds_512(net), 3),
        "minutes_of_training": minutes,
    }


def trained(variant: dict[str, Any], options: argparse.Namespace) -> tuple[UNet, float]:
    """Network of the mean weights, and minutes that its training took."""
    work = own_folder(options.work, variant | {"side": options.side}, options)
    settings = {"steps": options.steps, "side": options.side, **variant}
    minutes = run_training("train_segmenter", work, options, as_options(settings))
    net = UNet(
        UNetConfig(
            base=variant["base"],
            in_channels=N_IMAGES[variant["combination"]],
            out_channels=variant["kinds"],
            class_outputs=len(CLASSES) if variant.get("classes") else 0,
        )
    )
    net.load_state_dict(mean_weights(work))
    return net.eval(), minutes


def test_fields(
    options: argparse.Namespace,
) -> tuple[list[Path], dict[str, list[Path]]]:
    """Held-out fields to adjust on, and by kind those that are scored."""
    held_out = split_fields(options.fields)[1]
    setting, judging = halves(held_out[: options.test])
    return setting, {"held_out": judging} | by_kind(options.other)


def detection(
    net: UNet, combination: Combination, options: argparse.Namespace
) -> dict[str, float]:
    """F1 at IoU 0.5 by kind, the outputs shifted as suits held-out fields."""
    setting, kinds = test_fields(options)
    shift = best_shift(net, setting, combination)
    return {
        kind: detection_f1(net, some, combination, shift)
        for kind, some in kinds.items()
    }


def seconds_512(net: UNet) -> float:
    """Seconds for 512 x 512 px on this computer, the best of five."""
    device = choose_device(DeviceConfig())
    image = np.random.default_rng(0).random((net.config.in_channels, 512, 512))
    seconds = []
    for _ in range(5):
        begun = time.perf_counter()
        run_to_end(predict_tiled(net, image.astype(np.float32), device))
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


if __name__ == "__main__":
    main()
