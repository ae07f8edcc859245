"""Files of CaImAn, made by hand as CaImAn writes them (see suite2p_folder)."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_cellid.errors import InputError
from napari_cellid.io.registry import read_recording
from napari_cellid.io.rois import read_rois
from suite2p_folder import roi, stat_of, write_caiman

if TYPE_CHECKING:
    from collections.abc import Callable

SHAPE = (40, 48)
LABELS = np.zeros(SHAPE, int)
LABELS[5:12, 5:11] = 1
LABELS[20:27, 30:38] = 2
LABELS[30:36, 4:12] = 3


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_caiman(tmp_path / "m1.hdf5", stat_of(LABELS), SHAPE, accepted=[0, 2])


def test_components_are_those_of_the_file_in_their_order(file: Path) -> None:
    found = read_rois(file)
    for k, number in enumerate((1, 2, 3)):
        assert set(zip(*found.rois.pixels(k), strict=True)) == set(
            zip(*np.nonzero(number == LABELS), strict=True)
        )
    np.testing.assert_array_equal(found.rois.label_image()[0], LABELS)
    assert found.rois.table["iscell"].tolist() == [1, 0, 1]
    assert found.rois.table["redcell"].isna().all()
    assert found.frame_rate_hz == 15
    assert set(found.traces) == {"C", "F_dff"}
    traces = found.traces["C"][0]
    assert traces.shape == (3, 20)
    assert traces[1, :2].tolist() == [20, 21]
    np.testing.assert_array_equal(traces[:], np.arange(60.0).reshape(3, 20))


def test_weak_pixels_and_empty_components(tmp_path: Path) -> None:
    stat = [roi([1, 2, 3], [4, 4, 4], [1.0, 0.21, 0.19]), roi([], []), roi([9], [9])]
    found = read_rois(write_caiman(tmp_path / "m.hdf5", stat, SHAPE))
    assert found.rois.n_pixels.tolist() == [2, 0, 1]
    # CaImAn has not evaluated them
    assert found.rois.table["iscell"].isna().all()


def test_the_file_is_no_recording(file: Path) -> None:
    with pytest.raises(InputError, match=r"no mean images .* --red and --green"):
        read_recording(both=file)


def put(name: str, values: Any) -> Callable[[h5py.File], None]:
    def spoil(root: h5py.File) -> None:
        if name in root:
            del root[name]
        if values is not None:
            root[name] = values

    return spoil


def both(*spoils: Callable[[h5py.File], None]) -> Callable[[h5py.File], None]:
    def spoil(root: h5py.File) -> None:
        for one in spoils:
            one(root)

    return spoil


def huge(root: h5py.File) -> None:
    del root["estimates/A/data"]
    root.create_dataset("estimates/A/data", (1 << 40,), "f8", chunks=(1024,))


A = "estimates/A"
BAD = {
    "other file": (put("estimates", None), "that CaImAn did not save"),
    "no components": (put(A, None), "components, estimates/A, are missing"),
    "zero": (
        both(
            put(f"{A}/shape", [1920, 0]), put(f"{A}/indptr", [0]),
            put(f"{A}/data", np.zeros(0)), put(f"{A}/indices", np.zeros(0, int)),
        ),
        "has no components",
    ),
    "other image": (put("estimates/dims", [48, 48]), "1920 pixels, but the image of"),
    "negative": (put("estimates/dims", [-40, 48]), "dims are -40, 48"),
    "volume": (put("estimates/dims", [40, 48, 3]), "components of a volume"),
    "text": (put("estimates/dims", np.array([b"a", b"b"])), "no array of 1 axes"),
    "NaN": (put(f"{A}/data", np.full(146, np.nan)), "not finite"),
    "indptr": (put(f"{A}/indptr", [0, 90, 50, 146]), "as many pixels as it says"),
    "short": (put(f"{A}/indices", np.arange(20)), "as many pixels as it says"),
    "outside": (put(f"{A}/indices", np.full(146, 5000)), "1920 pixels"),
    "below": (put(f"{A}/indices", np.full(146, -1)), "other places than weights"),
    "accepted": (put("estimates/idx_components", [0, 7]), "others than its 3"),
    "traces": (put("estimates/C", np.ones((2, 9))), "C has 2 rows for 3 components"),
    "huge": (huge, "larger than what the file holds"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files_give_one_sentence(name: str, file: Path) -> None:
    spoil, message = BAD[name]
    with h5py.File(file, "r+") as root:
        spoil(root)
    with pytest.raises(InputError, match=message) as raised:
        read_rois(file)
    assert str(file) in str(raised.value)


def test_a_file_that_was_cut_off_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:900])
    with pytest.raises(InputError, match=r"m1\.hdf5 cannot be read"):
        read_rois(file)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_odd_values_are_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    path = write_caiman(tmp_path / "m.hdf5", stat_of(LABELS), SHAPE)
    names = [
        f"{A}/data", f"{A}/indices", f"{A}/indptr", f"{A}/shape", "estimates/dims",
        "estimates/idx_components", "estimates/C", "params/data/fr",
    ]  # fmt: skip
    odd = st.one_of(
        st.just(b"NoneType"),
        st.integers(-3, 9),
        st.lists(st.integers(-9, 2000), max_size=5).map(lambda v: np.array(v, int)),
        st.lists(st.floats(), max_size=5).map(lambda v: np.array(v, float)),
        st.just(np.zeros((2, 2))),
    )
    with h5py.File(path, "r+") as root:
        for name in data.draw(st.sets(st.sampled_from(names), max_size=3)):
            put(name, data.draw(odd))(root)
    with contextlib.suppress(InputError):
        assert read_rois(path).rois.label_image().shape[0] == 1


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_bytes_are_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    path = write_caiman(tmp_path / "m.hdf5", stat_of(LABELS), SHAPE)
    spoilt = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(8, min(len(spoilt) - 1, 6000)))
        spoilt[place] = data.draw(st.integers(0, 255))
    path.write_bytes(spoilt)
    with contextlib.suppress(InputError):
        read_rois(path)
