"""Score the default models, beside a classical reference where one is given.

    python -m tools.evaluation.evaluate [--per-kind 4] [--truth FOLDER ...] \
        --score score.py [--baseline baseline.py]

`--score` is a scoring program with `score(labels, rows, truth_dir)`, `--baseline` a
classical reference with `run(green, red, pixel_size)`; neither is part of this
repository. Fields are simulated anew from seeds that no training used; `--truth` adds
folders with red.tif, green.tif, labels.tif, cells.csv and meta.json. Prints one line a
field and the mean of every kind.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import tempfile
from copy import copy
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import tifffile

from napari_cellid.cells.measure import measure
from napari_cellid.cells.none_of_these import count_none, is_none
from napari_cellid.classification.base import classify_cells
from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import ClassifyConfig, DeviceConfig, SegmentConfig
from napari_cellid.device import choose_device
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.predict import load_segmenter, segment
from napari_cellid.simulation.conditions import KINDS, draw_config
from napari_cellid.simulation.field import simulate
from tools.evaluation.model_figures import count_sure_detections

if TYPE_CHECKING:
    from types import ModuleType

SEED = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--per-kind", type=int, default=4)
    parser.add_argument("--kinds", nargs="*", default=[k for k in KINDS if k != "wide"])
    parser.add_argument(
        "--outlined",
        choices=["cut", "visible"],
        default="cut",
        help="what the truth of simulated fields outlines",
    )
    parser.add_argument("--truth", type=Path, nargs="*", default=[])
    parser.add_argument("--score", type=Path, required=True)
    parser.add_argument("--baseline", type=Path)
    parser.add_argument("--segmenter")
    parser.add_argument("--classifier", nargs="*", default=[""])
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--split", choices=["core", "distance", "none"], default="core")
    options = parser.parse_args()
    score = load_program(options.score)
    ours = Ours(options)
    methods: dict[str, Any] = {
        f"napari-cellid {name}".strip(): ours.with_classifier(name)
        for name in options.classifier
    }
    if options.baseline:
        methods["reference"] = load_program(options.baseline).run
    for folder in options.truth:
        _report(folder.name, [folder], methods, score)
    with tempfile.TemporaryDirectory() as scratch:
        for kind in options.kinds:
            folders = [
                _simulated(Path(scratch), kind, k, options.outlined)
                for k in range(options.per_kind)
            ]
            _report(kind, folders, methods, score)


class Ours:
    """The default models as a function of images (y, x) and pixel size."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.segmenter = load_segmenter(options.segmenter)
        self.classifier = load_classifier()
        self.config = SegmentConfig(threshold=options.threshold, split=options.split)
        self.device = choose_device(DeviceConfig())
        self._outlined: dict[bytes, np.ndarray] = {}
        #: outlines of the last field whose class could not be told
        self.n_none = 0

    def with_classifier(self, name: str) -> Ours:
        """The same outlines with another classifier."""
        other = copy(self)
        other.classifier = load_classifier(name or None)
        return other

    def __call__(
        self, green: np.ndarray, red: np.ndarray, pixel_size_um: float
    ) -> tuple[np.ndarray, list[dict[str, Any]]]:
        planes = MeanPlanes(
            name="field",
            red=np.asarray(red, np.float32)[None],
            green=np.asarray(green, np.float32)[None],
            pixel_size_um=pixel_size_um,
        )
        about = f"{green.shape} {green.dtype} {red.dtype} {pixel_size_um}".encode()
        key = sha256(about + green.tobytes() + red.tobytes()).digest()
        if key not in self._outlined:
            step = segment(planes, self.segmenter, self.config, self.device)
            self._outlined[key] = run_to_end(step).labels
        labels = self._outlined[key]
        cells = measure(labels, planes)
        table = run_to_end(
            classify_cells(
                planes, labels, cells, self.classifier, ClassifyConfig(), self.device
            )
        )
        # a cell of which the class cannot be told is missed, as if it had no outline
        self.n_none = count_none(table)
        table = table[~is_none(table)]
        kept = np.isin(labels[0], table["label"])
        rows = table[["label", "predicted"]].to_dict("records")
        return np.where(kept, labels[0], 0), rows


def load_program(path: Path) -> ModuleType:
    """Import a program by its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _simulated(
    parent: Path, kind: str, k: int, outlined: Literal["cut", "visible"]
) -> Path:
    rng = np.random.default_rng([SEED, KINDS.index(kind), k])
    field = run_to_end(simulate(draw_config(kind, rng, n_planes=1, outlined=outlined)))
    folder = parent / f"{kind}-{k}"
    folder.mkdir()
    for name in ("red", "green", "labels"):
        tifffile.imwrite(folder / f"{name}.tif", getattr(field, name)[0])
    tifffile.imwrite(folder / "unsure.tif", field.unsure[0].astype(np.uint8))
    cells = field.cells[["label", "y", "x", "class", "ambiguous"]]
    cells.to_csv(folder / "cells.csv", index=False)
    meta = {"pixel_size_um": field.config.pixel_size_um, "simulated": True}
    (folder / "meta.json").write_text(json.dumps(meta))
    return folder


def _report(
    name: str, folders: list[Path], methods: dict[str, Any], score: ModuleType
) -> None:
    for method, run in methods.items():
        rows = [score_one(folder, run, score) for folder in folders]
        means = {
            key: round(float(np.mean([r[key] for r in rows])), 3) for key in rows[0]
        }
        print(
            json.dumps({"field": name, "n": len(rows), "method": method} | means),
            flush=True,
        )


def _judged_f1(folder: Path, labels: np.ndarray) -> float | None:
    """F1 at IoU 0.5 without outlines where truth cannot say whether a cell is there."""
    path = folder / "unsure.tif"
    if not path.exists():
        return None
    unsure = tifffile.imread(path) > 0
    truth = tifffile.imread(folder / "labels.tif")
    return count_sure_detections(labels, truth, unsure).metrics()["f1"] or 0.0


def score_one(folder: Path, run: Any, score: ModuleType) -> dict[str, float]:
    """Figures of one field with truth."""
    red, green = (tifffile.imread(folder / f"{c}.tif") for c in ("red", "green"))
    pixel = json.loads((folder / "meta.json").read_text())["pixel_size_um"]
    labels, cells = run(green, red, pixel)
    text = [{key: str(value) for key, value in row.items()} for row in cells]
    result = score.score(np.asarray(labels, np.int64), text, str(folder))
    judged = _judged_f1(folder, np.asarray(labels))
    return {
        "f1_iou": result["iou"]["f1"],
        "f1_iou_judged": result["iou"]["f1"] if judged is None else judged,
        "f1_6um": result["centroid"]["f1"],
        "precision_6um": result["centroid"]["precision"],
        "recall_6um": result["centroid"]["recall"],
        "balanced": result["centroid"]["balanced_accuracy"] or 0.0,
        "macro_f1_end_to_end": result["centroid"]["end_to_end_macro_f1"] or 0.0,
        "none_of_these": getattr(run, "n_none", 0),
    }


if __name__ == "__main__":
    main()
