"""Another reader of microscope files, roiextractors, finds the same images."""

from __future__ import annotations

import warnings
from datetime import UTC

import numpy as np
import pytest
from prairie_files import PrairieFolder
from raw_tiff import scanimage

from napari_cellid.io import ReadOptions, read_recording

roiextractors = pytest.importorskip("roiextractors")
pytestmark = pytest.mark.filterwarnings("ignore")

SIZE = (32, 40)
RANDOM = np.random.default_rng(3)


def series(extractor):
    """Images as (time, plane, y, x)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        images = np.asarray(extractor.get_series())
    if images.ndim == 3:
        return images[:, None]
    return images.transpose(0, 3, 1, 2)


def same(made, extractor):
    np.testing.assert_array_equal(made.compute(), series(extractor))


# volumes in one file a channel and cycle are put into another order by roiextractors,
# against the numbers of the pages in the XML file
@pytest.mark.parametrize(
    ("kind", "multi_page"),
    [
        ("TSeries Timed Element", False),
        ("TSeries Timed Element", True),
        ("TSeries ZSeries Element", False),
    ],
)
def test_prairieview(tmp_path, kind, multi_page):
    reader = getattr(roiextractors, "BrukerTiffImagingExtractor", None)
    if reader is None:
        pytest.skip("this version of roiextractors has no general Bruker reader")
    volumes = "ZSeries" in kind
    data = RANDOM.integers(0, 9000, (3 if volumes else 1, 4, 2, *SIZE)).astype("u2")
    folder = PrairieFolder(kind=kind, multi_page=multi_page).write(tmp_path / "T", data)
    made = read_recording(both=folder)
    for array, name in ((made.red, "Ch1"), (made.green, "Ch2")):
        same(array, reader(folder_path=folder, channel_name=name))


SAID = (
    "SI.acqState = 'grab'\nSI.hScan2D.logFramesPerFile = Inf\n"
    "SI.hStackManager.stackMode = 'fast'\n"
    "SI.hChannels.channelName = {'Channel 1' 'Channel 2'}\n"
    "SI.hRoiManager.scanFrameRate = 30\nSI.hRoiManager.scanVolumeRate = 10\n"
    "SI.hStackManager.numFramesPerVolume = 3\n"
)


# flyback images; frames, with those of a last volume that was not ended
@pytest.mark.parametrize(
    ("planes", "flyback", "frames"),
    [(1, 0, 6), (3, 0, 6), (3, 0, 8), (3, 1, 20), (3, 1, 22), (3, 2, 25), (3, 2, 13)],
)
def test_scanimage(tmp_path, planes, flyback, frames):
    pages = RANDOM.integers(-90, 900, (2 * frames, *SIZE)).astype("i2")
    extra = (
        f"{SAID}SI.hFastZ.numDiscardFlybackFrames = {flyback}\n"
        f"SI.hStackManager.numFramesPerVolumeWithFlyback = {3 + flyback}\n"
    )
    writer = scanimage(None, channels=2, planes=planes, extra=extra)
    # roiextractors cannot read [1;2]
    written = writer.static.replace(b"[1;2]", b"[1 2]")
    writer.static, writer.software = written, writer.software.replace("[1;2]", "[1 2]")
    path = writer.write(tmp_path / "a.tif", pages)
    options = ReadOptions(red_channel=1, pixel_size_um=1)
    made = read_recording(both=path, options=options)
    for array, name in ((made.green, "Channel 1"), (made.red, "Channel 2")):
        reader = roiextractors.ScanImageImagingExtractor(
            file_path=path, channel_name=name
        )
        same(array, reader)


def test_nwb(tmp_path):
    pynwb = pytest.importorskip("pynwb")
    from datetime import datetime

    from pynwb.ophys import OpticalChannel, TwoPhotonSeries

    path = tmp_path / "mouse.nwb"
    data = RANDOM.integers(0, 900, (6, *SIZE)).astype("i2")
    start = datetime(2024, 5, 1, tzinfo=UTC)
    file = pynwb.NWBFile("a mouse", "1", start)
    plane = file.create_imaging_plane(
        name="plane", description="", device=file.create_device("scope"),
        optical_channel=OpticalChannel("green", "", 513.0), excitation_lambda=920.0,
        indicator="GCaMP6s", location="V1", imaging_rate=30.0,
        grid_spacing=[1.2e-6, 1.2e-6], grid_spacing_unit="meters",
    )  # fmt: skip
    file.add_acquisition(
        TwoPhotonSeries(
            name="TwoPhotonSeries", imaging_plane=plane, rate=30.0, unit="n.a.",
            data=np.ascontiguousarray(data.transpose(0, 2, 1)),
        )
    )  # fmt: skip
    with pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(file)
    made = read_recording(green=path)
    np.testing.assert_array_equal(made.green[:, 0].compute(), data)
    assert (made.pixel_size_um, made.frame_rate_hz) == (pytest.approx(1.2), 30.0)
    extractor = roiextractors.NwbImagingExtractor(file_path=path)
    same(made.green, extractor)
    assert extractor.get_sampling_frequency() == made.frame_rate_hz
