"""Fields with truth, from folders, kept as the training tools keep simulated ones.

    python -m tools.simulation.truth_fields --truth FOLDER ... --out WORK/other

Each FOLDER holds red.tif, green.tif, labels.tif, cells.csv (label, class, ambiguous)
and meta.json (pixel_size_um). They are for scoring beside `simulated_set.py`'s fields,
not for training.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import tifffile
from scipy import ndimage

from napari_cellid.cells.rescale import rescale_labels
from napari_cellid.channels.resampling import rescale
from napari_cellid.segmentation.targets import pixel_targets
from napari_cellid.simulation.tissue import CLASSES
from tools.simulation.simulated_set import PIXEL_SIZE_UM, at_half

if TYPE_CHECKING:
    from numpy.typing import NDArray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--truth", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    names = [folder.name for folder in options.truth]
    if len(set(names)) < len(names):
        parser.error(f"folders of the same name among {', '.join(names)}; rename some")
    options.out.mkdir(parents=True, exist_ok=True)
    for folder in options.truth:
        np.savez_compressed(options.out / f"{folder.name}-0.npz", **read_truth(folder))


def read_truth(folder: Path) -> dict[str, NDArray[np.generic]]:
    """Images, outlines and cells of a folder at the models' scale."""
    meta = json.loads((folder / "meta.json").read_text("utf-8"))
    factor = meta["pixel_size_um"] / PIXEL_SIZE_UM
    red, green = (
        rescale(tifffile.imread(folder / f"{name}.tif").astype(np.float32), factor)
        for name in ("red", "green")
    )
    given = tifffile.imread(folder / "labels.tif").astype(np.int32)
    cells = pd.read_csv(folder / "cells.csv")
    numbers = cells["label"].to_numpy(int)
    place = np.array(ndimage.center_of_mass(given > 0, given, numbers)).reshape(-1, 2)
    renumbered = np.zeros(int(max(given.max(), numbers.max(initial=0))) + 1, np.int32)
    renumbered[numbers] = np.arange(1, len(numbers) + 1)
    labels = rescale_labels(renumbered[given], factor, red.shape)
    return {
        "red": at_half(red),
        "green": at_half(green),
        "labels": labels,
        "target": pixel_targets(labels),
        "place": ((place + 0.5) * factor - 0.5).astype(np.float32),
        "kind": np.array([CLASSES.index(k) for k in cells["class"]], np.int8),
        "ambiguous": cells["ambiguous"].astype(bool).to_numpy(),
    }


if __name__ == "__main__":
    main()
