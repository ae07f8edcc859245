"""Files that are no TIFF files, or not whole ones."""

from __future__ import annotations

import logging
import struct

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.progress import run_to_end
from napari_cellid.recording import mean_planes

# each frame tells its number, and noise does not compress
STACK = np.random.default_rng(0).integers(0, 4096, (20, 64, 72), np.uint16)
WAYS = [
    {}, {"metadata": None}, {"imagej": True, "metadata": {"axes": "TYX"}},
    {"ome": True, "metadata": {"axes": "TYX"}},
    {"bigtiff": True}, {"compression": "zlib"},
    {"compression": "lzw", "metadata": None},
    {"compression": "zlib", "bigtiff": True, "predictor": True},
    {"imagej": True, "compression": "zlib", "metadata": {"axes": "TYX"}},
    {"ome": True, "compression": "zlib", "metadata": {"axes": "TYX"}},
    {"tile": (32, 32)}, {"byteorder": ">"},
]  # fmt: skip


@pytest.fixture(autouse=True)
def _quiet():
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    yield
    logging.getLogger("tifffile").setLevel(logging.NOTSET)


def average(path):
    made = read_recording(None, path, options=ReadOptions(pixel_size_um=1.0))
    return made, run_to_end(mean_planes(made)).green[0]


@pytest.mark.parametrize("how", WAYS, ids=str)
@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_file_cut_off_is_refused(tmp_path, how, one_by_one, share):
    if one_by_one and ("imagej" in how or "ome" in how):
        pytest.skip("these formats are written in one go")
    path = tmp_path / "a.tif"
    if one_by_one:
        options = {key: value for key, value in how.items() if key not in
                   ("bigtiff", "byteorder")}  # fmt: skip
        with tifffile.TiffWriter(path, bigtiff=how.get("bigtiff", False)) as tif:
            for frame in STACK:
                tif.write(frame, contiguous=False, **options)
    else:
        tifffile.imwrite(path, STACK, **how)
    np.testing.assert_array_equal(average(path)[1], STACK.mean(axis=0).astype("f4"))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError) as caught:
        average(path)
    assert str(caught.value).count("a.tif") == 1


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_large_imagej_file_cut_off_is_refused(tmp_path, share):
    """ImageJ describes the first page of a file above 4 GB alone."""
    path = tmp_path / "a.tif"
    header = "ImageJ=1.54f\nimages=20\nframes=20\n"
    tifffile.imwrite(path, STACK[0], description=header, metadata=None, byteorder=">")
    start = path.read_bytes()
    path.write_bytes(start + STACK[1:].astype(">u2").tobytes())
    with tifffile.TiffFile(path) as tif:
        assert tif.series[0].shape == STACK.shape
    made, mean = average(path)
    assert made.green.shape == (20, 1, 64, 72)
    np.testing.assert_array_equal(mean, STACK.mean(axis=0).astype("f4"))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match="promises 20 images and there are"):
        average(path)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("n_pages", [1, 2, 7])
def test_an_imagej_header_may_promise_too_much(tmp_path, n_pages, compression):
    path = tmp_path / "a.tif"
    header = "ImageJ=1.49i\nimages=3500\nslices=3500\nloop=false\n"
    with tifffile.TiffWriter(path) as tif:
        for number, frame in enumerate(STACK[:n_pages]):
            tif.write(
                frame, description=header if number == 0 else None, metadata=None,
                contiguous=False, compression=compression,
            )  # fmt: skip
    made, mean = average(path)
    assert made.green.shape == (n_pages, 1, 64, 72)
    assert f"promises 3500 images, but the file holds {n_pages}," in made.notes[0]
    np.testing.assert_array_equal(mean, STACK[:n_pages].mean(axis=0).astype("f4"))


def test_a_damaged_compressed_page_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK, compression="zlib")
    with tifffile.TiffFile(path) as tif:
        offset = tif.pages[7].dataoffsets[0]
    data = bytearray(path.read_bytes())
    data[offset : offset + 50] = bytes(50)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"cannot be read any further.*damaged"):
        average(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a TIFF"),
        (b"II*\0", "a.tif"),
        (b"not a picture at all, but text", "not a TIFF"),
        (b"II*\0\x08\0\0\0", "a.tif"),
        (b"II*\0\x08\0\0\0\0\0\0\0\0\0", "a.tif"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a TIFF"),
        (bytes(1000), "not a TIFF"),
    ],
)
def test_what_is_no_tiff_is_refused(tmp_path, content, said):
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        read_recording(path, None)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_recording(tmp_path / "a.tif", None)
    with pytest.raises(InputError, match="is a folder"):
        read_recording(None, None, tmp_path)


def test_a_list_of_pages_that_goes_in_circles_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK[:2], metadata=None)
    data = bytearray(path.read_bytes())
    (first,) = struct.unpack("<I", data[4:8])
    (tags,) = struct.unpack("<H", data[first : first + 2])
    data[first + 2 + 12 * tags :][:4] = struct.pack("<I", first)
    end = first + 2 + 12 * tags
    data[end : end + 4] = struct.pack("<I", first)
    path.write_bytes(data)
    with pytest.raises(InputError, match="list of pages breaks off after page 1"):
        read_recording(path, None)


def test_sparse_pages_are_not_taken_as_black(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK[0], metadata=None, compression="zlib")
    with tifffile.TiffFile(path, mode="r+") as tif:
        tif.pages.first.tags["StripByteCounts"].overwrite([0])
    with pytest.raises(InputError, match="without data"):
        average(path)


@settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    st.sampled_from([{}, {"compression": "zlib"}, {"imagej": True}, {"ome": True}]),
    st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), max_size=6),
)
def test_a_damaged_header_gives_an_image_or_a_sentence(tmp_path, how, changes):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, STACK[:3, :40, :40], **how)
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[place] = value
    path.write_bytes(data)
    try:
        made, mean = average(path)
    except InputError:
        return
    assert mean.shape == made.shape[1:]
