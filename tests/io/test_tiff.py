from __future__ import annotations

import shutil
import warnings

import dask
import numpy as np
import psutil
import pytest
import tifffile

from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.io.tiff.pages import BlockMemory
from napari_cellid.progress import run_to_end
from napari_cellid.recording import mean_planes

SHAPE = (5, 40, 48)


def frames(dtype="uint16", shape=SHAPE, seed=0):
    random = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return random.normal(100, 20, shape).astype(kind)
    if kind.kind == "b":
        return random.random(shape) < 0.5
    limits = np.iinfo(kind)
    return random.integers(limits.min, limits.max, shape, kind, endpoint=True)


def check(path, expected, **options):
    """Read a file as green, whole, frame by frame and as a mean."""
    made = read_recording(None, path, options=ReadOptions(pixel_size_um=1.0, **options))
    assert made.red is None
    assert made.green.shape == expected.shape
    assert made.green.dtype == expected.dtype
    assert made.green.dtype.isnative
    np.testing.assert_array_equal(made.green, expected)
    np.testing.assert_array_equal(
        made.green[-1, 0, 3:20:2, ::-1], expected[-1, 0, 3:20:2, ::-1]
    )
    mean = run_to_end(mean_planes(made)).green
    wanted = expected.mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(mean, wanted, rtol=1e-6)
    return made


@pytest.mark.parametrize(
    "dtype",
    ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "float16",
     "float32", "float64"],
)  # fmt: skip
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_every_type_of_number_is_read(tmp_path, dtype, byteorder):
    stack = frames(dtype)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, byteorder=byteorder, photometric="minisblack")
    check(path, stack[:, None])


@pytest.mark.parametrize(
    "how",
    [
        {"compression": "zlib"}, {"compression": "zlib", "predictor": True},
        {"compression": "lzw"}, {"compression": "lzw", "predictor": True},
        {"compression": "zstd"}, {"compression": "lzma"}, {"compression": "packbits"},
        {"tile": (16, 32)}, {"tile": (32, 32), "compression": "zlib"},
        {"rowsperstrip": 7}, {"rowsperstrip": 7, "compression": "lzw"},
        {"bigtiff": True}, {"byteorder": ">", "compression": "zlib"},
    ],
    ids=str,
)  # fmt: skip
def test_every_way_of_storing_is_read(tmp_path, how):
    stack = frames()
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, **how)
    check(path, stack[:, None])


def test_predicted_floats_are_read(tmp_path):
    stack = frames("float32")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, compression="zlib", predictor=3)
    check(path, stack[:, None])


@pytest.mark.parametrize("contiguous", [True, False])
@pytest.mark.parametrize("metadata", [None, {}])
def test_frames_written_one_by_one_are_read(tmp_path, contiguous, metadata):
    stack = frames()
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tif:
        for frame in stack:
            tif.write(frame, contiguous=contiguous, metadata=metadata)
    made = check(path, stack[:, None])
    assert "5 pages are time points" in made.notes[0]


def test_a_single_image_is_one_time_point_and_plane(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, frames()[0])
    assert check(path, frames()[:1, None]).notes == ()


@pytest.mark.parametrize("kind", [{"imagej": True}, {"ome": True}, {}])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_time_and_planes_are_told_apart(tmp_path, kind, compression):
    stack = frames(shape=(3, 4, 40, 48))
    path = tmp_path / "a.tif"
    how = {**kind, "compression": compression, "photometric": "minisblack"}
    tifffile.imwrite(path, stack, metadata={"axes": "TZYX"}, **how)
    assert check(path, stack).n_planes == 4
    if not kind.get("imagej"):
        tifffile.imwrite(path, stack, metadata={"axes": "ZTYX"}, **how)
        check(path, stack.swapaxes(0, 1))


def test_the_users_axes_win(tmp_path):
    stack = frames()
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, metadata={"axes": "TYX"})
    check(path, stack[None], axes="zyx")
    with pytest.raises(InputError, match="name 4"):
        read_recording(None, path, options=ReadOptions(axes="TZYX"))
    with pytest.raises(InputError, match="cannot be read"):
        read_recording(None, path, options=ReadOptions(axes="TXY"))


def test_axes_given_for_two_files_leave_a_single_image_alone(tmp_path):
    stack = frames()
    tifffile.imwrite(tmp_path / "red.tif", stack[0])
    tifffile.imwrite(tmp_path / "green.tif", stack)
    made = read_recording(
        tmp_path / "red.tif", tmp_path / "green.tif", options=ReadOptions(axes="TYX")
    )
    assert (made.red.shape[0], made.green.shape[0]) == (1, 5)
    assert made.notes == ()


