"""Classifiers of other starts, depths, inputs and networks under equal, short training.

    python -m tools.training.compare_classifiers \
        --fields WORK/fields --other WORK/other --work WORK/compare \
        --body inception_v3_body.safetensors

Each variant is trained for as many steps, at small images (151 px). Balanced accuracy
is that of the clear cells of held-out fields and of those of `--other`, which are of
other kinds (`simulated_set.py --kind`, `truth_fields.py`), at their true places. With
fewer `cells` it is a learning curve. Short training: what it compares is how quickly
they learn, not how good they can become.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.evaluation import metrics
from napari_cellid.simulation.tissue import CLASSES
from tools.evaluation.model_figures import by_kind
from tools.training.checkpoints import (
    as_options,
    mean_weights,
    own_folder,
    run_training,
    split_fields,
)
from tools.training.train_classifier import Cells, predict_patches, start_network

if TYPE_CHECKING:
    from torch import nn

SIZE = 151
FIRST: dict[str, Any] = {"start": True, "rate": 4e-4}
VARIANTS: dict[str, dict[str, Any]] = {
    "starting weights, everything trained": {},
    "random weights": {"start": False},
    "no third image (blue)": {"dark-third-image": True},
    "head alone (plan 311)": {"depth": "inceptionv3_311", "rate": 1e-2},
    "last two blocks (plan 249)": {"depth": "inceptionv3_249"},
    "upper half (plan 139, blocks)": {"depth": "inceptionv3_139_block"},
    "ResNet18, random weights": {"start": False, "architecture": "resnet18"},
    "300 cells": {"cells": 300},
    "1000 cells": {"cells": 1000},
    "3000 cells": {"cells": 3000},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fields", type=Path, required=True)
    parser.add_argument("--other", type=Path, required=True)
    parser.add_argument("--body", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=240)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of variants")
    options = parser.parse_args()
    held_out = split_fields(options.fields)[1]
    testing = {"held_out": held_out} | by_kind(options.other)
    for k, (name, change) in enumerate(VARIANTS.items()):
        if options.only is None or k in options.only:
            variant = FIRST | change
            net, minutes = trained(variant, options)
            third = "dark-third-image" not in variant
            figures = {
                kind: balanced_accuracy(net, Cells(some, third))
                for kind, some in testing.items()
            }
            line = {"variant": name, **figures, "minutes_of_training": minutes}
            print(json.dumps(line), flush=True)


def trained(
    variant: dict[str, Any], options: argparse.Namespace
) -> tuple[nn.Module, float]:
    """Network of the mean weights, and minutes that its training took."""
    work = own_folder(options.work, variant, options)
    settings = dict(variant)
    start = ["--start", str(options.body)] if settings.pop("start") else []
    plan = ["--plan", f"{SIZE}:{options.steps}"]
    minutes = run_training(
        "train_classifier", work, options, plan + start + as_options(settings)
    )
    net = start_network(None, variant.get("architecture", "inception_v3"))
    net.load_state_dict(mean_weights(work))
    return net.eval(), minutes


def balanced_accuracy(net: nn.Module, cells: Cells, most: int = 150) -> float:
    """Balanced accuracy on at most so many clear cells of each class."""
    rng = np.random.default_rng(3)
    chosen = np.concatenate([rng.permutation(rows)[:most] for rows in cells.by_class])
    predicted = predict_patches(net, cells, chosen, SIZE).argmax(1).numpy()
    confusion = metrics.confusion_matrix(cells.rows[chosen, 3], predicted, len(CLASSES))
    return round(metrics.balanced_accuracy(confusion), 3)


if __name__ == "__main__":
    main()
