"""Motion is found frame by frame, kept, and taken out when frames are read."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from napari_cellid.config import DeviceConfig, IdentifyConfig, RegistrationConfig
from napari_cellid.identify import identify_cells
from napari_cellid.io.results import write_results
from napari_cellid.progress import run_to_end
from napari_cellid.recording import Recording
from napari_cellid.registration.movie import (
    corrected,
    find_movie_shifts,
    nearest_reliable,
)
from napari_cellid.registration.register import register_movie
from napari_cellid.registration.translation import translated
from napari_cellid.segmentation.predict import load_segmenter

N, SIDE, UM = 30, 128, 1.2


def movie(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noisy frames (time, 1, y, x) of cells that jump, and where each frame lies."""
    rng = np.random.default_rng(seed)
    tissue = np.zeros((SIDE + 40, SIDE + 40))
    at = rng.integers(0, SIDE + 40, (2, 160))
    tissue[tuple(at)] = rng.uniform(100, 300, 160)
    tissue = 20 + ndimage.gaussian_filter(tissue, 2.5) * 5
    shifts = np.repeat(rng.uniform(-8, 8, (N // 5, 2)), 5, axis=0)
    shifts += rng.normal(0, 0.5, (N, 2))
    frames = [
        ndimage.shift(tissue, -shift, order=3)[20:-20, 20:-20] for shift in shifts
    ]
    return rng.poisson(np.maximum(frames, 0))[:, None].astype(np.uint16), shifts


def recording(frames: np.ndarray) -> Recording:
    return Recording(
        name="moving",
        red=None,
        green=da.from_array(frames, chunks=(4, 1, SIDE, SIDE)),
        pixel_size_um=UM,
        pixel_size_source="given",
    )


def test_jumps_are_found_to_a_part_of_a_pixel() -> None:
    frames, true = movie()
    found = run_to_end(find_movie_shifts({"green": da.from_array(frames)}, UM))
    # a frame shows at a place what the tissue has at the place plus its shift
    difference = found.shifts[:, 0] + true
    error = np.hypot(*(difference - np.median(difference, axis=0)).T)
    assert np.median(error) < 0.1
    assert error.max() < 0.3
    assert found.reliable.all()
    np.testing.assert_allclose(found.unmoved["green"], frames.mean(0), rtol=1e-5)


def test_whole_shifts_are_undone_exactly() -> None:
    rng = np.random.default_rng(1)
    image = rng.uniform(0, 100, (SIDE, SIDE)).astype(np.float32)
    shifts = np.array([[0, 0], [3, -2], [-5, 4]])
    frames = np.stack([np.roll(image, tuple(s), (0, 1)) for s in shifts])[:, None]
    array = da.from_array(frames, chunks=(2, 1, 64, 64))
    still = corrected(array, shifts[:, None].astype(float)).compute()
    inner = np.s_[:, :, 8:-8, 8:-8]
    np.testing.assert_allclose(
        still[inner], np.broadcast_to(image, frames.shape)[inner], atol=1e-3
    )
    # what a frame does not show is no value
    assert np.isnan(still[1, 0, -3:]).all()
    assert np.isfinite(still[0]).all()


def test_frames_without_structure_take_the_shift_of_their_neighbour() -> None:
    frames, _ = movie(2)
    frames[7] = np.random.default_rng(0).poisson(20, frames[7].shape)
    found = run_to_end(find_movie_shifts({"green": da.from_array(frames)}, UM))
    assert not found.reliable[7, 0]
    assert any((found.shifts[7] == found.shifts[k]).all() for k in (6, 8))
    table = found.table()
    assert list(table.columns) == ["frame", "plane", "y", "x", "reliable"]
    assert table["reliable"].sum() == N - 1


def test_all_that_a_frame_and_the_template_show_tells_the_shift() -> None:
    frames, true = movie(2)
    found = run_to_end(find_movie_shifts({"green": da.from_array(frames)}, UM))
    difference = found.shifts[:, 0] + true
    error = np.hypot(*(difference - np.median(difference, axis=0)).T)
    # 0.058 where only what no shift moves out of the frame is compared
    assert np.median(error) < 0.045


@pytest.mark.parametrize("shift", [(3.3, -4.7), (0, 0), (5, -2), (-7.001, 9.99)])
def test_an_image_is_moved_as_scipy_moves_it(shift: tuple[float, float]) -> None:
    image = np.random.default_rng(0).normal(1000, 300, (40, 30)).astype(np.float32)
    expected = ndimage.shift(image, -np.array(shift), order=3, cval=np.nan)
    np.testing.assert_allclose(translated(image, np.array(shift)), expected, rtol=1e-5)
    assert np.isnan(translated(image, np.array([50.0, 0]))).all()


def test_the_nearest_frame_is_found_without_a_table_of_all_distances() -> None:
    reliable = np.arange(40_000) % 10 == 3
    tracemalloc.start()
    nearest = nearest_reliable(reliable)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # such a table would have 1.3 GB
    assert peak < 8e6
    assert nearest[:14].tolist() == [3] * 9 + [13] * 5
    assert nearest[-3:].tolist() == [39_993] * 3


def test_frames_are_read_when_needed_and_a_few_at_a_time() -> None:
    frames, _ = movie(3)
    most, now = [0], [0]

    @dask.delayed
    def read(time: int) -> np.ndarray:
        now[0] += 1
        most[0] = max(most[0], now[0])
        return frames[time % N, 0]

    lazy = da.stack(
        [da.from_delayed(read(t), (SIDE, SIDE), np.uint16) for t in range(N)]
    )[:, None]
    config = RegistrationConfig(registration="movie")
    rec = replace(recording(frames), green=lazy)
    still, shifts = run_to_end(register_movie(rec, config))
    reads = now[0]
    # the sample and one pass, and nothing for the corrected recording
    assert reads == 2 * N
    assert shifts is not None
    assert still.green is not None
    still.green[3].compute()
    assert now[0] == reads + 1


def test_off_leaves_the_recording_as_it_is() -> None:
    rec = recording(movie()[0])
    assert run_to_end(register_movie(rec, RegistrationConfig())) == (rec, None)


def test_a_run_keeps_shifts_and_a_picture(
    tmp_path: Path, segmenter_folder: Path
) -> None:
    frames, _ = movie(4)
    config = IdentifyConfig(
        registration=RegistrationConfig(registration="both"),
        device=DeviceConfig(device="cpu", precision="fp32"),
    )
    step = identify_cells(
        recording(frames), load_segmenter(segmenter_folder), None, config
    )
    result = run_to_end(step)
    # cells are sharp again
    images = result.planes.green[0], frames.mean(0)[0]
    sharp, blurred = (
        ndimage.gaussian_laplace(image, 2)[12:-12, 12:-12].std() for image in images
    )
    assert sharp > 1.5 * blurred
    folder = write_results(result, tmp_path)
    assert (folder / "registration.png").stat().st_size > 1000
    assert len(pd.read_csv(folder / "movie_shifts.csv")) == N
    run = json.loads((folder / "run.json").read_text("utf-8"))
    assert run["registration"]["movie"]["largest_shift_px"] > 3
    assert run["settings"]["registration"]["registration"] == "both"
    assert any("Motion was taken out of 30 frames" in note for note in run["notes"])
