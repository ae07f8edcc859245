from __future__ import annotations

import os
import threading

import dask.array as da
import numpy as np
import psutil
import pytest

from napari_cellid.errors import InputError
from napari_cellid.progress import Progress, run_to_end
from napari_cellid.recording import MeanPlanes, Recording, mean_planes
from napari_cellid.recording.sums import sum_frames

INTEGERS = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32"]
FLOATS = ["float16", "float32", "float64"]


def recording(red=None, green=None, size=1.0, **more) -> Recording:
    channels = [None if array is None else da.asarray(array) for array in (red, green)]
    return Recording("fish", *channels, size, "given", **more)


def numbers(dtype: str, shape, seed=0) -> np.ndarray:
    random = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return random.normal(100, 20, shape).astype(kind)
    if kind.kind == "b":
        return random.random(shape) < 0.3
    limits = np.iinfo(kind)
    return random.integers(limits.min, limits.max, shape, kind, endpoint=True)


def mean_of(array: np.ndarray | da.Array, **more) -> MeanPlanes:
    return run_to_end(mean_planes(recording(green=array, **more)))


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("frames", [1, 2, 37, 300])
def test_the_mean_of_whole_numbers_is_exact(dtype, frames):
    stack = numbers(dtype, (frames, 2, 33, 35))
    mean = mean_of(stack)
    assert mean.green.dtype == np.float32
    assert mean.red is None
    np.testing.assert_array_equal(
        mean.green, stack.mean(axis=0, dtype=np.float64).astype(np.float32)
    )


@pytest.mark.parametrize("dtype", [*FLOATS, "int64", "uint64"])
def test_the_mean_of_other_numbers_is_that_of_float64(dtype):
    stack = numbers(dtype, (50, 1, 40, 40))
    expected = stack.mean(axis=0, dtype=np.float64)
    np.testing.assert_allclose(mean_of(stack).green, expected, rtol=1e-7)


@pytest.mark.parametrize("largest", [1, 200, 4095, 16383, 40000, 65535])
def test_adding_in_16_bits_never_overflows(largest):
    frames = np.full((64, 1, 256, 256), largest, np.uint16)
    frames[::7, 0, 3] = 0
    summed = sum_frames(frames)
    assert summed.valid == 64
    np.testing.assert_array_equal(summed.total, frames.sum(axis=0, dtype=np.int64))


@pytest.mark.parametrize("value", [-32768, -32767, -8000, -1, 32767])
def test_adding_negative_numbers_is_exact(value):
    frames = np.full((40, 1, 32, 32), value, np.int16)
    assert (sum_frames(frames).total == 40 * value).all()
    assert (mean_of(frames).green == value).all()


def test_a_block_of_many_tiny_frames_is_added_exactly():
    frames = np.full((200_000, 1, 1, 2), 65535, np.uint16)
    assert (sum_frames(frames).total == 200_000 * 65535).all()


def test_numbers_of_the_other_byte_order_are_added_exactly():
    stack = numbers("uint16", (20, 1, 32, 32)).astype(">u2")
    np.testing.assert_array_equal(
        mean_of(stack).green, stack.mean(axis=0).astype(np.float32)
    )


@pytest.mark.parametrize("dtype", [">u2", ">i2", "u2", "i2", "i1", "u4"])
@pytest.mark.parametrize("n_frames", [1, 3, 40, 300])
def test_frames_of_changing_brightness_are_added_exactly(dtype, n_frames):
    random = np.random.default_rng(n_frames)
    limits = np.iinfo(dtype)
    # from dim frames, which leave room for many, to the largest numbers
    bright = np.geomspace(2, limits.max, n_frames).astype(np.int64)
    low = -1 if limits.min < 0 else 0
    frames = np.stack(
        [random.integers(low * high, high + 1, (1, 24, 300)) for high in bright]
    ).astype(dtype)
    expected = frames.astype(np.int64).sum(axis=0)
    np.testing.assert_array_equal(sum_frames(frames).total, expected)
    np.testing.assert_array_equal(sum_frames(frames[::-1]).total, expected)


