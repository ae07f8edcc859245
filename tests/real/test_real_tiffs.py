"""Real files, which lie beside the repository and are not part of it."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.progress import run_to_end
from napari_cellid.recording import mean_planes

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
OPTIONS = ReadOptions(pixel_size_um=1.17)

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="no recordings in ../shared/data"),
]


def test_the_real_movie():
    movie = DATA / "real_movie"
    made = read_recording(movie / "red.tif", movie / "green.tif", options=OPTIONS)
    assert made.name == "real_movie"
    assert made.red.shape == (20, 1, 512, 512)
    assert made.green.shape == (120, 1, 512, 512)
    assert [note.split(";")[0] for note in made.notes] == [
        "red.tif: assumed that its 20 pages are time points",
        "green.tif: assumed that its 120 pages are time points",
    ]
    mean = run_to_end(mean_planes(made))
    for channel, array in (("red", mean.red), ("green", mean.green)):
        frames = tifffile.imread(movie / f"{channel}.tif")
        expected = frames.mean(axis=0, dtype=np.float64).astype(np.float32)
        np.testing.assert_array_equal(array[0], expected)


def test_the_two_channel_volume():
    path = DATA / "two_channel_real/sima/example-volume.ome.tif"
    options = ReadOptions(red_channel="ch1", green_channel="ch0")
    made = read_recording(None, None, path, options)
    stack = tifffile.imread(path)
    np.testing.assert_array_equal(made.red, stack[:, :, 1])
    np.testing.assert_array_equal(made.green, stack[:, :, 0])
    assert made.pixel_size_um == pytest.approx(0.2939, rel=1e-3)
    assert made.plane_depths_um == (0, 1, 2)
    with pytest.raises(InputError, match=r"0 \(ch0\), 1 \(ch1\)"):
        read_recording(None, None, path)


@pytest.mark.parametrize("number", range(3))
def test_a_header_that_promises_3500_images(number):
    path = DATA / f"two_channel_real/sima/odd_header/{number}.tif"
    made = read_recording(path, None, options=OPTIONS)
    assert made.red.shape == (1, 1, 173, 173)
    assert "promises 3500 images, but the file holds 1" in made.notes[0]


def test_a_scanimage_file_is_a_plain_stack():
    path = DATA / "two_channel_real/scanimage38/Blank-IPA_1s_16r_032.tif"
    made = read_recording(path, None)
    np.testing.assert_array_equal(made.red[:, 0], tifffile.imread(path))


@pytest.mark.slow
def test_every_file_gives_an_image_or_a_sentence():
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    files = sorted(DATA.rglob("*.tif"))
    assert len(files) > 90
    read = 0
    for path in files:
        try:
            run_to_end(mean_planes(read_recording(path, None, options=OPTIONS)))
            read += 1
        except InputError as error:
            assert path.name in str(error) or path.stem in str(error)
    assert read >= 10