def test_interleaved_pages_are_not_guessed(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, frames(shape=(8, 40, 48)))
    with pytest.raises(InputError, match=r"8 x 40 x 48.*TCYX name 4"):
        read_recording(None, None, path, ReadOptions(axes="TCYX", red_channel=0))


@pytest.mark.parametrize("kind", [{"imagej": True}, {"ome": True}, {}])
@pytest.mark.parametrize("how", [{}, {"compression": "zlib"}, {"bigtiff": False}])
def test_two_channels_in_one_file(tmp_path, kind, how):
    stack = frames(shape=(3, 2, 2, 40, 48))
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, metadata={"axes": "TZCYX"}, **kind, **how)
    made = read_recording(None, None, path, ReadOptions(green_channel=0))
    np.testing.assert_array_equal(made.red, stack[:, :, 1])
    np.testing.assert_array_equal(made.green, stack[:, :, 0])
    assert made.sources == (str(path),)


def test_channels_are_found_by_their_names(tmp_path):
    stack = frames(shape=(3, 2, 40, 48))
    path = tmp_path / "a.ome.tif"
    names = {"Channel": {"Name": ["GCaMP6s", "mCherry"]}}
    tifffile.imwrite(path, stack, metadata={"axes": "TCYX", **names})
    made = read_recording(None, None, path)
    np.testing.assert_array_equal(made.red, stack[:, None, 1])
    np.testing.assert_array_equal(made.green, stack[:, None, 0])


def test_two_plain_images_are_channels_if_the_user_says_so(tmp_path):
    stack = frames(shape=(2, 40, 48))
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack)
    with pytest.raises(InputError, match="no channel axis"):
        read_recording(None, None, path)
    with pytest.raises(InputError, match="--red-channel and --green-channel"):
        read_recording(None, None, path, ReadOptions(axes="CYX"))
    made = read_recording(None, None, path, ReadOptions(axes="CYX", red_channel=0))
    np.testing.assert_array_equal(made.red[0, 0], stack[0])
    np.testing.assert_array_equal(made.green[0, 0], stack[1])


def test_a_channel_file_with_two_channels_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, frames(shape=(3, 2, 40, 48)), imagej=True, metadata={"axes": "TCYX"}
    )
    with pytest.raises(InputError, match=r"holds 2 channels.*one file with both"):
        read_recording(path, None)


def test_which_file_is_what_must_be_clear(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, frames())
    for given in [(None, None, None), (path, None, path), (path, path, path)]:
        with pytest.raises(InputError, match="one file for each channel"):
            read_recording(*given)


def test_two_files_make_a_recording(tmp_path):
    folder = tmp_path / "m3"
    folder.mkdir()
    red, green = frames("uint8", (2, 40, 48)), frames("int16")
    tifffile.imwrite(folder / "red.tif", red)
    tifffile.imwrite(folder / "green.tif", green)
    made = read_recording(folder / "red.tif", folder / "green.tif")
    assert made.name == "m3"
    assert made.sources == (str(folder / "red.tif"), str(folder / "green.tif"))
    assert len(made.notes) == 2
    np.testing.assert_array_equal(made.red[:, 0], red)
    np.testing.assert_array_equal(made.green[:, 0], green)
    named = ReadOptions(name="fish")
    assert read_recording(None, folder / "green.tif", options=named).name == "fish"


def test_a_transposed_channel_is_pointed_out(tmp_path):
    tifffile.imwrite(tmp_path / "red.tif", frames())
    tifffile.imwrite(tmp_path / "green.tif", frames().swapaxes(1, 2))
    with pytest.raises(InputError, match="looks transposed"):
        read_recording(tmp_path / "red.tif", tmp_path / "green.tif")


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("samples", [3, 4])
def test_photographs_are_refused(tmp_path, planar, samples):
    shape = (40, 48, samples) if planar == "contig" else (samples, 40, 48)
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, frames("uint8", shape), photometric="rgb", planarconfig=planar
    )
    with pytest.raises(InputError, match=f"photograph.*{samples} samples"):
        read_recording(path, None)


