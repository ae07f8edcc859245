"""Real files of microscopes, which lie beside the repository: Bruker, ScanImage 3.8."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_cellid.errors import InputError
from napari_cellid.io import ReadOptions, read_recording
from napari_cellid.io.imagej_rois import read_imagej_rois

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "two_channel_real"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.is_dir(), reason="no recordings in ../shared/data"),
]


def test_a_z_series_of_prairieview():
    folder = DATA / "bruker/ZSeries-09092022-1241-1659"
    made = read_recording(both=folder)
    assert made.name == folder.name
    assert made.red.shape == made.green.shape == (1, 39, 512, 512)
    assert made.pixel_size_um == pytest.approx(0.2947, rel=1e-3)
    assert made.plane_depths_um == pytest.approx(tuple(range(0, 78, 2)))
    for array, channel in ((made.red, 1), (made.green, 2)):
        page = folder / f"{folder.name}_Cycle00001_Ch{channel}_000020.ome.tif"
        expected = tifffile.imread(page, is_ome=False)
        np.testing.assert_array_equal(array[0, 19].compute(), expected)


@pytest.mark.parametrize("kind", ["SingleImage-01142019-1352-387",
                                  "TSeries-01142019-1352-1365"])  # fmt: skip
def test_folders_of_prairieview_without_their_images(kind):
    folder = DATA / "bruker/prairieviewer_minimal" / kind
    with pytest.raises(InputError, match=r"of which none is in its folder"):
        read_recording(both=folder)


def test_a_header_of_scanimage_3_8():
    path = DATA / "scanimage38/Blank-IPA_1s_16r_032.tif"
    made = read_recording(green=path, options=ReadOptions(pixel_size_um=1))
    assert made.green.shape == (30, 1, 64, 64)
    assert made.frame_rate_hz == pytest.approx(8.138, rel=1e-3)
    assert made.notes == ()


def test_rois_of_imagej():
    labels, notes = read_imagej_rois(DATA / "sima/imageJ_ROIs.zip", (1, 512, 512))
    assert sorted(np.unique(labels)) == [0, 1, 2]
    assert notes == ()
