"""Whether subtracting the estimated bleed-through helps the default classifiers.

    python -m tools.evaluation.bleed_correction --out correction.json
    python -m tools.evaluation.bleed_correction --folder DIR --out correction.json

Classifies true outlines of simulated fields, with red as it is and with the estimated
bleed-through subtracted. The fields of one number differ only in their bleed-through.
At most 25 clear cells of a class are taken of each field. All fields are simulated.
The second form takes a folder of `red.tif`, `green.tif`, `labels.tif`, `cells.csv` and
`meta.json`, and adds shares of green to red, in units of the ranges of both channels.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import tifffile

from napari_cellid.cells.measure import measure
from napari_cellid.channels.bleed_through import bleed_through
from napari_cellid.classification.base import classify_cells
from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import ClassifyConfig, DeviceConfig
from napari_cellid.device import choose_device
from napari_cellid.evaluation.metrics import balanced_accuracy, confusion_matrix
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.simulation.tissue import CLASSES
from tools.evaluation.bleed_fields import bleed_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SEED = 31_500
KINDS = ("wide", "weak_dense", "nominal")
LEVELS = (0.0, 0.1, 0.2, 0.35, 0.5)
MODELS = ("one-pass", "resnet18", "inception")
MOST_CELLS = 25
FOLDER_LEVELS, FOLDER_MOST_CELLS = (0.0, 0.2, 0.5), 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=8)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    models = {name: load_classifier(name) for name in MODELS}
    rows: list[dict[str, Any]] = []
    known = _of_folder(options.folder) if options.folder else _simulated(options.n)
    for cells in known:
        rows += _classified(cells, models)
        options.out.write_text(json.dumps(rows))
    print(summary(pd.DataFrame(rows)).to_string(float_format="%.3f"))


def summary(rows: pd.DataFrame) -> pd.DataFrame:
    """Balanced accuracy over the cells of all fields, without and with correction."""
    groups = rows.groupby(["model", "bleed", "corrected"])
    return groups.apply(_balanced, include_groups=False).unstack("corrected")


def _balanced(rows: pd.DataFrame) -> float:
    truth, predicted = (
        np.array([CLASSES.index(name) for name in rows[column].sum()])
        for column in ("truth", "predicted")
    )
    return float(balanced_accuracy(confusion_matrix(truth, predicted, len(CLASSES))))


@dataclass(frozen=True, eq=False)
class KnownCells:
    """Images, outlines and the classes of clear cells.

    Parameters
    ----------
    planes
        Mean images.
    labels
        (plane, y, x).
    truth
        Class of each clear cell that is taken, by label.
    given
        What the rows of the result begin with.
    """

    planes: MeanPlanes
    labels: NDArray[np.int32]
    truth: pd.Series[str]
    given: dict[str, Any]


def _simulated(n: int) -> Iterator[KnownCells]:
    for k in range(n):
        for level in LEVELS:
            found = bleed_field(KINDS[k % len(KINDS)], (SEED, k), level)
            field = found.field
            red, green = (a.astype(np.float32) for a in (field.red, field.green))
            yield KnownCells(
                MeanPlanes("field", red, green, field.config.pixel_size_um),
                field.labels,
                _clear(field.cells, MOST_CELLS),
                {"field": k, "kind": found.kind, "bleed": level, "true": found.slope},
            )


def _of_folder(folder: Path) -> Iterator[KnownCells]:
    red, green, labels = (
        tifffile.imread(folder / f"{name}.tif")[None]
        for name in ("red", "green", "labels")
    )
    size = json.loads((folder / "meta.json").read_text())["pixel_size_um"]
    red, green = red.astype(np.float32), green.astype(np.float32)
    ranges = [np.ptp(np.percentile(image, [1, 99.8])) for image in (red, green)]
    truth = _clear(pd.read_csv(folder / "cells.csv"), FOLDER_MOST_CELLS)
    for level in FOLDER_LEVELS:
        share = np.float32(level * ranges[0] / ranges[1])
        yield KnownCells(
            MeanPlanes("field", red + share * green, green, size),
            labels.astype(np.int32),
            truth,
            {"field": 0, "kind": folder.name, "bleed": level, "added": float(share)},
        )


def _clear(cells: pd.DataFrame, most: int) -> pd.Series[str]:
    clear = cells[~cells["ambiguous"].astype(bool)]
    return clear.groupby("class").head(most).set_index("label")["class"]


def _classified(known: KnownCells, models: dict[str, Any]) -> list[dict[str, Any]]:
    estimate = bleed_through(known.planes)
    cells = measure(known.labels, known.planes)
    cells = cells[cells["label"].isin(known.truth.index)].reset_index(drop=True)
    rows = []
    for corrected in (False, True):
        slope = (estimate.slope or 0.0) if corrected else 0.0
        for name, model in models.items():
            step = classify_cells(
                replace(known.planes, bleed_through=slope),
                known.labels,
                cells,
                model,
                # every cell is compared, so none is without a class
                ClassifyConfig(none_below=0),
                choose_device(DeviceConfig()),
            )
            result = run_to_end(step)
            about = {"model": name, "corrected": corrected} | vars(estimate)
            truth = known.truth.loc[result["label"]].tolist()
            predicted = result["predicted"].tolist()
            rows.append(known.given | about | {"truth": truth, "predicted": predicted})
    return rows


if __name__ == "__main__":
    main()
