"""ScanImage files: channels, sizes, fields, several files of a grab."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_tiff import RawTiff, scanimage

from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.napari_layers import layers_of, reader_for_napari
from napari_cellid.io.registry import read_recording

SIZE = (40, 48)
PAGES = np.random.default_rng(0).integers(-90, 999, (24, *SIZE)).astype("i2")
SAID = (
    "SI.hChannels.channelName = {'Channel 1' 'Channel 2' 'Channel 3' 'Channel 4'}\n"
    "SI.hChannels.channelMergeColor = {'green';'red';'red';'red'}\n"
    "SI.hRoiManager.imagingFovUm = [-240 -200;240 -200;240 200;-240 200]\n"
    "SI.hRoiManager.pixelsPerLine = 48\nSI.hRoiManager.linesPerFrame = 40\n"
    "SI.hRoiManager.scanFrameRate = 30\nSI.hRoiManager.scanVolumeRate = 7.5\n"
    "SI.hStackManager.stackZStepSize = -15\n"
)


def both(path, **options):
    return read_recording(both=path, options=ReadOptions(**options))


@pytest.mark.parametrize("block", [True, False])
def test_sizes_rates_and_colours_of_the_header_are_used(tmp_path, block):
    writer = scanimage(None, channels=2, extra=SAID, block=block)
    made = both(writer.write(tmp_path / "a.tif", PAGES))
    np.testing.assert_array_equal(made.green[:, 0].compute(), PAGES[::2])
    np.testing.assert_array_equal(made.red[:, 0].compute(), PAGES[1::2])
    assert made.red.dtype == np.int16
    assert made.pixel_size_um == pytest.approx(10)
    assert made.pixel_size_source == "ScanImage header"
    assert made.frame_rate_hz == 30
    assert "by the colours in its ScanImage header" in " ".join(made.notes)


def test_volumes_have_their_rate_and_depths(tmp_path):
    writer = scanimage(None, channels=2, planes=3, extra=SAID)
    made = both(writer.write(tmp_path / "a.tif", PAGES))
    assert made.green.shape == (4, 3, *SIZE)
    assert made.frame_rate_hz == 7.5
    assert made.plane_depths_um == (0, 15, 30)


@pytest.mark.parametrize("newline", ["\r", "\n", "\r\n"])
def test_headers_of_scanimage_3_are_read(tmp_path, newline):
    lines = [
        "state.configPath='C:'", "state.acq.frameRate=8", "state.acq.numberOfZSlices=1",
        *(f"state.acq.savingChannel{k}={int(k in (1, 3))}" for k in (1, 2, 3, 4)),
        "state.acq.numberOfFrames=12", "state.acq.averaging=0",
    ]  # fmt: skip
    writer = RawTiff(description=newline.join(lines), page_description=" ")
    path = writer.write(tmp_path / "a.tif", PAGES.clip(0).astype("u2"))
    made = both(path, red_channel=1, pixel_size_um=1)
    assert made.red.shape == (12, 1, *SIZE)
    assert made.frame_rate_hz == 8


def test_napari_gets_the_colours_of_the_microscope(tmp_path):
    writer = scanimage(None, channels=2, extra=SAID)
    path = writer.write(tmp_path / "a.tif", PAGES)
    layers, _ = layers_of(reader_for_napari(path), path)
    assert [layer[1]["colormap"] for layer in layers] == ["green", "red"]
    assert layers[0][1]["scale"] == pytest.approx((1 / 30, 10, 10))


def rois(*fields):
    listed = [
        {
            "name": name,
            "zs": 0,
            "scanfields": {"pixelResolutionXY": [48, rows], "sizeXY": [4.8, rows / 10]},
        }
        for name, rows in fields
    ]
    return json.dumps({"RoiGroups": {"imagingRoiGroup": {"rois": listed}}})


MROI = "SI.hRoiManager.mroiEnable = true\nSI.objectiveResolution = 15\n"


def test_each_field_of_a_page_is_read_by_its_name_or_number(tmp_path):
    tall = np.random.default_rng(1).integers(0, 999, (4, 90, 48)).astype("i2")
    fields = rois(("left V1", 40), ("", 40))
    writer = scanimage(None, channels=2, extra=MROI, rois=fields)
    path = writer.write(tmp_path / "a.tif", tall)
    with pytest.raises(InputError, match=r"0 \(left V1\), 1 \(field 1\) with --image"):
        both(path, red_channel=1)
    first = both(path, red_channel=1, image="left V1")
    np.testing.assert_array_equal(first.red[:, 0].compute(), tall[1::2, :40])
    assert first.pixel_size_um == pytest.approx(1.5)
    second = both(path, red_channel=1, image=1)
    np.testing.assert_array_equal(second.green[:, 0].compute(), tall[::2, 50:])
    with pytest.raises(InputError, match="no field 'V2'"):
        both(path, image="V2")


def test_fields_that_do_not_fit_the_page_are_not_cut_out(tmp_path):
    fields = rois(("a", 40), ("b", 20), ("c", 41))
    writer = scanimage(None, channels=2, extra=MROI, rois=fields)
    path = writer.write(tmp_path / "a.tif", PAGES)
    with pytest.raises(InputError, match="several fields"):
        both(path, red_channel=1, image=0)


@pytest.mark.parametrize("kind", ["changing region", "own depths"])
def test_fields_that_differ_between_depths_are_refused_as_such(tmp_path, kind):
    """Their heights fit the page by chance, and would be cut out wrongly."""
    listed = json.loads(rois(("a", 40), ("b", 40)))
    first, second = listed["RoiGroups"]["imagingRoiGroup"]["rois"]
    if kind == "changing region":
        first |= {"zs": [0, 50], "scanfields": [first["scanfields"]] * 2}
    else:
        first |= {"discretePlaneMode": 1}
        second |= {"discretePlaneMode": 1, "zs": 50}
    tall = np.zeros((8, 90, 48), np.int16)
    writer = scanimage(None, channels=2, extra=MROI, rois=json.dumps(listed))
    path = writer.write(tmp_path / "a.tif", tall)
    for options in ({}, {"image": 0}):
        with pytest.raises(InputError, match="they differ between depths") as caught:
            both(path, red_channel=1, **options)
        assert "--axes TCYX" in str(caught.value)
    assert both(path, red_channel=1, axes="TCYX", channels=2).red.shape[0] == 4


def test_regions_of_one_depth_that_lie_in_all_depths_are_read(tmp_path):
    listed = json.loads(rois(("a", 40), ("b", 40)))
    for depth, roi in enumerate(listed["RoiGroups"]["imagingRoiGroup"]["rois"]):
        roi["zs"] = 10 * depth
    tall = np.random.default_rng(1).integers(0, 999, (4, 90, 48)).astype("i2")
    writer = scanimage(None, channels=2, extra=MROI, rois=json.dumps(listed))
    made = both(writer.write(tmp_path / "a.tif", tall), red_channel=1, image="b")
    np.testing.assert_array_equal(made.red[:, 0].compute(), tall[1::2, 50:])


def grab(folder, parts, *, planes=1, acquisition=1, base="mouse_00001"):
    """Files of the given numbers of pages, which continue one another."""
    paths, start = [], 0
    for number, n_pages in enumerate(parts, 1):
        writer = scanimage(None, channels=2, planes=planes, extra=SAID)
        writer.describe = lambda page, start=start: (
            f"frameNumbers = 1\nacquisitionNumbers = {acquisition}\n"
            f"frameNumberAcquisition = {(start + page) // 2 + 1}\n"
        )
        path = folder / f"{base}_{number:05d}.tif"
        paths.append(writer.write(path, PAGES[start : start + n_pages]))
        start += n_pages
    return paths


@pytest.mark.parametrize("parts", [(8, 8, 8), (10, 6, 4), (2, 2)])
def test_the_files_of_a_grab_are_one_recording(tmp_path, parts):
    paths = grab(tmp_path, parts)
    made = both(paths[0])
    assert made.frame_rate_hz == 30
    np.testing.assert_array_equal(made.green[:, 0].compute(), PAGES[: sum(parts) : 2])
    assert f"up to {paths[-1].name}" in made.notes[0]
    # a user who says what the file holds gets this file
    alone = both(paths[0], axes="TCYX", channels=2)
    assert alone.green.shape[0] == parts[0] // 2


def test_a_volume_may_lie_in_two_files(tmp_path):
    paths = grab(tmp_path, (8, 8, 6), planes=3)
    made = both(paths[0])
    table = PAGES[:18].reshape(3, 3, 2, *SIZE)
    np.testing.assert_array_equal(made.red.compute(), table[:, :, 1])
    assert "last 4 pages are part of an incomplete volume" in " ".join(made.notes)


def test_files_of_other_acquisitions_are_not_joined(tmp_path):
    first, second = grab(tmp_path, (8, 8))
    other = grab(tmp_path, (8,), acquisition=2, base="b_00001")[0]
    second.write_bytes(other.read_bytes())
    assert both(first).green.shape[0] == 4


def test_a_gap_in_the_files_of_a_grab_ends_it(tmp_path):
    paths = grab(tmp_path, (4, 4, 4, 4))
    paths[2].unlink()
    assert both(paths[0]).green.shape[0] == 4


@pytest.mark.parametrize("saved", ["1", "[1 2]", "[1;2]", "[2 3]", "[1;2;3]"])
def test_every_way_to_write_the_saved_channels_is_read(tmp_path, saved):
    n = 1 if saved == "1" else len(saved.strip("[]").replace(";", " ").split())
    writer = scanimage(None, channels=n)
    text = writer.software
    written = next(x for x in text.splitlines() if "channelSave" in x)
    new = text.replace(written, f"SI.hChannels.channelSave = {saved}")
    writer = RawTiff(big=True, software=new)
    path = writer.write(tmp_path / "a.tif", PAGES)
    if n == 1:
        made = read_recording(green=path, options=ReadOptions(pixel_size_um=1))
    else:
        made = both(path, red_channel=0, green_channel=1, pixel_size_um=1)
    assert made.green.shape == (24 // n, 1, *SIZE)


@pytest.mark.slow
def test_more_pages_than_16_bits_count_are_told_apart(tmp_path):
    pages = np.zeros((65_600, 32, 32), np.uint8)
    pages[65_536] = 7
    path = scanimage(None).write(tmp_path / "long.tif", pages)
    made = read_recording(green=path, options=ReadOptions(pixel_size_um=1))
    assert made.green.shape[0] == 65_600
    assert made.green[65_536].compute().min() == 7
    assert made.green[0].compute().max() == 0


_KEYS = (
    "hChannels.channelSave", "hChannels.channelName", "hChannels.channelMergeColor",
    "hStackManager.enable", "hStackManager.numSlices", "hStackManager.framesPerSlice",
    "hStackManager.numFramesPerVolume", "hStackManager.numFramesPerVolumeWithFlyback",
    "hStackManager.stackZStepSize", "hFastZ.enable", "hFastZ.numDiscardFlybackFrames",
    "hRoiManager.imagingFovUm", "hRoiManager.pixelsPerLine",
    "hRoiManager.linesPerFrame", "hRoiManager.scanFrameRate",
    "hRoiManager.mroiEnable", "hScan2D.logAverageFactor",
)  # fmt: skip
_VALUES = (
    "1", "0", "-1", "1e9", "1000000000", "Inf", "NaN", "[]", "{}", "[1 2]", "[1;2]",
    "'text'", "{'green';'red'}", "true", "false", "[1 NaN;2 3;4 5;6 7]", "[[", "",
)  # fmt: skip


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(_KEYS), st.sampled_from(_VALUES), max_size=6),
    st.integers(1, 13),
    st.booleans(),
)
def test_odd_headers_are_read_or_refused(tmp_path, header, n_pages, block):
    extra = "".join(f"SI.{key} = {value}\n" for key, value in header.items())
    writer = scanimage(None, channels=2, extra=SAID + extra, block=block)
    path = writer.write(tmp_path / "odd.tif", PAGES[:n_pages])
    options = ReadOptions(red_channel=1, green_channel=0, pixel_size_um=1)
    try:
        made = read_recording(both=path, options=options)
        shape = made.red.compute().shape
    except InputError as error:
        assert "odd" in str(error)
    else:
        assert shape[0] * shape[1] * 2 <= n_pages
