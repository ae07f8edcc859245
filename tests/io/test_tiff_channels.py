"""Channels that a file does not name, in every order in which programs store them."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from raw_tiff import RawTiff

from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording

RANDOM = np.random.default_rng(1)
#: time, channel, y, x
MOVIE = RANDOM.integers(0, 999, (6, 2, 40, 64)).astype("u2")


def check(path, expected=MOVIE, **options):
    options = ReadOptions(**{"red_channel": 0, **options})
    made = read_recording(None, None, path, options)
    np.testing.assert_array_equal(made.red[:, 0], expected[:, 0])
    np.testing.assert_array_equal(made.green[:, 0], expected[:, 1])
    return made


def test_pages_that_alternate(tmp_path):
    path = RawTiff().write(tmp_path / "a.tif", MOVIE.reshape(-1, 40, 64))
    made = check(path, channels=2)
    assert "12 pages were read as 6 time points x 2 channels" in made.notes[0]
    assert dict(made.read_as) == {"channels": 2, "red_channel": 0}
    check(path, channels=2, axes="TYX")
    check(path, channels=2, axes="TCYX")
    check(path, channels=2, channel_order="interleaved")


def test_planes_of_two_channels(tmp_path):
    path = RawTiff().write(tmp_path / "a.tif", MOVIE.reshape(-1, 40, 64))
    options = ReadOptions(axes="ZYX", channels=2, red_channel=0)
    made = read_recording(None, None, path, options)
    np.testing.assert_array_equal(made.red[0], MOVIE[:, 0])


@pytest.mark.parametrize("order", ["blocks", "axes"])
def test_all_pages_of_one_channel_first(tmp_path, order):
    pages = MOVIE.swapaxes(0, 1).reshape(-1, 40, 64)
    path = RawTiff(order=">").write(tmp_path / "a.tif", pages)
    options = {"channel_order": "blocks"} if order == "blocks" else {"axes": "CTYX"}
    check(path, channels=2, **options)


@pytest.mark.parametrize("how", [{}, {"compression": "zlib"}, {"tile": (16, 32)}])
@pytest.mark.parametrize("n", [2, 3, 4])
def test_samples_of_a_pixel(tmp_path, how, n):
    stack = RANDOM.integers(0, 999, (5, 40, 64, n)).astype("u2")
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, stack, photometric="minisblack", planarconfig="contig", metadata=None,
        extrasamples=["unspecified"] * (n - 1), **how,
    )  # fmt: skip
    with pytest.raises(InputError, match=f"--channels {n}"):
        read_recording(None, None, path)
    made = check(path, stack.transpose(0, 3, 1, 2), channels=n, green_channel=1)
    assert f"{n} samples of a pixel were read as {n} channels" in made.notes[0]


def test_the_colours_of_a_photograph_have_names(tmp_path):
    stack = RANDOM.integers(0, 99, (5, 40, 64, 3)).astype("u1")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, photometric="rgb", metadata=None)
    made = read_recording(None, None, path, ReadOptions(channels=3))
    np.testing.assert_array_equal(made.red[:, 0], stack[..., 0])
    np.testing.assert_array_equal(made.green[:, 0], stack[..., 1])


@pytest.mark.parametrize("options", [{"axes": "TYXC"}, {"channel_order": "last"}])
def test_the_channel_as_the_last_axis(tmp_path, options):
    path = tmp_path / "a.tif"
    array = MOVIE.transpose(0, 2, 3, 1).copy()
    tifffile.imwrite(path, array, photometric="minisblack")
    with pytest.raises(InputError, match=r"--channel-order last"):
        read_recording(None, None, path)
    made = check(path, **options)
    assert "last axis was read as 2 channels" in made.notes[0]
    with pytest.raises(InputError, match="not the number of channels"):
        check(path, channels=3, **options)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(("order", "axis"), [("side-by-side", 2), ("stacked", 1)])
def test_two_images_in_a_page(tmp_path, compression, order, axis):
    pages = np.concatenate([MOVIE[:, 0], MOVIE[:, 1]], axis=axis)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pages, compression=compression, photometric="minisblack")
    made = check(path, channels=2, channel_order=order)
    assert "each page was read as 2 channels" in made.notes[0]
    with pytest.raises(InputError, match="not 7 images of the same size"):
        check(path, channels=7, channel_order=order)
    with pytest.raises(InputError, match="--channels 2"):
        check(path, channel_order=order)


def test_one_frame_out_of_three_is_not_taken_without_a_word(tmp_path):
    path = RawTiff().write(tmp_path / "a.tif", MOVIE.reshape(-1, 40, 64)[:6])
    made = read_recording(
        None, None, path, ReadOptions(axes="CYX", red_channel=0, green_channel=1)
    )
    assert "of its 6 channels, 0 was read as red and 1 as green" in made.notes[-1]
    assert "--channels 2" in made.notes[-1]


@pytest.mark.parametrize("channels", [5, 7, 24])
def test_a_number_that_does_not_divide_the_pages_is_refused(tmp_path, channels):
    path = RawTiff().write(tmp_path / "a.tif", MOVIE.reshape(-1, 40, 64))
    with pytest.raises(InputError, match=rf"12 pages.*{channels} channels"):
        check(path, channels=channels)


@pytest.mark.parametrize("field", ["channels", "planes"])
def test_no_channels_are_refused(tmp_path, field):
    path = RawTiff().write(tmp_path / "a.tif", MOVIE.reshape(-1, 40, 64))
    with pytest.raises(InputError, match="above 0"):
        check(path, **{field: 0})


def test_a_header_with_another_number_is_not_overruled_silently(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, MOVIE, imagej=True, metadata={"axes": "TCYX"})
    with pytest.raises(InputError, match="names 2 channels, but --channels says 3"):
        check(path, channels=3)
    made = check(path, MOVIE.reshape(4, 3, 40, 64), channels=3, axes="TCYX",
                 green_channel=1)  # fmt: skip
    assert "4 time points x 3 channels" in made.notes[0]


def test_a_name_that_says_the_other_colour_is_doubted(tmp_path):
    for name in ("m1_red", "m1_green", "m1_registered"):
        RawTiff().write(tmp_path / f"{name}.tif", MOVIE[:, 0])
    red, green = tmp_path / "m1_red.tif", tmp_path / "m1_green.tif"
    swapped = " ".join(read_recording(green, red).notes)
    assert swapped.count("its name says that it is the other channel") == 2
    assert "other channel" not in " ".join(read_recording(red, green).notes)
    registered = tmp_path / "m1_registered.tif"
    assert "other channel" not in " ".join(read_recording(None, registered).notes)


def test_a_channel_whose_name_says_the_other_colour_is_doubted(tmp_path):
    path = tmp_path / "a.ome.tif"
    names = {"Channel": {"Name": ["mCherry", "GCaMP6s"]}}
    tifffile.imwrite(path, MOVIE, metadata={"axes": "TCYX", **names})
    made = read_recording(None, None, path, ReadOptions(green_channel=0))
    assert "channel 0 (mCherry) is read as green" in " ".join(made.notes)
    made = read_recording(None, None, path, ReadOptions(green_channel=1))
    assert "read as" not in " ".join(made.notes)
