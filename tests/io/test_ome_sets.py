"""OME-TIFF recordings of several files."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from napari_cellid.io import ReadOptions, read_recording

SHAPE = (32, 40)
DATA = np.random.default_rng(0).integers(0, 999, (3, 2, *SHAPE)).astype(np.uint16)


def xml(own, names, channels=("GCaMP", "tdTomato")):
    """OME-XML of 3 time points of 2 channels, one file a time point."""
    listed = "".join(f'<Channel ID="Channel:0:{k}" Name="{c}"/>'
                     for k, c in enumerate(channels))  # fmt: skip
    data = "".join(
        f'<TiffData FirstT="{t}" FirstC="{c}" IFD="{c}" PlaneCount="1">'
        f'<UUID FileName="{name}">urn:uuid:0000000{t}</UUID></TiffData>'
        for t, name in enumerate(names)
        for c in range(2)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.'
        f'org/Schemas/OME/2016-06" UUID="urn:uuid:0000000{own}"><Image ID="Image:0">'
        '<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="40" '
        'SizeY="32" SizeC="2" SizeZ="1" SizeT="3" PhysicalSizeX="1.2" '
        f'PhysicalSizeY="1.2" TimeIncrement="0.5">{listed}{data}</Pixels></Image></OME>'
    )


@pytest.fixture
def files(tmp_path):
    names = [f"mouse_{t}.ome.tif" for t in range(3)]
    for t, name in enumerate(names):
        with tifffile.TiffWriter(tmp_path / name) as writer:
            for channel in range(2):
                text = xml(t, names) if channel == 0 else None
                writer.write(DATA[t, channel], description=text, metadata=None)
    return [tmp_path / name for name in names]


def test_any_file_of_a_set_gives_the_whole_recording(files):
    for path in files:
        made = read_recording(both=path)
        np.testing.assert_array_equal(made.green[:, 0].compute(), DATA[:, 0])
        np.testing.assert_array_equal(made.red[:, 0].compute(), DATA[:, 1])
        assert (made.pixel_size_um, made.frame_rate_hz) == (1.2, 2.0)
        assert "read together with the 2 files" in made.notes[0]


def test_a_set_that_is_not_complete_is_read_in_part_with_a_note(files):
    files[1].unlink()
    made = read_recording(both=files[0], options=ReadOptions(axes="CYX"))
    np.testing.assert_array_equal(made.green[:, 0].compute(), DATA[:1, 0])
    assert "only this one was read" in " ".join(made.notes)
