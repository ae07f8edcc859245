"""Folders of PrairieView, the program of Bruker's microscopes."""

from __future__ import annotations

import re
import tracemalloc

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prairie_files import PrairieFolder

from napari_cellid.errors import InputError
from napari_cellid.io import ReadOptions, read_recording, reader_for

SHAPE = (32, 40)


def images(sequences, frames, channels=2, shape=SHAPE):
    random = np.random.default_rng(5)
    size = (sequences, frames, channels, *shape)
    return random.integers(0, 8192, size).astype(np.uint16)


def test_the_frames_of_a_z_series_are_planes(tmp_path):
    data = images(1, 5)
    folder = PrairieFolder().write(tmp_path / "ZSeries-001", data)
    made = read_recording(both=folder)
    assert made.name == "ZSeries-001"
    assert made.red.shape == (1, 5, *SHAPE)
    np.testing.assert_array_equal(made.red[0].compute(), data[0, :, 0])
    np.testing.assert_array_equal(made.green[0].compute(), data[0, :, 1])
    assert made.pixel_size_um == 1.17
    assert made.pixel_size_source == "PrairieView XML"
    assert made.plane_depths_um == (0, 5, 10, 15, 20)
    assert "read as 1 time point and 5 planes" in made.notes[0]
    assert "channel 0 (Ch1) was read as red and channel 1 (Ch2)" in made.notes[1]


def test_the_xml_file_stands_for_its_folder(tmp_path):
    folder = PrairieFolder().write(tmp_path / "Z", images(1, 3))
    assert read_recording(both=folder / "Z.xml").name == "Z"


@pytest.mark.parametrize("kind", ["TSeries Timed Element", "BrightnessOverTime", "Odd"])
@pytest.mark.parametrize("multi_page", [False, True])
def test_the_frames_of_other_sequences_are_time_points(tmp_path, kind, multi_page):
    data = images(2, 4)
    folder = PrairieFolder(kind=kind, multi_page=multi_page).write(tmp_path / "T", data)
    made = read_recording(both=folder)
    assert made.red.shape == (8, 1, *SHAPE)
    np.testing.assert_array_equal(
        made.green[:, 0].compute(), data[:, :, 1].reshape(8, *SHAPE)
    )
    assert made.frame_rate_hz == 2
    assert made.plane_depths_um is None


def test_each_sequence_of_a_volume_series_is_a_time_point(tmp_path):
    data = images(3, 4)
    writer = PrairieFolder(kind="TSeries ZSeries Element", multi_page=True)
    made = read_recording(both=writer.write(tmp_path / "V", data))
    np.testing.assert_array_equal(made.red.compute(), data[:, :, 0])
    assert made.frame_rate_hz == 0.5


@pytest.mark.parametrize("depths", [True, False])
def test_volumes_scanned_up_and_down_have_the_same_planes(tmp_path, depths):
    data = images(3, 4)
    writer = PrairieFolder(
        kind="TSeries ZSeries Element", bidirectional=True, depths=depths
    )
    made = read_recording(both=writer.write(tmp_path / "V", data))
    np.testing.assert_array_equal(made.red.compute(), data[:, :, 0])
    assert "up and down" in " ".join(made.notes)


def test_a_single_image_is_one_plane(tmp_path):
    data = images(1, 1)
    made = read_recording(both=PrairieFolder(kind="Single").write(tmp_path / "S", data))
    assert made.red.shape == (1, 1, *SHAPE)
    assert made.frame_rate_hz is None


def test_names_of_channels_come_before_their_numbers(tmp_path):
    data = images(1, 2)
    writer = PrairieFolder(names=("GCaMP", "tdTomato"))
    made = read_recording(both=writer.write(tmp_path / "Z", data))
    np.testing.assert_array_equal(made.red[0].compute(), data[0, :, 1])


def test_the_user_chooses_channels_and_sequences(tmp_path):
    data = images(3, 2, channels=3)
    writer = PrairieFolder(kind="ZSeries", names=("Ch1", "Ch2", "Ch3"))
    folder = writer.write(tmp_path / "Z", data)
    options = ReadOptions(red_channel="Ch3", green_channel=0, image="1")
    made = read_recording(both=folder, options=options)
    np.testing.assert_array_equal(made.red[0].compute(), data[1, :, 2])
    np.testing.assert_array_equal(made.green[0].compute(), data[1, :, 0])


def test_positions_of_the_stage_are_not_time_points(tmp_path):
    writer = PrairieFolder(sequence_attributes='xYStageGridDefined="True"')
    folder = writer.write(tmp_path / "Atlas", images(2, 2))
    with pytest.raises(InputError, match=r"2 positions of the stage.*--image"):
        read_recording(both=folder)


def test_last_time_points_without_files_are_left_out(tmp_path):
    lost = {f"T_Cycle00001_Ch{c}_000005.ome.tif" for c in (1, 2)}
    writer = PrairieFolder(kind="TSeries Timed Element", leave_out=lost)
    made = read_recording(both=writer.write(tmp_path / "T", images(1, 5)))
    assert made.red.shape[0] == 4
    assert "its last 1 of 5 time points are missing" in " ".join(made.notes)


def test_missing_planes_are_refused_with_their_number(tmp_path):
    writer = PrairieFolder(leave_out={"Z_Cycle00001_Ch2_000003.ome.tif"})
    folder = writer.write(tmp_path / "Z", images(1, 4))
    with pytest.raises(
        InputError, match=r"Z.xml names 8 image files, of which 1 are not.*000003"
    ):
        read_recording(both=folder)


