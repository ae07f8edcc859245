"""Another reader of suite2p and CaImAn, roiextractors, finds the same ROIs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_cellid.io.rois import read_rois
from suite2p_folder import roi, write_caiman, write_plane

roiextractors = pytest.importorskip("roiextractors")

SHAPE = (40, 48)
STAT = [
    roi([3, 4, 4], [7, 7, 8], [1.0, 2.0, 1.5]),
    roi([4, 5], [7, 30], [3.0, 1.0]),
    roi([39], [47], [1.0]),
]
GREEN = np.random.default_rng(1).uniform(50, 90, SHAPE)


def same_pixels(path: Path, extractor: object) -> None:
    rois = read_rois(path).rois
    masks = extractor.get_roi_pixel_masks()
    assert len(masks) == len(rois) == len(STAT)
    for k, mask in enumerate(masks):
        theirs = {(int(y), int(x)) for y, x, _ in mask}
        assert set(zip(*rois.pixels(k), strict=True)) == theirs
    assert extractor.get_sampling_frequency() == read_rois(path).frame_rate_hz


def test_suite2p(tmp_path: Path) -> None:
    plane = write_plane(tmp_path / "suite2p" / "plane0", STAT, GREEN, iscell=[1, 0, 1])
    extractor = roiextractors.Suite2pSegmentationExtractor(folder_path=plane.parent)
    same_pixels(plane, extractor)
    table = read_rois(plane).rois.table
    assert table["iscell"].tolist() == extractor.iscell[:, 0].tolist()
    np.testing.assert_array_equal(
        np.asarray(extractor.get_traces(name="raw")).T, read_rois(plane).traces["F"][0]
    )


def test_caiman(tmp_path: Path) -> None:
    file = write_caiman(tmp_path / "c.hdf5", STAT, SHAPE, accepted=[0, 2])
    extractor = roiextractors.CaimanSegmentationExtractor(file_path=file)
    same_pixels(file, extractor)
    np.testing.assert_array_equal(
        np.asarray(extractor.get_traces(name="denoised")).T,
        read_rois(file).traces["C"][0][:],
    )
