"""Another lab's recordings, learned from 200 answered cells: how well, how soon.

    python benchmarks/other_lab.py [--lab blotchy|bleeding] [--recipe few-cells]

A simulated laboratory whose staining and noise lie outside the range of fields on
which the default model was trained. Its recordings are made into a study, the true
class of 200 cells outside the held-out animals is answered, and `napari-cellid train
classifier` does the rest. Prints balanced accuracy on the held-out animals' cells and
on fields like those of the default model's training, before and after, and the seconds
of all of it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from napari_cellid.classification.base import classify_cells
from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import (
    RECIPES,
    ClassifierTrainingConfig,
    ClassifyConfig,
    DeviceConfig,
    SimulationConfig,
    SplitConfig,
)
from napari_cellid.device import choose_device, share_cores
from napari_cellid.evaluation.metrics import balanced_accuracy, confusion_matrix
from napari_cellid.progress import run_to_end
from napari_cellid.retrain.active_model import current_model
from napari_cellid.retrain.job import resume, start
from napari_cellid.retrain.request import ClassifierRequest
from napari_cellid.retrain.split import split_cells
from napari_cellid.simulation.conditions import draw_config
from napari_cellid.simulation.field import simulate
from napari_cellid.study.study import Study
from napari_cellid.training.layout import MODEL_FOLDER

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "retrain"))
from simulated_study import CLASSES, answer, planes_of, put

#: outside the ranges of `simulation.conditions`, kind wide, in staining, in noise or in
#: both: bleed_green_to_red goes to 0.16 there, n_frames begins at 6, chromatin goes to
#: 1.2, red_spread to 0.6
LABS = {
    "blotchy": {"chromatin": 3.0, "red_spread": 1.2, "n_frames": 5},
    "bleeding": {"bleed_green_to_red": 0.4, "n_frames": 5},
}
#: settings of the training that can be given
ASKED = (
    "plan", "epochs", "batch_size", "optimiser", "rate", "head_rate_factor",
    "replay", "replay_weight", "augmentation", "copies",
)  # fmt: skip
_MIXTURE = {"inhibitory_fraction": 0.3, "glia_density": 5e4}


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lab", choices=LABS, default="blotchy")
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--animals", type=int, default=8)
    parser.add_argument("--original", type=int, default=12, help="fields")
    parser.add_argument("--start", default="", help="a model; the default one without")
    parser.add_argument("--recipe", choices=RECIPES, default="few-cells")
    for name in ASKED:
        parser.add_argument(f"--{name.replace('_', '-')}")
    options = parser.parse_args()
    asked = {n: v for n in ASKED if (v := getattr(options, n)) is not None}
    settings = ClassifierTrainingConfig.model_validate_strings(
        {k: str(v) for k, v in RECIPES[options.recipe].items()} | asked
    )
    with tempfile.TemporaryDirectory() as scratch:
        study, fields = make_lab(Path(scratch) / "lab", options)
        begun = time.perf_counter()
        run = start(study, ClassifierRequest(options.start, settings))
        run_to_end(resume(study, run, DeviceConfig()))
        seconds = time.perf_counter() - begun
        for event in run.events():
            if event["event"] == "epoch":
                said = {k: round(v, 3) for k, v in event["validation"].items()}
                print(event["epoch"], event.get("best"), said)
        counts = run.about["data"]["counts"]
        print({name: one["cells"] for name, one in counts.items()}, f"{seconds:.0f} s")
        original = [wide_field(k) for k in range(options.original)]
        held = held_out_fields(study, fields)
        before = options.start or current_model(study, "classify")
        for name, folder in (("before", before), ("after", run.folder / MODEL_FOLDER)):
            model = load_classifier(folder)
            print(
                f"{name}: held-out animals of the lab {score(model, held):.4f}, "
                f"original fields {score(model, original):.4f}",
                flush=True,
            )


def make_lab(path: Path, options: argparse.Namespace) -> tuple[Study, dict]:
    """A study with an animal a recording; cells outside held-out ones are answered."""
    study, fields = Study.create(path), {}
    for k in range(options.animals):
        config = SimulationConfig.model_validate(
            {"seed": 7000 + k, "n_planes": 1, "height": 400, "width": 400}
            | LABS[options.lab] | _MIXTURE
        )  # fmt: skip
        fields[f"r{k}"] = run_to_end(simulate(config))
        put(study, fields[f"r{k}"], f"r{k}", f"m{k}")
    trained = [n for n, role in roles(study).items() if role != "test"]
    for k, name in enumerate(trained):
        share = options.cells // len(trained) + (k < options.cells % len(trained))
        answer(study, name, fields[name], most=share, wrong=0.0, seed=k)
    return study, fields


def roles(study: Study) -> dict[str, str]:
    """Role of each recording's animal."""
    cells = study.cells()
    pixel = {n: study.recording(n).info.pixel_size_um for n in study.recordings}
    split = split_cells(study.path, cells, SplitConfig(), pixel)
    return dict(zip(cells["recording"], split.role, strict=True))


def held_out_fields(study: Study, fields: dict) -> list:
    """Fields of held-out animals."""
    return [fields[n] for n, role in roles(study).items() if role == "test"]


def wide_field(k: int) -> object:
    """A field as the default models are trained on, of a seed that none used."""
    config = draw_config("wide", np.random.default_rng([41_000, k]), n_planes=1)
    side = round(350 / config.pixel_size_um)
    return run_to_end(
        simulate(config.model_copy(update={"height": side, "width": side}))
    )


def score(model: object, fields: list) -> float:
    """Balanced accuracy on the unambiguous cells of some fields."""
    total = np.zeros((3, 3), np.int64)
    config, device = ClassifyConfig(none_below=0), choose_device(DeviceConfig())
    for field in fields:
        cells = field.cells[~field.cells["ambiguous"]].reset_index(drop=True)
        rows = cells[["label", "plane", "y", "x"]].assign(
            cell=cells["label"], area_um2=np.nan
        )
        step = classify_cells(
            planes_of(field, "f"), field.labels, rows, model, config, device
        )
        told = run_to_end(step)["predicted"].map(CLASSES.index).to_numpy(int)
        truth = cells["class"].map(CLASSES.index).to_numpy(int)
        total += confusion_matrix(truth, told, 3)
    return balanced_accuracy(total)


if __name__ == "__main__":
    share_cores()
    main()
