"""Retrain the U-Net on middles that people marked: what it learns, what it forgets.

    python -m tools.evaluation.retraining_on_marks --data DATA --out marks.json

The cells that two or more people marked in the left half of a real green image become
discs, and a short training goes on from the default U-Net, as the Retrain dock does it.
Scored are the right half, and a semi-real field, with its red channel and without, by
which one sees what the model forgot. The recordings are not part of this repository.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.cells.measure import measure
from napari_cellid.cells.middles import as_middles
from napari_cellid.config import DeviceConfig, SegmentConfig, SegmenterTrainingConfig
from napari_cellid.device import choose_device
from napari_cellid.files import atomic_write
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.retrain.operating_point import copy_weights, settle
from napari_cellid.retrain.simulated_fields import rehearsal_of, simulate_fields
from napari_cellid.segmentation.dataset import SegmentationDataset, labelled_field
from napari_cellid.segmentation.grow_cell import grow_cells
from napari_cellid.segmentation.predict import Segmenter, load_segmenter, segment
from napari_cellid.segmentation.starting_weights import load_starting_weights
from napari_cellid.segmentation.training import train_segmenter
from napari_cellid.training.run import Run
from tools.evaluation.class_scores import detection_scores
from tools.evaluation.point_scores import RADIUS_PX, f1_of_points, pool_marks
from tools.evaluation.set_scores import (
    hand_marks,
    points,
    read_field,
    read_raters,
    read_truth,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

DECLARED_UM, DISC_UM = 1.7, 12.0
#: cells that so many people marked are true
RATERS = 2
#: as in the program
_SIMULATED, _WITHOUT_RED_EVERY = 24, 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--model", default="shipped", help="model to start from")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--iterations", type=int, default=40)
    parser.add_argument("--new-share", type=float, default=0.7)
    parser.add_argument("--trained-part", choices=["decoder", "all"], default="decoder")
    parser.add_argument(
        "--alone-every", type=int, default=_WITHOUT_RED_EVERY, metavar="N",
        help="every so many simulated fields have no red channel",
    )  # fmt: skip
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    named = None if options.model == "shipped" else options.model
    rows = [{"seed": "before", **score(load_segmenter(named), options.data)}]
    for seed in range(options.seeds):
        rows.append({"seed": seed, **score(retrained(options, seed), options.data)})
        print(json.dumps(rows[-1]), flush=True)
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="%.3f"))
    if options.out:
        with atomic_write(options.out) as path:
            path.write_text(json.dumps(rows, indent=1), "utf-8")


def retrained(options: argparse.Namespace, seed: int) -> Segmenter:
    """Train on the left half, mixed with what the model learned from."""
    config = SegmenterTrainingConfig(
        epochs=options.epochs,
        iterations=options.iterations,
        new_share=options.new_share,
        trained_part=options.trained_part,
        seed=seed,
    )
    device = choose_device(DeviceConfig())
    start = load_starting_weights(options.model, seed=seed)
    fields = run_to_end(
        simulate_fields(
            _SIMULATED, rehearsal_of(start.card), seed, alone=options.alone_every
        )
    )
    planes, labels = left_half(options.data)
    before = copy_weights(start.net)
    dataset = SegmentationDataset(
        own=[labelled_field(planes, 0, labels[0], start.card, config)],
        simulated=[
            labelled_field(
                images, 0, true[0], start.card, config,
                left_out=unsure[0] & (true[0] == 0),
            )
            for images, true, unsure in fields
        ],
        validation=[],
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        run = Run.create(Path(scratch) / "run", {"settings": config.model_dump()})
        run_to_end(train_segmenter(dataset, start, config, run, device))
    # as in a training without a field for validation
    run_to_end(settle(start, before, config.new_share, [], device))
    return Segmenter(start.card, start.net.eval())


def left_half(data: Path) -> tuple[MeanPlanes, NDArray[np.int32]]:
    """Left half of the green image, and discs (plane, y, x) at its marks."""
    planes, marked = _marked(data)
    assert planes.green is not None
    middle = planes.shape[2] // 2
    half = MeanPlanes("left half", None, planes.green[:, :, :middle], DECLARED_UM)
    labels = np.zeros(half.shape, np.int32)
    inside = marked[marked[:, 1] < middle - 1]
    grown = grow_cells(labels, as_middles(inside), DISC_UM / DECLARED_UM)
    for number, cell in enumerate(grown, 1):
        labels[cell.pixels] = number
    return half, labels


def _marked(data: Path) -> tuple[MeanPlanes, NDArray[np.float64]]:
    """The green image, and the places (y, x) that enough people marked."""
    folder = data / "real" / "gcamp_three_raters"
    places, votes = pool_marks(read_raters(folder), RADIUS_PX)
    planes = read_field(folder, DECLARED_UM, red=False)
    return planes, places[votes >= RATERS]


def score(model: Segmenter, data: Path) -> dict[str, Any]:
    """F1 in the right half, and on the semi-real field with red and without."""
    planes, marked = _marked(data)
    middle = planes.shape[2] // 2
    found = points(_outlined(model, planes)[1])
    right = [place[place[:, 1] >= middle] for place in (found, marked)]
    folder = data / "semireal_01_00"
    truth = read_truth(folder)
    both = read_field(folder, truth[2])
    alone = read_field(folder, truth[2], red=False)
    by_hand = hand_marks(*truth[:2])
    return {
        "right half": f1_of_points(right[0], right[1], RADIUS_PX),
        "semi-real, both": _f1(model, both, *truth),
        "green alone": _f1(model, alone, *by_hand, truth[2]),
    }


def _f1(
    model: Segmenter,
    planes: MeanPlanes,
    labels: NDArray[np.int32],
    truth: pd.DataFrame,
    um: float,
) -> float:
    found, cells = _outlined(model, planes)
    return float(detection_scores(cells, found, truth, labels, um)["F1 (6 µm)"])


def _outlined(
    model: Segmenter, planes: MeanPlanes
) -> tuple[NDArray[np.int32], pd.DataFrame]:
    config = SegmentConfig(threshold=model.card.threshold)
    device = choose_device(DeviceConfig())
    labels = run_to_end(segment(planes, model, config, device)).labels
    return labels[0], measure(labels, planes)


if __name__ == "__main__":
    main()
