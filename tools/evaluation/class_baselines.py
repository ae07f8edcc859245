"""What a deep network must beat: two thresholds, and logistic regression.

    python -m tools.evaluation.class_baselines --fields WORK/fields

Both see a few measurements of each cell inside its true outline; they learn on the
training fields and are scored, beside the models that come with the package, on the
held-out ones (the last tenth, 64 at most). Unambiguous cells only; all fields are
simulated.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy import ndimage
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from napari_cellid.cells.measure import measure
from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import ClassifyConfig, DeviceConfig
from napari_cellid.device import choose_device
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.retrain.threshold_baseline import fit_thresholds, predict_classes
from napari_cellid.simulation.tissue import CLASSES
from tools.evaluation.model_figures import class_figures
from tools.simulation.simulated_set import PIXEL_SIZE_UM
from tools.training.checkpoints import split_fields

#: the two measurements that the two thresholds look at
RED, GREEN = "red_contrast", "green_contrast"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fields", type=Path, required=True)
    parser.add_argument("--train", type=int, default=300, help="fields to learn on")
    parser.add_argument("--test", type=int, default=60, help="fields to score on")
    parser.add_argument(
        "--models", nargs="*", default=["inception", "one-pass", "both"]
    )
    options = parser.parse_args()
    known, held_out = split_fields(options.fields)
    testing = [Field(path) for path in held_out[: options.test]]
    training = [Field(path) for path in known[: options.train]]
    x, y = (np.concatenate([getattr(f, n) for f in training]) for n in ("x", "truth"))
    unseen, truth = (
        np.concatenate([getattr(f, n) for f in testing]) for n in ("x", "truth")
    )
    _report("two thresholds", two_thresholds(x, y, unseen), truth)
    regression = make_pipeline(
        StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000)
    ).fit(x, y)
    _report("logistic regression", regression.predict_proba(unseen), truth)
    for name in options.models:
        _report(name, _predicted(testing, name), truth)


class Field:
    """The clear cells of a field: measurements (cell, feature) and classes."""

    def __init__(self, path: Path) -> None:
        with np.load(path) as file:
            images = [file[n].astype(np.float32)[None] for n in ("red", "green")]
            self.labels = file["labels"].astype(np.int32)[None]
            kind, clear = file["kind"].astype(int), ~file["ambiguous"]
        self.planes = MeanPlanes("field", *images, pixel_size_um=PIXEL_SIZE_UM)
        cells = measure(self.labels, self.planes)
        row = cells["label"].to_numpy() - 1
        self.cells = cells[clear[row]].reset_index(drop=True)
        self.truth = kind[row[clear[row]]]
        self.x = self._measured()

    def _measured(self) -> np.ndarray:
        numbers = self.cells["label"].to_numpy()
        inner = _middle(self.labels[0])
        ratios = []
        for image in (self.planes.red[0], self.planes.green[0]):
            whole = ndimage.mean(image, self.labels[0], numbers)
            ratios.append(ndimage.mean(image, inner, numbers) / np.maximum(whole, 1e-6))
        columns = [self.cells[RED], self.cells[GREEN], *ratios]
        columns.append(np.log(self.cells["area_um2"]))
        stacked = np.nan_to_num(np.column_stack(columns), nan=0.0)
        return np.clip(stacked, -10, 50)


def _middle(labels: np.ndarray) -> np.ndarray:
    """Labels of the inner half of each cell: its nucleus."""
    inner = np.zeros_like(labels)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        if box is not None:
            mask = np.pad(labels[box] == number, 1)
            depth = ndimage.distance_transform_edt(mask)[1:-1, 1:-1]
            inner[box][depth > 0.5 * depth.max()] = number
    return inner


def two_thresholds(x: np.ndarray, y: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    """Probabilities (cell, class) of `unseen` by the two thresholds that suit (x, y).

    A rule has no probabilities, so its class has probability 1.
    """
    index = {name: k for k, name in enumerate(CLASSES)}
    limits = fit_thresholds(x[:, :2], y, index)
    return np.eye(len(CLASSES))[predict_classes(unseen[:, :2], limits, index)]


def _predicted(fields: list[Field], name: str) -> np.ndarray:
    classifier = load_classifier(name)
    config, device = ClassifyConfig(), choose_device(DeviceConfig())
    return np.concatenate(
        [
            run_to_end(
                classifier.classify(
                    field.planes, field.labels, field.cells, config, device
                )
            )
            for field in fields
        ]
    )


def _report(name: str, probabilities: np.ndarray, truth: np.ndarray) -> None:
    figures = class_figures(probabilities, truth)
    print(json.dumps({"classifier": name} | figures), flush=True)


if __name__ == "__main__":
    main()