def test_the_xml_file_of_another_folder_is_refused(tmp_path):
    PrairieFolder().write(tmp_path / "A", images(1, 3))
    folder = PrairieFolder().write(tmp_path / "B", images(1, 3))
    (folder / "B.xml").write_bytes((tmp_path / "A" / "A.xml").read_bytes())
    with pytest.raises(InputError, match=r"none is in its folder.*another recording"):
        read_recording(both=folder)


def test_a_folder_without_its_xml_file_is_refused(tmp_path):
    folder = PrairieFolder().write(tmp_path / "Z", images(1, 3))
    (folder / "Z.xml").unlink()
    assert reader_for(folder).name == "prairieview"
    with pytest.raises(InputError, match=r"no XML file.*Z\.xml"):
        read_recording(both=folder)


def test_an_xml_file_of_something_else_is_no_recording(tmp_path):
    path = tmp_path / "experiment.xml"
    path.write_text("<experiment><notes>mouse</notes></experiment>")
    with pytest.raises(InputError, match="no reader can read"):
        read_recording(both=path)


def test_other_xml_files_of_the_folder_do_not_count(tmp_path):
    folder = PrairieFolder().write(tmp_path / "Z", images(1, 3))
    (folder / "Z_Cycle00001_VoltageRecording_001.xml").write_text("<VRecSessionEntry/>")
    (folder / "experiment.xml").write_text("<experiment/>")
    assert read_recording(both=folder).n_planes == 3


def test_pages_of_another_size_are_refused_when_they_are_read(tmp_path):
    folder = PrairieFolder().write(tmp_path / "Z", images(1, 3))
    odd = folder / "Z_Cycle00001_Ch1_000002.ome.tif"
    tifffile.imwrite(odd, np.ones((32, 32), np.uint16), metadata=None)
    made = read_recording(both=folder)
    with pytest.raises(InputError, match=r"000002.*32 x 32 pixels.*32 x 40"):
        made.red.compute()


def test_a_truncated_image_is_refused_when_it_is_read(tmp_path):
    folder = PrairieFolder().write(tmp_path / "Z", images(1, 3))
    odd = folder / "Z_Cycle00001_Ch2_000003.ome.tif"
    odd.write_bytes(odd.read_bytes()[:900])
    made = read_recording(both=folder)
    with pytest.raises(InputError, match=r"000003.*cut off"):
        made.green.compute()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("</PVScan>", r"Z.xml cannot be read to its end.*cut off"),
        ("<Frame", r"names no images"),
        ('filename="', r"cannot be one of this recording"),
        ('page="1"', r"cannot be one of this recording"),
    ],
)
def test_damaged_xml_files_are_refused(tmp_path, change, message):
    folder = PrairieFolder().write(tmp_path / "Z", images(1, 2))
    path = folder / "Z.xml"
    text = path.read_text("utf-8")
    changed = {
        "</PVScan>": text.replace("</PVScan>", ""),
        "<Frame": re.sub(r"<Frame.*?</Frame>", "", text, flags=re.DOTALL),
        'filename="': text.replace('filename="', 'filename="../'),
        'page="1"': text.replace('page="1"', 'page="-4"'),
    }[change]
    path.write_text(changed, "utf-8")
    with pytest.raises(InputError, match=message):
        read_recording(both=folder)


@pytest.mark.parametrize("pixel", ["NaN", "-1e9", "1e9", "Infinity"])
def test_an_absurd_pixel_size_is_refused(tmp_path, pixel):
    folder = PrairieFolder(pixel=pixel).write(tmp_path / "Z", images(1, 2))
    with pytest.raises(InputError, match="pixel"):
        read_recording(both=folder)
    options = ReadOptions(pixel_size_um=1.0)
    assert read_recording(both=folder, options=options).pixel_size_um == 1.0


def test_options_about_the_layout_do_not_apply(tmp_path):
    folder = PrairieFolder().write(tmp_path / "Z", images(1, 2))
    with pytest.raises(InputError, match="--axes does not apply"):
        read_recording(both=folder, options=ReadOptions(axes="TYX"))


def test_images_are_read_only_when_they_are_needed(tmp_path):
    folder = PrairieFolder().write(tmp_path / "Z", images(1, 60, shape=(128, 128)))
    tracemalloc.start()
    made = read_recording(both=folder)
    made.red[0, 7].compute()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * 2 * 128 * 128 * 2
    assert made.red.numblocks[2:] == (1, 1)


#: places in an XML file where a value stands
_VALUES = re.compile(r'(?<==")[^"]*(?=")')


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.tuples(
            st.floats(0, 1, exclude_max=True),
            st.sampled_from(["", "-1", "1e400", "NaN", "0", "999999999999", "Ä", "1,5",
                             "TSeries ZSeries Element", "True", "Z.xml", ".."]),
        ),
        min_size=1, max_size=4,
    ),
    kind=st.sampled_from(["ZSeries", "TSeries Timed Element", "Single"]),
    cut=st.one_of(st.none(), st.integers(0, 4000)),
)  # fmt: skip
def test_changed_xml_files_are_read_or_refused(tmp_path, values, kind, cut):
    folder = tmp_path / "Z"
    path = folder / "Z.xml"
    PrairieFolder(kind=kind).write(folder, images(2, 2))
    text = path.read_text("utf-8")
    for place, value in values:
        spots = list(_VALUES.finditer(text))
        spot = spots[int(place * len(spots))]
        text = text[: spot.start()] + value + text[spot.end() :]
    path.write_text(text if cut is None else text[:cut], "utf-8")
    try:
        made = read_recording(both=path, options=ReadOptions(pixel_size_um=1.0))
        shape = made.red.compute().shape
    except InputError as error:
        assert "Z" in str(error)
    else:
        assert np.prod(shape[:2]) <= 4
