"""A pixel size that contradicts the cells in the image is doubted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_cellid.config import DeviceConfig, IdentifyConfig, SegmentConfig
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.identify import identify_cells
from napari_cellid.io.results import write_results
from napari_cellid.models.registry import find_model
from napari_cellid.progress import Progress, run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation import pixel_size_check
from napari_cellid.segmentation.diameter_estimate import DiameterEstimate
from napari_cellid.segmentation.pixel_size_check import check_pixel_size
from napari_cellid.segmentation.predict import load_segmenter

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.recording import Recording

ON_CPU = DeviceConfig(device="cpu", precision="fp32")
PLANES = MeanPlanes("m1", None, np.zeros((1, 64, 64), np.float32), 1.0)


@pytest.fixture
def estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells of 12.5 px in every image."""

    def estimate(*_: object):
        yield Progress("Estimating the diameter")
        return DiameterEstimate(12.5, 40)

    monkeypatch.setattr(pixel_size_check, "estimate_diameter", estimate)


def checked(planes: MeanPlanes, segmenter_folder: Path) -> dict:
    segmenter = load_segmenter(segmenter_folder)
    return run_to_end(check_pixel_size(planes, segmenter, choose_device(ON_CPU)))


# 12.5 px are 8 µm at 0.64 µm, and 18 µm at 1.44 µm
@pytest.mark.parametrize("size", [0.64, 1.0, 1.44])
@pytest.mark.usefixtures("estimated")
def test_a_size_at_which_cells_are_somata_is_not_doubted(size, segmenter_folder):
    record = checked(replace(PLANES, pixel_size_um=size), segmenter_folder)
    assert record == {
        "diameter_px": 12.5,
        "diameter_um": 12.5 * size,
        "outlines": 40,
        "doubtful": False,
        "text": "",
    }


@pytest.mark.parametrize(
    ("size", "said"),
    [(0.63, "7.88 µm at 0.63 µm"), (1.45, "18.1 µm at 1.45 µm"), (4, "50 µm at 4 µm")],
)
@pytest.mark.usefixtures("estimated")
def test_any_other_size_is_doubted_and_one_that_fits_is_said(
    size, said, segmenter_folder
):
    record = checked(replace(PLANES, pixel_size_um=size), segmenter_folder)
    assert record["doubtful"]
    assert record["text"] == (
        "The pixel size may be wrong: cells in the image are about 12.5 px across, "
        f"which is {said} per pixel, but somata have 8 to 18 µm. Check the pixel size; "
        "0.64 to 1.4 µm would fit."
    )


@pytest.mark.parametrize("scale", [{"diameter_px": 30.0}, {"size_assumed": True}])
@pytest.mark.usefixtures("estimated")
def test_micrometres_that_come_from_a_diameter_contradict_nothing(
    scale, segmenter_folder
):
    assert checked(replace(PLANES, pixel_size_um=9, **scale), segmenter_folder) == {}


def test_where_no_estimate_is_possible_nothing_is_doubted(
    monkeypatch, segmenter_folder
):
    def refuse(*_: object):
        yield Progress("Estimating the diameter")
        raise InputError("m1: too few cells.")

    monkeypatch.setattr(pixel_size_check, "estimate_diameter", refuse)
    assert checked(PLANES, segmenter_folder) == {"no_estimate": "m1: too few cells."}


@pytest.mark.parametrize(("factor", "doubted"), [(0.4, True), (1, False), (2.5, True)])
def test_a_run_with_the_default_model_says_it(
    recording: Recording, factor: float, doubted: bool, tmp_path: Path
):
    segmenter = load_segmenter(find_model(None, "segment"))
    declared = replace(recording, pixel_size_um=recording.pixel_size_um * factor)
    config = IdentifyConfig(device=ON_CPU)
    result = run_to_end(identify_cells(declared, segmenter, None, config))
    assert bool(result.pixel_size_doubt) == doubted
    assert (result.pixel_size_doubt in result.notes) == doubted
    # and results that are opened again say it, too
    write_results(result, tmp_path)
    run = json.loads(next(tmp_path.rglob("run.json")).read_text("utf-8"))
    assert run["pixel_size_check"] == result.run["pixel_size_check"]
    assert "pixel_size" in run["seconds"]


def test_the_check_can_be_turned_off(recording: Recording, segmenter_folder: Path):
    config = IdentifyConfig(
        device=ON_CPU, segment=SegmentConfig(check_pixel_size=False)
    )
    wrong = replace(recording, pixel_size_um=20.0)
    segmenter = load_segmenter(segmenter_folder)
    result = run_to_end(identify_cells(wrong, segmenter, None, config))
    assert result.pixel_size_doubt == ""
    assert "pixel_size_check" not in result.run
