"""What cannot be read ends with one sentence, the file's name and exit code 2."""

from __future__ import annotations

import os
import sys

import h5py
import numpy as np
import pytest
import tifffile

from napari_cellid.cli import main

IMAGE = np.ones((3, 40, 48), np.uint16)


def folder_of_other_files(tmp_path):
    path = tmp_path / "thesis"
    path.mkdir()
    (path / "chapter.txt").write_text("a mouse")
    return path


def empty_folder(tmp_path):
    path = tmp_path / "thesis"
    path.mkdir()
    return path


def other_xml(tmp_path):
    path = tmp_path / "experiment.xml"
    path.write_text("<experiment/>")
    return path


def other_hdf5(tmp_path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file["a"] = np.ones(3)
    return path


def wrong_ending(tmp_path):
    path = tmp_path / "movie.nwb"
    path.write_bytes(b"not at all")
    return path


def renamed_text(tmp_path):
    path = tmp_path / "movie.tif"
    path.write_text("not at all")
    return path


def truncated_tiff(tmp_path):
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, IMAGE)
    path.write_bytes(path.read_bytes()[:-9000])
    return path


def mixed_pages(tmp_path):
    path = tmp_path / "movie.tif"
    with tifffile.TiffWriter(path) as writer:
        for size in (40, 48):
            writer.write(IMAGE[0, :, :size], contiguous=False, metadata=None)
    return path


def a_billion_planes(tmp_path):
    path = tmp_path / "movie.tif"
    text = "ImageJ=1.54f\nimages=1000000000\nchannels=2\nslices=500000000\n"
    tifffile.imwrite(path, IMAGE, description=text, metadata=None)
    return path


def no_zarr(tmp_path):
    path = tmp_path / "movie.zarr"
    path.mkdir()
    return path


def damaged_zarr(tmp_path):
    path = no_zarr(tmp_path)
    (path / ".zattrs").write_text('{"multiscales": [')
    return path


def missing(tmp_path):
    return tmp_path / "gone.nwb"


@pytest.mark.parametrize(
    "make",
    [
        folder_of_other_files, empty_folder, other_xml, other_hdf5, wrong_ending,
        renamed_text, truncated_tiff, mixed_pages, a_billion_planes, no_zarr,
        damaged_zarr, missing,
    ],
)  # fmt: skip
def test_it_is_refused_in_one_sentence(tmp_path, capsys, make):
    path = make(tmp_path)
    out = tmp_path / "out"
    code = main(["segment", str(path), "--out", str(out), "--pixel-size", "1"])
    said = capsys.readouterr().err.strip()
    assert code == 2
    assert path.name in said
    assert "Traceback" not in said
    assert len(said.splitlines()) == 1
    assert not out.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="names of bytes")
def test_a_name_that_is_not_utf8_is_read_or_refused(tmp_path, capsys):
    name = os.fsdecode(b"mouse\xff.nwb")
    path = tmp_path / name
    path.write_bytes(b"nothing")
    out = tmp_path / "out"
    assert main(["segment", str(path), "--out", str(out), "--pixel-size", "1"]) == 2
    assert "mouse" in capsys.readouterr().err
