"""The unit of work that outlines a recording: a call with plain arguments."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.config import NOT_A_CELL, DeviceConfig, SegmentConfig
from napari_cellid.crossvalidation.cells import read_cells
from napari_cellid.crossvalidation.detections import compare_outlines
from napari_cellid.crossvalidation.layout import CELLS_FILE, EXPERIMENT_FILE
from napari_cellid.device import choose_device
from napari_cellid.json_file import read_json
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.predict import load_segmenter, segment
from napari_cellid.study.study import Study
from napari_cellid.study.training_set import decided_cells

if TYPE_CHECKING:
    import pandas as pd

    from napari_cellid.segmentation.predict import Segmenter


def run_detection(
    folder: str, recording: str, model: str, device: dict[str, Any]
) -> dict[str, Any]:
    """Outline a recording, and compare the outlines with the true ones (a unit)."""
    about = read_json(Path(folder) / EXPERIMENT_FILE)
    study, decided = _decided(about["study"])
    cells = read_cells(Path(folder) / CELLS_FILE, tuple(about["classes"])).table
    one = study.recording(recording)
    planes, truth = one.planes(), one.labels()
    of_recording = decided[decided["recording"] == recording]
    none = of_recording.loc[of_recording["class"] == NOT_A_CELL, "label"]
    truth = np.where(np.isin(truth, none), 0, truth).astype(np.int32)
    segmenter = _segmenter(model)
    config = SegmentConfig(threshold=segmenter.card.threshold)
    step = segment(planes, segmenter, config, choose_device(DeviceConfig(**device)))
    found = run_to_end(step).labels
    tested = cells[cells["recording"] == recording]
    return {
        **compare_outlines(planes, found, truth, tested),
        "model": segmenter.card.name,
    }


@lru_cache(maxsize=1)
def _decided(path: str) -> tuple[Study, pd.DataFrame]:
    study = Study.open(Path(path))
    return study, decided_cells(study)[0]


@lru_cache(maxsize=1)
def _segmenter(model: str) -> Segmenter:
    return load_segmenter(model)
