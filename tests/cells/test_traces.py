"""Traces and projections of a movie, in one pass."""

from __future__ import annotations

from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cellid.cells.frame_measures import measure_frames
from napari_cellid.cells.neuropil import cell_weights, neuropil_weights
from napari_cellid.cells.traces import TraceReader, Traces
from napari_cellid.config import FramesConfig
from napari_cellid.errors import InputError
from napari_cellid.io.traces import read_traces, reorder_traces, write_traces
from napari_cellid.progress import run_to_end
from napari_cellid.recording import Recording
from napari_cellid.recording.projections import Projections

BOTH = FramesConfig(traces=True, projections=True, frame_rate_hz=5)


def outlines() -> np.ndarray:
    """Two planes of 64 x 64 px; labels in no order."""
    labels = np.zeros((2, 64, 64), np.int32)
    labels[0, 10:20, 10:20] = 7
    labels[0, 22:30, 12:20] = 2
    labels[1, 40:50, 40:52] = 5
    return labels


def movie(n: int = 12) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4000, (n, 2, 64, 64)).astype(np.uint16)


def recording(frames: np.ndarray) -> Recording:
    return Recording("m", None, da.from_array(frames, chunks=(5, 1, 64, 64)), 1.0, "x")


def test_traces_are_the_means_of_outlines_and_rings() -> None:
    frames, labels = movie(), outlines()
    traces, _ = run_to_end(measure_frames(recording(frames), labels, BOTH))
    assert traces is not None
    assert traces.labels.tolist() == [2, 5, 7]
    for row, label in enumerate(traces.labels):
        inside = frames[:, labels == label].mean(1)
        np.testing.assert_allclose(traces.fluorescence[row], inside, rtol=1e-5)
    ring = neuropil_weights(labels[1]).toarray().reshape(64, 64) > 0
    expected = frames[:, 1][:, ring].mean(1)
    np.testing.assert_allclose(traces.neuropil[1], expected, rtol=1e-5)
    np.testing.assert_allclose(traces.times, np.arange(12) / 5)
    assert (traces.unit, traces.channel) == ("s", "green")


def test_a_ring_leaves_out_cells_and_a_gap_and_is_large_enough() -> None:
    labels = outlines()[0]
    rings = neuropil_weights(labels).toarray().reshape(2, 64, 64) > 0
    for cell, ring in zip((2, 7), rings, strict=True):
        assert not (ring & (labels > 0)).any()
        assert ring.sum() >= 350
        own = np.argwhere(labels == cell)
        far = np.array(
            [np.hypot(*(own - place).T).min() for place in np.argwhere(ring)]
        )
        assert far.min() > 2
        assert far.max() <= 17


def test_weights_of_a_plane_without_cells_are_empty() -> None:
    empty = np.zeros((40, 40), np.int32)
    assert cell_weights(empty).shape == (0, 1600)
    assert neuropil_weights(empty).shape == (0, 1600)


def test_what_a_frame_does_not_show_is_left_out() -> None:
    labels = outlines()
    frames = movie(4).astype(np.float32)
    frames[1, 0, 10:15] = np.nan
    frames[2, 0] = np.nan
    reader = TraceReader(labels, 4)
    reader.add(slice(0, 4), frames)
    traces = reader.traces(np.arange(4.0), "frame", "green")
    seven = frames[:, 0, 10:20, 10:20]
    np.testing.assert_allclose(
        traces.fluorescence[2, 1], np.nanmean(seven[1]), rtol=1e-5
    )
    assert np.isnan(traces.fluorescence[2, 2])
    assert np.isfinite(traces.fluorescence[1]).all()


@given(st.integers(1, 11))
def test_blocks_of_any_length_give_the_same_traces(step: int) -> None:
    frames, labels = movie().astype(np.float32), outlines()
    whole, parts = TraceReader(labels, 12), TraceReader(labels, 12)
    whole.add(slice(0, 12), frames)
    for start in range(0, 12, step):
        part = slice(start, min(start + step, 12))
        parts.add(part, frames[part])
    times = np.arange(12.0)
    first, second = (r.traces(times, "frame", "green") for r in (whole, parts))
    np.testing.assert_allclose(first.fluorescence, second.fluorescence, rtol=1e-6)
    np.testing.assert_allclose(first.neuropil, second.neuropil, rtol=1e-6)


