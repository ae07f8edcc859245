"""CRCNS ssc-2: the three formats give the same, and what is odd is said."""

import h5py
import numpy as np
import pytest
from scipy.io import savemat
from ssc2_files import SIDE, plane_data, write_mat5, write_mat73, write_nwb1

from napari_cellid.errors import InputError
from napari_cellid.io.crcns.reader import list_sessions, read_session

NAME = "an194181_2013_01_20_data_struct"


@pytest.mark.parametrize(
    ("write", "suffix"),
    [(write_mat5, ".mat"), (write_mat73, ".mat"), (write_nwb1, ".nwb")],
)
def test_planes_and_rois_of_each_format(tmp_path, write, suffix):
    path = tmp_path / f"{NAME}{suffix}"
    write(path)
    session = read_session(path)
    assert (session.mouse, session.session) == ("an194181", "2013_01_20")
    assert session.notes == ()
    places = [(one.fov, one.plane) for one in session.planes]
    assert places == [(fov, k) for fov in (1, 2) for k in (1, 2, 3)]
    for one in session.planes:
        green, red, rois = plane_data(10 * one.fov + one.plane - 1)
        np.testing.assert_array_equal(one.green, green)
        np.testing.assert_array_equal(one.red, red)
        first = 100 * one.fov + 10 * (one.plane - 1)
        assert one.roi_ids == (first, first + 1, first + 2)
        expected = np.zeros(SIDE, int)
        for k, (y, x) in enumerate(rois, 1):
            expected[y, x] = k
        np.testing.assert_array_equal(one.labels, expected)


def test_one_plane_and_one_sub_volume(tmp_path):
    # MATLAB drops the cells around a single one
    path = tmp_path / f"{NAME}.mat"
    write_mat5(path, n_fov=1, n_planes=1)
    (one,) = read_session(path).planes
    assert (one.fov, one.plane, len(one.roi_ids)) == (1, 1, 3)


def test_indices_that_count_along_rows_are_noticed(tmp_path):
    path = tmp_path / f"{NAME}.mat"
    write_mat5(path, n_fov=1, first=1, by_column=False)
    session = read_session(path)
    (note,) = session.notes
    assert "count from 1 along rows" in note
    _, _, rois = plane_data(10)
    y, x = rois[0]
    assert (session.planes[0].labels[y, x] == 1).all()


def test_a_shift_by_one_pixel_alone_is_not_believed(tmp_path):
    path = tmp_path / f"{NAME}.mat"
    write_mat5(path, n_fov=1)
    assert read_session(path).notes == ()


def test_planes_of_one_channel(tmp_path):
    path = tmp_path / f"{NAME}.mat"
    write_mat5(path, channels=1)
    with pytest.raises(InputError, match=r"All 6 planes .* have one channel only"):
        read_session(path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"other": 1}, "has the variables other"),
        ({"s": {"a": 1}}, "no timeSeriesArrayHash.descrHash"),
        (
            {"s": {"timeSeriesArrayHash": {"descrHash": {"value": 1}}}},
            "no plane with a masterImage",
        ),
    ],
)
def test_mat_files_of_another_layout(tmp_path, content, sentence):
    path = tmp_path / f"{NAME}.mat"
    savemat(path, content)
    with pytest.raises(InputError, match=sentence):
        read_session(path)


def _other_plane(path, **changed):
    """A file with one plane, of which something is not as in ssc-2."""
    roi = {"id": "roi7", "indicesWithinImage": np.array([100, 101])}
    plane = {"masterImage": np.ones((20, 30, 2), np.uint8), "rois": roi}
    for name, value in changed.items():
        (plane if name in plane else roi)[name] = value
    cells = np.empty(2, object)
    cells[:] = [{"value": "whiskers"}, {"value": plane}]
    savemat(path, {"s": {"timeSeriesArrayHash": {"descrHash": cells}}})


def test_rois_without_a_number_are_counted(tmp_path):
    path = tmp_path / f"{NAME}.mat"
    _other_plane(path)
    assert read_session(path).planes[0].roi_ids == (1,)


@pytest.mark.parametrize("pixels", ["text", np.array([np.nan, 3])])
def test_indices_that_are_no_numbers(tmp_path, pixels):
    path = tmp_path / f"{NAME}.mat"
    _other_plane(path, indicesWithinImage=pixels)
    with pytest.raises(InputError, match="are no numbers; it is a file of another"):
        read_session(path)


def test_nwb_files_of_another_layout(tmp_path):
    path = tmp_path / f"{NAME}.nwb"
    with h5py.File(path, "w") as file:
        file["acquisition/images"] = np.ones(3)
    with pytest.raises(InputError, match="no plane with a masterImage"):
        read_session(path)
    with h5py.File(path, "w") as file:
        for colour, height in (("green", 20), ("red", 21)):
            image = np.ones((height, 30), np.uint8)
            file[f"acquisition/images/fov_01001_{colour}"] = image
    with pytest.raises(InputError, match="20 x 30 and 21 x 30 px"):
        read_session(path)


def test_what_is_no_mat_file(tmp_path):
    path = tmp_path / f"{NAME}.mat"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="copy it again"):
        read_session(path)


def test_files_are_found_by_name(tmp_path):
    for name in (f"{NAME}.mat", "an229716_2013_12_05b_data_struct.nwb", "notes.mat"):
        folder = tmp_path / name[:8]
        folder.mkdir(exist_ok=True)
        (folder / name).touch()
    assert [path.name[:8] for path in list_sessions(tmp_path)] == [
        "an194181", "an229716",
    ]  # fmt: skip
    with pytest.raises(InputError, match="no file named as those of ssc-2"):
        list_sessions(tmp_path / "notes.ma")