@pytest.mark.parametrize(
    "chunks",
    [(1, 1, 40, 50), (7, 2, 13, 50), (30, 3, 40, 7), (-1, -1, -1, -1), (4, 1, 40, 50)],
)
def test_any_chunks_give_the_same_mean(chunks):
    stack = numbers("uint16", (30, 3, 40, 50))
    lazily = da.from_array(stack, chunks=chunks)
    expected = stack.mean(axis=0).astype(np.float32)
    np.testing.assert_array_equal(mean_of(lazily).green, expected)
    np.testing.assert_array_equal(
        mean_of(lazily.rechunk((5, 3, 40, 50))).green, expected
    )


def test_an_array_made_by_dask_operations_can_be_averaged():
    stack = numbers("uint16", (30, 2, 40, 50))
    lazily = da.from_array(stack, chunks=(4, 1, 40, 50))[::2, ::-1].astype("int32") - 7
    expected = (stack[::2, ::-1].astype("int32") - 7).mean(axis=0).astype(np.float32)
    np.testing.assert_array_equal(mean_of(lazily).green, expected)


def test_the_input_is_left_as_it_is():
    stack = numbers("float32", (5, 1, 32, 32))
    stack[:, 0, 1, 1] = np.nan
    before = stack.copy()
    mean_of(stack)
    np.testing.assert_array_equal(stack, before)


def test_both_channels_may_differ_in_time_points():
    red, green = numbers("uint8", (3, 2, 32, 40)), numbers("uint16", (9, 2, 32, 40), 1)
    mean = run_to_end(mean_planes(recording(red, green, notes=("a note.",))))
    assert mean.shape == (2, 32, 40)
    assert mean.pixel_size_um == 1.0
    assert mean.notes == ("a note.",)
    np.testing.assert_array_equal(mean.red, red.mean(axis=0).astype(np.float32))
    np.testing.assert_array_equal(mean.green, green.mean(axis=0).astype(np.float32))


def test_progress_counts_to_its_end():
    stack = da.zeros((40, 1, 512, 512), chunks=(4, 1, 512, 512), dtype=np.float64)
    seen: list[Progress] = []
    run_to_end(mean_planes(recording(stack, stack)), seen.append)
    assert {progress.stage for progress in seen} == {"Averaging frames"}
    assert [progress.done for progress in seen] == list(range(len(seen)))
    assert seen[-1].done == seen[-1].total > 2


def test_the_mean_is_the_same_in_every_run():
    stack = da.from_array(
        numbers("float32", (64, 1, 200, 200)), chunks=(3, 1, 200, 200)
    )
    first = mean_of(stack).green
    for _ in range(3):
        np.testing.assert_array_equal(mean_of(stack).green, first)


def test_a_cancelled_step_leaves_no_threads():
    before = threading.active_count()
    stack = da.zeros((64, 1, 512, 512), chunks=(4, 1, 512, 512), dtype=np.float64)
    step = mean_planes(recording(green=stack))
    next(step)
    next(step)
    step.close()
    assert threading.active_count() == before


def test_values_that_are_not_finite_are_left_out():
    stack = numbers("float32", (6, 1, 32, 32))
    stack[1, 0, 4, 5] = np.nan
    stack[2, 0, 4, 5] = np.inf
    stack[3, 0, 6, 6] = -np.inf
    for chunks in (-1, (2, 1, 16, 32)):
        mean = mean_of(da.from_array(stack, chunks=chunks))
        np.testing.assert_allclose(
            mean.green[0, 4, 5], stack[[0, 3, 4, 5], 0, 4, 5].mean(dtype=np.float64)
        )
        np.testing.assert_allclose(
            mean.green[0, 6, 6], stack[[0, 1, 2, 4, 5], 0, 6, 6].mean(dtype=np.float64)
        )
        assert mean.notes == ()


def test_pixels_without_any_value_get_the_median_and_a_note():
    stack = numbers("float32", (6, 1, 32, 32))
    stack[:, 0, :2] = np.nan
    mean = mean_of(stack)
    expected = np.median(stack[:, 0, 2:].mean(axis=0, dtype=np.float64))
    np.testing.assert_allclose(mean.green[0, :2], expected, rtol=1e-6)
    assert "64 pixels" in mean.notes[0]
    assert "green" in mean.notes[0]


