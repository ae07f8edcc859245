"""What written TIFF files say of themselves."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from napari_cellid.io import read_recording
from napari_cellid.io.ome_tiff import (
    ImageMetadata,
    allocate_movie,
    stable_uuid,
    write_image,
    write_labels,
)
from napari_cellid.io.tiff.metadata import ome_metadata


def described(axes: str, **more: object) -> ImageMetadata:
    return ImageMetadata(
        axes=axes, pixel_size_um=1.25, channels=("red",), uuid=stable_uuid("a"), **more
    )


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "int32"])
def test_an_image_is_read_back_with_what_was_said_of_it(tmp_path, dtype, compression):
    # three planes, which are no colours
    image = np.arange(3 * 40 * 36).reshape(3, 40, 36).astype(dtype)
    path = tmp_path / "a.tif"
    metadata = described("ZYX", plane_spacing_um=8.0, name="field", description="made")
    write_image(path, image, metadata, compression=compression)
    with tifffile.TiffFile(path) as tif:
        (series,) = tif.series
        assert (series.axes, series.dtype) == ("ZYX", image.dtype)
        np.testing.assert_array_equal(series.asarray(), image)
        page = tif.pages.first
        assert page.compression == (8 if compression else 1)
        assert page.photometric == tifffile.PHOTOMETRIC.MINISBLACK
        assert page.tags.valueof("XResolution")[0] / page.tags.valueof("XResolution")[
            1
        ] == pytest.approx(8000)
        text = tif.ome_metadata
    assert 'UUID="urn:uuid:' in text and 'Name="field"' in text and ">made<" in text
    said = ome_metadata(text)
    assert (said.voxel.x_um, said.voxel.y_um, said.voxel.z_um) == (1.25, 1.25, 8.0)
    assert said.channels == ("red",)
    first = path.read_bytes()
    write_image(path, image, metadata, compression=compression)
    assert path.read_bytes() == first


def test_what_is_not_known_is_not_said(tmp_path):
    write_image(tmp_path / "a.tif", np.ones((40, 36), np.float32), described("YX"))
    text = tifffile.TiffFile(tmp_path / "a.tif").ome_metadata
    for key in ("PhysicalSizeZ", "TimeIncrement", "Description"):
        assert key not in text


@pytest.mark.parametrize("planes", [1, 3])
def test_labels_keep_numbers_axes_and_pixel_size(tmp_path, planes):
    labels = np.zeros((planes, 40, 36), np.int32)
    labels[-1, 3:9, 3:9] = 2**31 - 1
    path = tmp_path / "labels.tif"
    write_labels(path, labels, 0.5)
    with tifffile.TiffFile(path) as tif:
        (series,) = tif.series
        assert series.axes == ("YX" if planes == 1 else "ZYX")
        assert series.dtype == np.int32
        np.testing.assert_array_equal(series.asarray(), np.squeeze(labels))
        assert tif.pages.first.compression == 8


def test_a_movie_is_written_frame_by_frame(tmp_path):
    frames = np.random.default_rng(0).integers(0, 999, (4, 2, 32, 40)).astype("<u2")
    path = tmp_path / "movie.tif"
    metadata = described("TZYX", plane_spacing_um=9.0, frame_interval_s=0.1)
    start = allocate_movie(path, frames.shape, frames.dtype, metadata)
    with path.open("r+b") as file:
        for number, frame in enumerate(frames.reshape(-1, 32, 40)):
            file.seek(start + number * frame.nbytes)
            file.write(frame.tobytes())
    made = read_recording(red=path)
    np.testing.assert_array_equal(made.red, frames)
    assert made.pixel_size_um == 1.25
    assert 'TimeIncrement="0.1"' in tifffile.TiffFile(path).ome_metadata