@pytest.mark.parametrize("how", [{}, {"compression": "zlib"}, {"rowsperstrip": 7}])
@pytest.mark.parametrize("n", [3, 4])
def test_a_stack_kept_as_the_colours_of_one_image(tmp_path, how, n):
    stack = frames("uint8", (n, 40, 48))
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, photometric="rgb", planarconfig="separate", **how)
    with pytest.raises(InputError, match=r"--axes \(such as TYX\)"):
        read_recording(path, None)
    check(path, stack[:, None], axes="TYX")
    check(path, stack[None], axes="ZYX")


def test_complex_numbers_are_refused(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.ones((2, 40, 48), np.complex64))
    with pytest.raises(InputError, match="complex64; save it as real numbers"):
        read_recording(path, None)


def test_different_images_in_one_file_are_refused(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tif:
        tif.write(frames())
        tif.write(frames(shape=(32, 32)))
    with pytest.raises(InputError, match="2 different images"):
        read_recording(path, None)


def test_a_palette_does_not_change_the_numbers(tmp_path):
    stack = frames("uint8")
    path = tmp_path / "a.tif"
    colours = frames("uint16", (3, 256))
    tifffile.imwrite(path, stack, photometric="palette", colormap=colours)
    check(path, stack[:, None])


def test_many_blocks_are_read_right_while_others_are_kept(tmp_path):
    """Memory that is used again must not be that of an array still in use."""
    stack = frames(shape=(90, 512, 512))
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack)
    made = read_recording(None, path)
    assert made.green.numblocks[0] > 4
    kept = [block.compute()[:, :, 1:] for block in made.green.blocks]
    np.testing.assert_array_equal(np.concatenate(kept)[:, 0], stack[:, 1:])
    with dask.config.set(scheduler="threads"):
        np.testing.assert_array_equal(made.green.compute()[:, 0], stack)


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_reading_a_long_file_takes_little_memory(tmp_path, compression):
    """340 MB, in a fraction of that."""
    path = tmp_path / "a.tif"
    frame = frames(shape=(512, 512)) % 7
    tifffile.imwrite(
        path, (frame for _ in range(650)), shape=(650, 512, 512), dtype=np.uint16,
        compression=compression,
    )  # fmt: skip
    made = read_recording(None, path, options=ReadOptions(pixel_size_um=1.0))
    process = psutil.Process()
    start = process.memory_info().rss
    used = []
    mean = run_to_end(
        mean_planes(made), lambda _: used.append(process.memory_info().rss - start)
    )
    np.testing.assert_array_equal(mean.green[0], frame)
    assert max(used) < 150e6


def test_memory_is_given_back_and_used_again():
    memory = BlockMemory()
    first = memory.borrow(1000)
    part = first.view(np.uint16)[3:]
    place = first.ctypes.data
    del first
    assert memory.borrow(1000).ctypes.data != place
    del part
    memory.borrow(1000)
    assert place in {memory.borrow(n).ctypes.data for n in (1000, 500)}


def test_large_planes_are_read_in_blocks_of_some(tmp_path):
    stack = frames("uint8", (2, 3, 1500, 1700))
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, metadata={"axes": "TZYX"}, photometric="minisblack")
    made = check(path, stack)
    assert made.green.numblocks == (1, 3, 1, 1)


def test_files_are_not_kept_open(tmp_path):
    folder = tmp_path / "m"
    folder.mkdir()
    tifffile.imwrite(folder / "a.tif", frames(), compression="zlib")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = read_recording(folder / "a.tif", None)
        made.red.compute()
        shutil.rmtree(folder)
        with pytest.raises(InputError, match="out of reach"):
            made.red.compute()


def test_a_file_that_shrinks_is_noticed(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, frames())
    made = read_recording(path, None)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match="ended too early"):
        made.red.compute()


@pytest.mark.parametrize("value", [1e38, -3.4e38, 5e15])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_that_are_no_intensities_are_refused(tmp_path, dtype, value):
    stack = frames(dtype)
    stack[:, 3:5, 7] = value
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack)
    made = read_recording(None, path, options=ReadOptions(pixel_size_um=1.0))
    with pytest.raises(InputError, match="a, green channel: 2 pixels have a mean"):
        run_to_end(mean_planes(made))


def test_a_double_beyond_single_precision_is_refused_without_a_warning(tmp_path):
    stack = frames("float64")
    stack[:, 3, 7] = 1e300
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack)
    made = read_recording(None, path, options=ReadOptions(pixel_size_um=1.0))
    with warnings.catch_warnings(), pytest.raises(InputError, match="no intensity"):
        warnings.simplefilter("error")
        run_to_end(mean_planes(made))