@pytest.mark.parametrize("rows", [17, 32])
def test_a_channel_that_is_mostly_empty_is_refused(rows):
    stack = numbers("float32", (2, 1, 32, 32))
    stack[:, :, :rows] = np.nan
    with pytest.raises(InputError, match=rf"{32 * rows} of 1024 pixels"):
        mean_of(stack)


def test_without_a_pixel_size_there_is_no_mean():
    step = mean_planes(Recording("fish", None, da.zeros((1, 1, 32, 32)), None, ""))
    with pytest.raises(InputError, match=r"fish: no pixel size.*--pixel-size"):
        next(step)


def test_an_error_while_reading_ends_the_step():
    def broken(block, block_info=None):
        if block_info and block_info[0]["chunk-location"][0] == 2:
            raise InputError("the file is gone")
        return block

    stack = da.zeros((8, 1, 512, 512), chunks=(1, 1, 512, 512)).map_blocks(
        broken, dtype=np.float64, meta=np.empty((0,) * 4)
    )
    with pytest.raises(InputError, match="the file is gone"):
        mean_of(stack)


@pytest.mark.slow
def test_memory_is_bounded():
    """600 MB of frames made as they are asked for, in well under half of that."""

    def make(block_info=None):
        first = block_info[None]["array-location"][0][0]
        return np.full((8, 1, 512, 512), first % 1000, np.uint16)

    stack = da.map_blocks(
        make, chunks=((8,) * 150, 1, 512, 512), dtype=np.uint16, meta=np.empty((0,) * 4)
    )
    process = psutil.Process(os.getpid())
    start = process.memory_info().rss
    most = 0

    def watch(_progress):
        nonlocal most
        most = max(most, process.memory_info().rss - start)

    mean = run_to_end(mean_planes(recording(green=stack)), watch)
    assert most < 250e6
    expected = np.float32(np.mean(np.arange(0, 1200, 8) % 1000))
    assert (mean.green == expected).all()


def test_a_recording_knows_its_shape():
    made = recording(green=np.zeros((4, 3, 32, 50), np.uint8))
    assert made.shape == (3, 32, 50)
    assert made.n_planes == 3


@pytest.mark.parametrize(
    ("red", "green", "said"),
    [
        (None, None, "neither"),
        ((1, 1, 1), None, "4|axes"),
        ((1, 1, 1, 1), None, "1 x 1 pixels are too small"),
        ((1, 1, 1, 100_000), None, "1 x 100000 pixels are too small"),
        ((1, 1, 31, 32), None, "31 x 32"),
        ((0, 1, 32, 32), None, "no image"),
        ((1, 0, 32, 32), None, "no image"),
        ((1, 1, 32, 40), (1, 1, 40, 32), "looks transposed"),
        ((1, 1, 32, 40), (1, 1, 48, 40), "same recording"),
        ((1, 9, 32, 40), (1, 1, 32, 40), "--axes TYX"),
    ],
)
def test_channels_that_do_not_fit_are_refused(red, green, said):
    arrays = [
        None if shape is None else da.zeros(shape, dtype=np.uint8)
        for shape in (red, green)
    ]
    with pytest.raises(InputError, match=said):
        recording(*arrays)


@pytest.mark.parametrize("dtype", ["complex64", "U3", "datetime64[s]"])
def test_values_that_are_no_real_numbers_are_refused(dtype):
    with pytest.raises(InputError, match="real numbers"):
        recording(green=da.from_array(np.empty((1, 1, 32, 32), dtype)))


@pytest.mark.parametrize("size", [0.0, -1.0, 0.049, 20.1, np.nan, np.inf])
def test_a_pixel_size_that_cannot_be_is_refused(size):
    with pytest.raises(InputError, match="pixel size"):
        recording(green=np.zeros((1, 1, 32, 32)), size=size)


@pytest.mark.parametrize("size", [0.05, 1.17, 20.0, None])
def test_a_pixel_size_that_can_be_is_kept(size):
    assert recording(green=np.zeros((1, 1, 32, 32)), size=size).pixel_size_um == size
