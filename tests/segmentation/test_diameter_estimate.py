"""The diameter of cells is estimated from the image, or an estimate is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import tifffile

from napari_cellid import api
from napari_cellid.config import DeviceConfig, SimulationConfig
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes, Recording
from napari_cellid.recording.data import ESTIMATED_SOURCE, SOMA_UM
from napari_cellid.segmentation.diameter_estimate import (
    DiameterEstimate,
    _check_agreement,
    _Trial,
    estimate_diameter,
    estimate_recording_diameter,
    with_estimated_diameter,
)
from napari_cellid.segmentation.predict import Segmenter, load_segmenter
from napari_cellid.simulation.field import simulate


@pytest.fixture
def bright(segmenter_folder: Path) -> Segmenter:
    """Outlines what is bright, whatever its size."""
    return load_segmenter(segmenter_folder)


def discs(diameter: float, side: int = 320, gap: float = 2.5) -> np.ndarray:
    """Bright discs on a dark ground: (y, x)."""
    y, x = np.mgrid[:side, :side] + 0.5
    step = gap * diameter
    distance = np.hypot(y % step - step / 2, x % step - step / 2)
    return np.where(distance <= diameter / 2, 1000, 10).astype(np.float32)


def planes_of(*images: np.ndarray) -> MeanPlanes:
    return MeanPlanes("r", None, np.stack(images), 1.0)


def estimate(planes: MeanPlanes, segmenter: Segmenter) -> DiameterEstimate:
    device = choose_device(DeviceConfig(device="cpu"))
    return run_to_end(estimate_diameter(planes, segmenter, device))


@pytest.mark.parametrize("diameter", [7, 12, 20, 30])
def test_discs_have_their_diameter(bright: Segmenter, diameter: int) -> None:
    found = estimate(planes_of(discs(diameter)), bright)
    assert found.diameter_px == pytest.approx(diameter, rel=0.08)
    assert found.n_cells >= 10


def test_the_pixel_size_is_not_used(bright: Segmenter) -> None:
    planes = planes_of(discs(12))
    for other in (replace(planes, pixel_size_um=0.4), replace(planes, diameter_px=30)):
        assert estimate(other, bright) == estimate(planes, bright)


def test_the_middle_plane_counts(bright: Segmenter) -> None:
    planes = planes_of(discs(9), discs(14), discs(25))
    assert estimate(planes, bright).diameter_px == pytest.approx(14, rel=0.08)


def test_frames_of_a_long_movie_are_spread(bright: Segmenter) -> None:
    frames = da.from_array(np.broadcast_to(discs(12)[None, None], (1200, 1, 320, 320)))
    recording = Recording("r", None, frames, None, "")
    device = choose_device(DeviceConfig(device="cpu"))
    found = run_to_end(estimate_recording_diameter(recording, bright, device))
    assert found == estimate(planes_of(discs(12)), bright)
    scaled = run_to_end(with_estimated_diameter(recording, bright, device))
    assert scaled.shape == recording.shape
    assert scaled.diameter_px == found.diameter_px
    assert scaled.diameter_source == ESTIMATED_SOURCE
    assert scaled.pixel_size_um == pytest.approx(SOMA_UM / found.diameter_px)
    assert "was estimated from the image" in scaled.notes[-2]


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (np.full((300, 300), 7.0, np.float32), "only 0 found, but 10 are needed"),
        (discs(20, side=100, gap=2.2), "but 10 are needed"),
        (discs(3), "too small to tell cells from noise"),
    ],
)
def test_without_enough_cells_there_is_no_estimate(
    bright: Segmenter, image: np.ndarray, reason: str
) -> None:
    with pytest.raises(InputError, match="cannot be estimated") as error:
        estimate(planes_of(image), bright)
    assert reason in str(error.value)


@pytest.mark.parametrize(("median", "agrees"), [(13.0, True), (9.0, False)])
def test_outlines_must_agree_with_the_diameter_they_come_from(
    median: float, agrees: bool
) -> None:
    trial = _Trial(assumed_px=20.0, n_cells=50, median_px=median, coverage=0.1)
    if agrees:
        _check_agreement(trial, "r")
        return
    with pytest.raises(InputError, match="at different scales"):
        _check_agreement(trial, "r")


def test_an_estimate_that_contradicts_the_pixel_size_is_refused(
    bright: Segmenter,
) -> None:
    recording = Recording("r", None, da.from_array(discs(12)[None, None]), 3.0, "given")
    step = with_estimated_diameter(recording, bright, choose_device(DeviceConfig()))
    with pytest.raises(InputError, match="one of both is wrong"):
        run_to_end(step)


def test_scripts_estimate_with_the_default_model(tmp_path: Path) -> None:
    config = SimulationConfig(seed=5, height=220, width=220, n_planes=1)
    field = run_to_end(simulate(config))
    files = {name: tmp_path / f"{name}.tif" for name in ("red", "green")}
    for name, path in files.items():
        tifffile.imwrite(path, getattr(field, name)[0].astype(np.uint16))
    recording = api.read_recording(**files, diameter_px="auto")
    area = np.bincount(field.labels.ravel())[1:]
    true = np.median(np.sqrt(4 * area[area > 0] / np.pi))
    assert recording.diameter_px == pytest.approx(true, rel=0.2)
    with pytest.raises(InputError, match="is no number"):
        api.read_recording(**files, diameter_px="automatic")  # type: ignore[arg-type]
