"""The shape of a label image is read before its pages."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from napari_cellid.errors import InputError
from napari_cellid.io.labels import read_labels
from napari_cellid.io.registry import read_recording


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, np.ones((40, 48), "u2"))
    return read_recording(None, path)


@pytest.mark.parametrize("shape", [(300, 40, 48), (41, 48), (2, 3, 40, 48)])
def test_no_page_of_a_movie_is_read(tmp_path, recording, shape, monkeypatch):
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, np.ones(shape, "u2"), photometric="minisblack")

    def read(*_, **__):
        raise AssertionError("pages were read")

    monkeypatch.setattr(tifffile.TiffFile, "asarray", read)
    monkeypatch.setattr(tifffile, "imread", read)
    with pytest.raises(InputError, match=r"have the shape.*give labels of the same"):
        read_labels(path, recording)


def test_labels_of_the_right_shape_are_read(tmp_path, recording):
    path = tmp_path / "labels.tif"
    labels = np.zeros((1, 40, 48), "u2")
    labels[0, 4:12, 5:15] = 1
    labels[0, 20:30, 5:15] = 2
    tifffile.imwrite(path, labels)
    np.testing.assert_array_equal(read_labels(path, recording)[0], labels)


def test_a_damaged_movie_is_refused_for_its_shape(tmp_path, recording):
    """What is wrong with it is that it is no label image."""
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, np.ones((30, 40, 48), "u2"), compression="zlib")
    with tifffile.TiffFile(path) as tif:
        offset = tif.pages[20].dataoffsets[0]
    data = bytearray(path.read_bytes())
    data[offset : offset + 20] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(InputError, match="30 x 40 x 48"):
        read_labels(path, recording)
