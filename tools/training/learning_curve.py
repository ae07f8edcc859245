"""How good cells and classes become with more simulated fields to learn from.

    python -m tools.training.learning_curve --fields WORK/fields --other WORK/other \
        --work WORK/curve

A one-pass U-Net is trained from random weights for as many steps on a few of the
fields, on more, and on all. Each is scored on held-out fields and on those of
`--other`, which are of other kinds (`simulated_set.py --kind`, `truth_fields.py`):
detection (F1 at IoU 0.5) and the classes inside the true outlines (balanced accuracy,
clear cells). Short training: it measures what more fields bring, not how good a
network can become.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from tools.evaluation.model_figures import class_figures, held_out_probabilities
from tools.training.checkpoints import split_fields, spread
from tools.training.compare_segmenters import detection, parser_of, test_fields, trained

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

NETWORK: dict[str, Any] = {
    "base": 24, "combination": "pair", "kinds": 3, "classes": True
}  # fmt: skip


def main() -> None:
    parser = parser_of(__doc__, steps=800)
    parser.add_argument("--n", type=int, nargs="+", default=[4, 16, 64, 256, 10**6])
    options = parser.parse_args()
    for n in options.n:
        print(json.dumps(point(n, options)), flush=True)


def point(n: int, options: argparse.Namespace) -> dict[str, object]:
    """Train on `n` fields, where it is not done yet, and score."""
    known = spread(split_fields(options.fields)[0], n)
    net, minutes = trained(NETWORK | {"learn-from": len(known)}, options)
    balanced = {
        kind: class_figures(*held_out_probabilities(net, some, "pair"))[
            "balanced_accuracy"
        ]
        for kind, some in test_fields(options)[1].items()
    }
    return {
        "fields": len(known),
        "clear_cells": sum(map(clear_cells, known)),
        "f1": detection(net, "pair", options),
        "balanced": balanced,
        "minutes_of_training": minutes,
    }


def clear_cells(path: Path) -> int:
    """Cells of a field whose class is unambiguous."""
    with np.load(path) as file:
        return int((~file["ambiguous"]).sum())


if __name__ == "__main__":
    main()
