"""Outlines of cells in ROI files of ImageJ."""

from __future__ import annotations

import zipfile

import dask.array as da
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from roifile import ROI_TYPE, ImagejRoi

from napari_cellid.errors import InputError
from napari_cellid.io.labels import read_labels
from napari_cellid.recording import Recording

SHAPE = (40, 48)


def recording(planes=1):
    image = da.zeros((1, planes, *SHAPE))
    return Recording("field", image, image, 1.0, "given")


def square(x, y, side=5, **position):
    corners = [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
    roi = ImagejRoi.frompoints(np.array(corners))
    for key, number in position.items():
        setattr(roi, key, number)
    return roi


def box(kind, left, top, width, height):
    roi = ImagejRoi(roitype=kind)
    roi.left, roi.top = left, top
    roi.right, roi.bottom = left + width, top + height
    return roi


def zipped(path, *rois):
    with zipfile.ZipFile(path, "w") as archive:
        for number, roi in enumerate(rois):
            archive.writestr(f"{number:04d}.roi", roi.tobytes())
    return path


def test_rois_are_drawn_on_the_pixels_that_imagej_shows(tmp_path):
    rois = square(3, 7), box(ROI_TYPE.RECT, 20, 10, 6, 4)
    labels, made = read_labels(zipped(tmp_path / "a.zip", *rois), recording())
    expected = np.zeros((1, *SHAPE), np.int32)
    expected[0, 7:12, 3:8] = 1
    expected[0, 10:14, 20:26] = 2
    np.testing.assert_array_equal(labels, expected)
    assert made.sources[-1].endswith("a.zip")


def test_an_oval_is_round(tmp_path):
    path = tmp_path / "a.roi"
    path.write_bytes(box(ROI_TYPE.OVAL, 10, 10, 20, 20).tobytes())
    labels, _ = read_labels(path, recording())
    assert labels.sum() == pytest.approx(np.pi * 100, rel=0.05)
    assert labels[0, 10, 10] == 0


def test_overlaps_belong_to_the_smaller_roi(tmp_path):
    path = zipped(tmp_path / "a.zip", square(5, 5, 3), square(4, 4, 10))
    labels, _ = read_labels(path, recording())
    assert labels[0, 6, 6] == 1
    assert np.sum(labels == 1) == 9


def test_each_roi_lies_in_its_plane(tmp_path):
    rois = square(3, 3, z_position=2), square(3, 3, position=1)
    labels, _ = read_labels(zipped(tmp_path / "a.zip", *rois), recording(2))
    assert labels[0, 4, 4] == 2
    assert labels[1, 4, 4] == 1
    lost = zipped(tmp_path / "b.zip", square(3, 3))
    with pytest.raises(InputError, match="names the slice 0"):
        read_labels(lost, recording(2))


def test_points_and_lines_are_left_out(tmp_path):
    line = ImagejRoi(roitype=ROI_TYPE.LINE)
    path = zipped(tmp_path / "a.zip", square(3, 3), line)
    _, made = read_labels(path, recording())
    assert "1 of its 2 ROIs are points, lines or texts" in made.notes[0]
    with pytest.raises(InputError, match="holds no areas"):
        read_labels(zipped(tmp_path / "b.zip", line), recording())


def test_a_roi_smaller_than_a_pixel_is_left_out(tmp_path):
    tiny = ImagejRoi.frompoints(np.array([[3.1, 3.1], [3.2, 3.1], [3.2, 3.2]]))
    path = zipped(tmp_path / "a.zip", square(10, 10), tiny)
    labels, made = read_labels(path, recording())
    assert labels.max() == 1
    assert "1 of its 2 ROIs have no pixel of their own" in made.notes[0]


def test_rois_of_another_field_are_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", square(3, 3), square(400, 3))
    with pytest.raises(InputError, match=r"1 of its 2 ROIs.*number 2.*outside"):
        read_labels(path, recording())


def test_other_zip_files_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "mouse")
    with pytest.raises(InputError, match=r"a.zip is a zip file, but not of ROIs"):
        read_labels(path, recording())
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(InputError, match=r"a.zip cannot be read as ROIs"):
        read_labels(path, recording())


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(4, 120), st.integers(0, 255)), max_size=5),
       st.integers(4, 200))  # fmt: skip
def test_damaged_rois_are_read_or_refused(tmp_path, changes, length):
    content = bytearray(square(3, 3).tobytes())
    for place, value in changes:
        if place < len(content):
            content[place] = value
    path = tmp_path / "odd.roi"
    path.write_bytes(bytes(content)[:length])
    try:
        labels, _ = read_labels(path, recording())
    except InputError as error:
        assert "odd" in str(error)
    else:
        assert labels.max() == 1