def test_projections_are_the_maximum_and_the_correlation_of_neighbours() -> None:
    rng = np.random.default_rng(1)
    frames = rng.normal(1000, 10, (40, 1, 9, 8)).astype(np.float32)
    frames[:, 0, 3:5, 3:5] += 300 * rng.uniform(size=(40, 1, 1))
    projections = Projections((1, 9, 8))
    projections.add(frames[:25])
    projections.add(frames[25:])
    images = projections.images()
    groups = frames.reshape(8, 5, 1, 9, 8).mean(1)
    np.testing.assert_allclose(images["max"], groups.max(0), rtol=1e-6)
    pixel = frames[:, 0, 3, 3]
    beside = [frames[:, 0, y, x] for y, x in ((2, 3), (4, 3), (3, 2), (3, 4))]
    expected = np.mean([np.corrcoef(pixel, other)[0, 1] for other in beside])
    assert images["correlation"][0, 3, 3] == pytest.approx(expected, abs=1e-4)
    # a cell that is active stands out, whatever its mean
    assert images["correlation"][0, 3, 3] > images["correlation"][0, 7, 6] + 0.3


def test_pixels_that_never_change_have_no_correlation() -> None:
    projections = Projections((1, 4, 4))
    projections.add(np.full((6, 1, 4, 4), 5, np.float32))
    images = projections.images()
    assert (images["correlation"] == 0).all()
    assert (images["max"] == 5).all()


def test_nothing_is_read_that_is_not_asked_for() -> None:
    def fail(_: object) -> np.ndarray:
        raise AssertionError("a frame was read")

    lazy = da.from_array(movie()).map_blocks(fail, dtype=np.uint16, meta=np.empty(0))
    rec = Recording("m", None, lazy, 1.0, "x")
    assert run_to_end(measure_frames(rec, outlines(), FramesConfig())) == (None, {})
    still = recording(movie(1))
    assert run_to_end(measure_frames(still, outlines(), BOTH)) == (None, {})


def some_traces() -> Traces:
    reader = TraceReader(outlines(), 12)
    reader.add(slice(0, 12), movie().astype(np.float32))
    return reader.traces(np.arange(12.0), "frame", "green")


def test_files_hold_the_rows_of_the_table(tmp_path: Path) -> None:
    traces, labels = some_traces(), outlines()
    # one cell drawn anew, one new, and another order
    labels[0, 10, 10] = 0
    labels[1, 5:9, 5:9] = 9
    write_traces(tmp_path, traces, np.array([5, 7, 9, 2]), labels)
    values, neuropil, times = read_traces(tmp_path)
    np.testing.assert_array_equal(values[0], traces.fluorescence[1])
    np.testing.assert_array_equal(values[3], traces.fluorescence[0])
    np.testing.assert_array_equal(neuropil[3], traces.neuropil[0])
    assert np.isnan(values[1:3]).all()
    np.testing.assert_array_equal(times, traces.times)


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write_traces(tmp_path, some_traces(), np.array([2, 5, 7]), outlines())
    np.save(tmp_path / "times.npy", np.arange(3.0))
    with pytest.raises(InputError, match="do not fit one another"):
        read_traces(tmp_path)
    (tmp_path / "neuropil.npy").write_bytes(b"no array")
    with pytest.raises(InputError, match=r"neuropil\.npy could not be read"):
        read_traces(tmp_path)


def test_traces_follow_cells_that_are_added_and_removed(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.mkdir()
    target.mkdir()
    write_traces(source, some_traces(), np.array([2, 5, 7]), outlines())
    for file in source.iterdir():
        (target / file.name).hardlink_to(file)
    before, after = (pd.DataFrame({"cell": k}) for k in ([1, 2, 3], [1, 3, 9]))
    old = read_traces(source)[0]
    reorder_traces(source, target, before, after)
    new = read_traces(target)[0]
    np.testing.assert_array_equal(new[:2], old[[0, 2]])
    assert np.isnan(new[2]).all()
    np.testing.assert_array_equal(read_traces(source)[0], old)
