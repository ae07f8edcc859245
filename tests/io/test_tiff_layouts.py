"""Random layouts of pages, written by a writer of the tests, read back exactly."""

from __future__ import annotations

import numpy as np
import pytest
from dialects import DIALECTS, make
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_tiff import RawTiff, scanimage

from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.progress import run_to_end
from napari_cellid.recording import mean_planes

QUICK = {"suppress_health_check": [HealthCheck.function_scoped_fixture]}


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("seed", range(3))
def test_the_mean_image_is_that_of_the_pages(tmp_path, dialect, seed):
    made = make(dialect, tmp_path, np.random.default_rng([seed, len(dialect)]))
    recording = read_recording(None, None, made.path, made.read_options())
    assert recording.red.shape == made.expected[:, :, 0].shape
    np.testing.assert_array_equal(recording.red, made.expected[:, :, 0])
    np.testing.assert_array_equal(recording.green, made.expected[:, :, 1])
    mean = run_to_end(mean_planes(recording))
    wanted = made.expected.mean(axis=0, dtype="f8").astype("f4")
    np.testing.assert_array_equal(mean.red, wanted[:, 0])
    np.testing.assert_array_equal(mean.green, wanted[:, 1])


def marked(n_pages, rows=33, columns=35):
    """Pages of which each pixel is the number of its page."""
    return np.arange(n_pages, dtype="u2")[:, None, None] + np.zeros(
        (rows, columns), "u2"
    )


def numbers_of(recording):
    """Numbers of the pages that were read: red and green, (time, plane)."""
    return (
        np.asarray(recording.red[..., 0, 0]).astype(int),
        np.asarray(recording.green[..., 0, 0]).astype(int),
    )


@settings(max_examples=60, deadline=None, **QUICK)
@given(st.data())
def test_scanimage_headers_and_pages(tmp_path, data):
    """Any number of pages with any header: right pages, or a sentence."""
    channels = data.draw(st.integers(1, 3))
    planes = data.draw(st.integers(1, 4))
    per_plane = data.draw(st.sampled_from([1, 2, 3, 100, 5000]))
    n_pages = data.draw(st.integers(1, 40))
    writer = scanimage(None, channels, planes, per_plane)
    path = writer.write(tmp_path / "a.tif", marked(n_pages))
    try:
        made = read_recording(
            None, None, path, ReadOptions(red_channel=0, green_channel=1)
        )
    except InputError as error:
        assert path.name in str(error)
        assert channels == 1 or n_pages < channels
        return
    red, green = numbers_of(made)
    np.testing.assert_array_equal(green, red + 1)
    images = red // channels
    assert np.all(red % channels == 0)
    per_plane = per_plane if planes > 1 else 1
    # each plane holds images of one plane of the stack alone
    plane_of = images // per_plane % planes
    assert np.all(plane_of == np.arange(made.n_planes))
    read = channels * red.size
    assert read == n_pages or "left out" in " ".join(made.notes)


@settings(max_examples=60, deadline=None, **QUICK)
@given(st.data())
def test_imagej_headers_and_pages(tmp_path, data):
    sizes = [data.draw(st.integers(1, n)) for n in (5, 4, 3)]
    times, planes, channels = sizes
    n_pages = data.draw(st.integers(1, 40))
    description = (
        f"ImageJ=1.54f\nimages={times * planes * channels}\nchannels={channels}\n"
        f"slices={planes}\nframes={times}\n"
    )
    writer = RawTiff(description=description, gaps=(0, 40, 8))
    path = writer.write(tmp_path / "a.tif", marked(n_pages))
    try:
        made = read_recording(
            None, None, path, ReadOptions(red_channel=0, green_channel=1)
        )
    except InputError as error:
        assert path.name in str(error)
        return
    red, green = numbers_of(made)
    np.testing.assert_array_equal(green, red + 1)
    assert np.all(red % channels == 0)
    assert made.n_planes == planes
    assert np.all(red // channels % planes == np.arange(planes))
    assert channels * red.size == n_pages or "left out" in " ".join(made.notes)


@settings(max_examples=60, deadline=None, **QUICK)
@given(st.data())
def test_plain_pages_divided_by_the_user(tmp_path, data):
    channels, planes = (data.draw(st.integers(1, 4)) for _ in range(2))
    n_pages = data.draw(st.integers(1, 30))
    axes = data.draw(st.sampled_from(["TZCYX", "TCZYX", "CTZYX", "ZTCYX"]))
    path = RawTiff(order=">").write(tmp_path / "a.tif", marked(n_pages))
    options = ReadOptions(
        axes=axes, channels=channels, planes=planes, red_channel=0, green_channel=1
    )
    try:
        made = read_recording(None, None, path, options)
    except InputError:
        assert channels < 2 or n_pages % (channels * planes)
        return
    sizes = {"T": n_pages // channels // planes, "Z": planes, "C": channels}
    table = np.arange(n_pages).reshape([sizes[letter] for letter in axes[:3]])
    table = table.transpose([axes.index(letter) for letter in "TZC"])
    red, green = numbers_of(made)
    np.testing.assert_array_equal(red, table[:, :, 0])
    np.testing.assert_array_equal(green, table[:, :, 1])


@settings(max_examples=40, deadline=None, **QUICK)
@given(st.data())
def test_classic_scanimage_pages_at_any_distance(tmp_path, data):
    """tifffile computes where pages of classic ScanImage files lie."""
    n_pages = data.draw(st.integers(1, 12))
    gaps = tuple(
        data.draw(st.lists(st.sampled_from([0, 0, 0, 64]), min_size=1, max_size=12))
    )
    description = "state.acq.savingChannel1=1\nstate.acq.savingChannel2=1\n"
    writer = RawTiff(
        description="state.configName='x'\n" + description,
        page_description="state.configName='x'\n" + description,
        gaps=gaps,
    )
    path = writer.write(tmp_path / "a.tif", marked(2 * n_pages))
    made = read_recording(None, None, path, ReadOptions(red_channel=0))
    red, green = numbers_of(made)
    np.testing.assert_array_equal(red[:, 0], np.arange(0, 2 * n_pages, 2))
    np.testing.assert_array_equal(green[:, 0], np.arange(1, 2 * n_pages, 2))
