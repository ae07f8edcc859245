"""A run on planes that lie closer than a soma links cells, unless it must not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from napari_cellid.cells.plane_links import LINKED
from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import ClassifyConfig, DeviceConfig, IdentifyConfig
from napari_cellid.identify import IdentifyResult, identify_cells
from napari_cellid.io.results import write_results
from napari_cellid.progress import run_to_end
from napari_cellid.recording import Recording
from napari_cellid.segmentation.predict import load_segmenter

CPU = DeviceConfig(device="cpu", precision="fp32")


def test_linked_outlines_have_one_class(
    recording: Recording,
    segmenter_folder: Path,
    classifier_folder: Path,
    tmp_path: Path,
) -> None:
    models = load_segmenter(segmenter_folder), load_classifier(classifier_folder)
    # one plane twice: every outline has its partner
    twice = replace(
        recording,
        red=recording.red[:, [0, 0]],
        green=recording.green[:, [0, 0]],
        plane_depths_um=(0.0, 6.0),
    )

    def run(config: IdentifyConfig) -> IdentifyResult:
        return run_to_end(identify_cells(twice, *models, config))

    result = run(IdentifyConfig(device=CPU))
    cells = result.cells
    assert (cells[LINKED].value_counts() == 2).all()
    assert (cells.groupby(LINKED)["predicted"].nunique() == 1).all()
    assert any(f"are {len(cells) // 2} cells" in note for note in result.notes)
    saved = pd.read_csv(write_results(result, tmp_path) / "cells.csv")
    assert saved[LINKED].tolist() == cells[LINKED].tolist()
    off = run(IdentifyConfig(device=CPU, classify=ClassifyConfig(link_planes=False)))
    pd.testing.assert_frame_equal(
        off.cells, cells.drop(columns=LINKED), check_exact=False, rtol=1e-5
    )
