"""Little recordings of square cells, and studies of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from napari_cellid.cells.measure import measure, with_classes
from napari_cellid.config import RecordingInfo
from napari_cellid.identify import IdentifyResult
from napari_cellid.recording import MeanPlanes

CLASSES = ("excitatory", "inhibitory", "glia")
PIXEL_UM = 1.25


def squares(*places: tuple[int, int, int], size: int = 8, planes: int = 1):
    """Labels 1, 2, … : squares whose upper left corners are at (plane, y, x)."""
    labels = np.zeros((planes, 64, 96), np.int32)
    for k, (plane, y, x) in enumerate(places, 1):
        labels[plane, y : y + size, x : x + size] = k
    return labels


def images(labels: np.ndarray, name: str = "r1", seed: int = 0) -> MeanPlanes:
    rng = np.random.default_rng(seed)
    red, green = rng.random((2, *labels.shape), np.float32)
    return MeanPlanes(name=name, red=red, green=green, pixel_size_um=PIXEL_UM)


def table(labels: np.ndarray) -> pd.DataFrame:
    return measure(labels, images(labels))


def found(
    labels: np.ndarray, name: str = "r1", predicted: str | None = "excitatory"
) -> IdentifyResult:
    """What the main job would give: every cell is taken for one class."""
    planes = images(labels, name)
    cells = measure(labels, planes)
    classes = ()
    if predicted is not None:
        chances = np.full((len(cells), 3), 0.1, np.float32)
        chances[:, CLASSES.index(predicted)] = 0.8
        cells, classes = with_classes(cells, chances, CLASSES), CLASSES
    run = {"recording": name, "sources": [], "models": {}, "device": "CPU, fp32"}
    return IdentifyResult(planes, labels, cells, classes, None, run)


def info(**values: object) -> RecordingInfo:
    return RecordingInfo.model_validate({"pixel_size_um": PIXEL_UM, **values})


#: three cells far from one another
THREE = squares((0, 4, 4), (0, 4, 40), (0, 40, 70))


def snapshot(folder: Path) -> dict[str, bytes]:
    """Content of every file in a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
