"""Another lab's recordings, learned from ten corrected fields: outlines.

    python benchmarks/segmenter_retrain.py [--lab same|textured] [--iterations 40]

A simulated laboratory outside the range of fields on which the default U-Net was
trained. Ten of its fields with their true outlines are made into a study, and
`napari-cellid train segmenter` does the rest: some of the ten it holds out, as in real
use. Prints how well cells are found (F1 at an overlap of 0.5) before and after, on
other fields of that laboratory that are not in the study, on fields like those of the
default model's training, on these without their red channel, and the seconds of it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.config import (
    DeviceConfig,
    SegmenterTrainingConfig,
    SimulationConfig,
)
from napari_cellid.device import choose_device, share_cores
from napari_cellid.progress import run_to_end
from napari_cellid.retrain.active_model import current_model
from napari_cellid.retrain.detection_comparison import score_segmenter
from napari_cellid.retrain.job import resume, start
from napari_cellid.retrain.request import SegmenterRequest
from napari_cellid.retrain.simulated_fields import Rehearsal, simulate_fields
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.simulation.field import SimulatedField, simulate
from napari_cellid.study.study import Study
from napari_cellid.training.layout import MODEL_FOLDER

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "retrain"))
from simulated_study import planes_of, put

from other_lab import LABS as CLASS_LABS

if TYPE_CHECKING:
    from napari_cellid.retrain.operating_point import Judged

#: each outside the ranges of `simulation.conditions`, kind wide
LABS: dict[str, dict[str, Any]] = {
    # that of `other_lab.py`
    "same": CLASS_LABS["blotchy"],
    # neuropil and dendrites as bright as cells, filled nuclei, blur
    "textured": {
        "neuropil_texture": 0.7, "dendrites": 9.0, "processes": 3.0, "chromatin": 3.0,
        "exclusion": 0.0, "nucleus_green": 1.0, "filled_fraction": 0.9,
        "bleed_green_to_red": 0.3, "red_haze": 0.6, "jitter_um": 1.2, "blur_um": 1.8,
    },
}  # fmt: skip
SIDE = 340
#: settings that are asked for unless the command line says otherwise
QUICK = {"epochs": "4", "iterations": "40"}
SETTINGS = ("epochs", "iterations", "rate", "simulated_share", "batch_size", "tile",
            "seed")  # fmt: skip


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lab", choices=LABS, default="same")
    parser.add_argument("--fields", type=int, default=10, help="corrected ones")
    parser.add_argument("--judged", type=int, default=12, help="others of the lab")
    parser.add_argument("--original", type=int, default=24, help="original fields")
    parser.add_argument("--start", default="")
    for name in SETTINGS:
        parser.add_argument(f"--{name.replace('_', '-')}")
    options = parser.parse_args()
    asked = {n: v for n in SETTINGS if (v := getattr(options, n)) is not None}
    settings = SegmenterTrainingConfig.model_validate_strings({**QUICK, **asked})
    lab = LABS[options.lab]
    judged = {
        "other fields of the lab": [
            seen(lab_field(lab, 9000 + k)) for k in range(options.judged)
        ],
        "original fields": original(options.original, alone=0),
        "original fields, green alone": original(options.original, alone=1),
    }
    with tempfile.TemporaryDirectory() as scratch:
        study = Study.create(Path(scratch) / "lab")
        for k in range(options.fields):
            put(study, lab_field(lab, 8000 + k), f"r{k}", f"m{k}")
        begun = time.perf_counter()
        run = start(study, SegmenterRequest(options.start, settings))
        outcome = run_to_end(resume(study, run, DeviceConfig()))
        seconds = time.perf_counter() - begun
        print(f"{settings.model_dump()}\n{run.about['data']['cells']} outlines, "
              f"{run.about['data']['cells_by_role']}, {seconds:.0f} s")  # fmt: skip
        for event in run.events():
            if event["event"] == "epoch":
                print(event["epoch"], event.get("train"), event["validation"])
        print("held-out recordings:", outcome.report["old"], outcome.report["new"])
        tell(
            {
                "before": current_model(study, "segment"),
                "after": run.folder / MODEL_FOLDER,
            },
            judged,
        )


def tell(folders: dict[str, Path], judged: dict[str, list[Judged]]) -> None:
    """Print F1 of models on fields."""
    device = choose_device(DeviceConfig())
    for name, folder in folders.items():
        model = load_segmenter(folder)
        shift = model.card.training.get("cell_output_shift")
        told = []
        for where, fields in judged.items():
            figures = run_to_end(score_segmenter(model, fields, device)).metrics()
            told.append(
                f"{where} {figures['f1']:.4f} (precision {figures['precision']:.3f}, "
                f"recall {figures['recall']:.3f}, n {figures['n']})"
            )
        print(f"{name}, shift {shift}: {'; '.join(told)}", flush=True)


def lab_field(lab: dict[str, Any], seed: int) -> SimulatedField:
    """A field of the laboratory."""
    config = SimulationConfig(seed=seed, n_planes=1, height=SIDE, width=SIDE, **lab)
    return run_to_end(simulate(config))


def seen(field: SimulatedField) -> Judged:
    """A field as it is judged: where nobody can say what it is does not count."""
    return planes_of(field, "f"), field.labels, ~field.unsure | (field.labels > 0)


def original(n: int, *, alone: int) -> list[Judged]:
    """Fields as the default models are trained on, of a seed that none used."""
    found = run_to_end(simulate_fields(n, Rehearsal(), 52_000, alone=alone))
    return [
        (replace(planes, name=f"wide {k}"), labels, ~unsure | (labels > 0))
        for k, (planes, labels, unsure) in enumerate(found)
    ]


if __name__ == "__main__":
    share_cores()
    main()
