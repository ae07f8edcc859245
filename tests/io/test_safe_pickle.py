"""Pickles of arrays are read as numpy reads them, and nothing that they name is run."""

from __future__ import annotations

import collections
import contextlib
import datetime
import os
import pathlib
import pickle
import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_cellid.errors import InputError
from napari_cellid.io.suite2p.npy import open_numbers, read_objects
from napari_cellid.io.suite2p.safe_pickle import (
    ForeignPickleError,
    PickledArray,
    PickledScalar,
    PickleError,
    load_pickle,
)

ARRAYS = [
    np.arange(12, dtype=np.int64).reshape(3, 4),
    np.asfortranarray(np.arange(12, dtype=np.float32).reshape(3, 4)),
    np.arange(5, dtype=">f8"),
    np.array([True, False]),
    np.array(["a", "bc"]),
    np.zeros((0, 3), np.uint8),
    np.array(2.5),
]


class Planted:
    """Makes a file when it is unpickled in the usual way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: str(array.dtype))
def test_arrays_are_those_of_numpy(array: np.ndarray, protocol: int) -> None:
    if protocol == 2:
        # texts of Python 2 in the place of bytes, which need a decoder to be named
        with pytest.raises(ForeignPickleError, match="_codecs"):
            load_pickle(pickle.dumps(array, protocol))
        return
    loaded = load_pickle(pickle.dumps(array, protocol))
    assert isinstance(loaded, PickledArray)
    assert loaded.values().dtype == array.dtype
    np.testing.assert_array_equal(loaded.values(), array)


def test_structures_of_suite2p_are_read() -> None:
    written = [{"ypix": np.arange(3), "med": [1, np.int64(2)], "npix": np.float32(3)}]
    (roi,) = load_pickle(pickle.dumps(written, 4))
    assert roi["ypix"].values().tolist() == [0, 1, 2]
    assert roi["med"][0] == 1
    assert isinstance(roi["med"][1], PickledScalar)
    assert roi["med"][1].value() == 2
    assert roi["npix"].value() == 3.0


def test_names_of_the_numpy_of_before_are_known() -> None:
    data = pickle.dumps(np.arange(3), 4)
    assert b"numpy._core.multiarray" in data
    # a name is one byte shorter there
    name = b"\x8c\x16numpy._core.multiarray"
    old = data.replace(name, b"\x8c\x15numpy.core.multiarray")
    frame = struct.unpack("<Q", data[3:11])[0]
    old = old[:3] + struct.pack("<Q", frame - 1) + old[11:]
    assert load_pickle(old).values().tolist() == [0, 1, 2]


def test_dates_and_paths_of_earlier_settings_are_passed_over() -> None:
    now = datetime.datetime.now(datetime.UTC)
    loaded = load_pickle(
        pickle.dumps({"date_proc": now, "path": pathlib.Path("x"), "fs": 7.5}, 4)
    )
    assert loaded["fs"] == 7.5
    assert not isinstance(loaded["date_proc"], datetime.datetime)


@pytest.mark.parametrize(
    "value",
    [
        print,
        collections.OrderedDict(a=1),
        np.random.default_rng(0),
        np.ma.masked_array([1]),
        np.array([object()], dtype=object),
        complex(1, 2),
    ],
    # not str, which tells the address of an object
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_refused_by_name(value: object) -> None:
    with pytest.raises(ForeignPickleError, match=r"\w"):
        load_pickle(pickle.dumps(value, 4))


def test_a_planted_call_is_not_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    np.save(tmp_path / "stat.npy", np.array([{"ypix": Planted(trap)}], dtype=object))
    with pytest.raises(InputError, match=r"stat\.npy names posix\.mkdir.*not read"):
        read_objects(tmp_path / "stat.npy")
    assert not trap.exists()
    # the trap is one
    np.load(tmp_path / "stat.npy", allow_pickle=True)
    assert trap.exists()


@pytest.mark.parametrize(
    "data",
    [
        # numpy.ndarray called with a shape: memory for 8 TB
        b"\x80\x04\x8c\x05numpy\x8c\x07ndarray\x93J\xff\xff\xff\x7f\x85R.",
        # a memo with 2**31 places
        b"\x80\x04Nr\xff\xff\xff\x7f.",
        # a text of 2**40 bytes
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b".",
        # attributes for a name
        b"\x80\x04\x8c\x05numpy\x8c\x05dtype\x93}\x8c\x01xK\x01sb.",
        b"\x80\x04.",
        b"\x80\x04]",
        b"",
        b"N.",
    ],
    ids=range(8),
)
def test_tricks_are_refused_or_harmless(data: bytes) -> None:
    if data == b"N.":
        assert load_pickle(data) is None
        return
    with pytest.raises(PickleError):
        load_pickle(data)


def test_an_array_that_claims_more_than_it_has_is_refused() -> None:
    array = load_pickle(pickle.dumps(np.arange(3), 4))
    for shape in ((1 << 40,), (-3,), (3.0,), (1,) * 9, 3):
        array.__setstate__((1, shape, *array._state[2:]))
        with pytest.raises(PickleError):
            array.values()


@given(st.data())
def test_damaged_pickles_are_refused_or_read(data: st.DataObject) -> None:
    whole = pickle.dumps(
        [{"ypix": np.arange(4), "lam": np.float32(2), "med": [1, 2], "note": "x"}], 4
    )
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(damaged))))
    with contextlib.suppress(PickleError):
        touch(load_pickle(bytes(damaged[:cut])))


def touch(value: object) -> None:
    """Read all values of a structure that was loaded."""
    if isinstance(value, PickledArray):
        try:
            value.values()
        except PickleError:
            value.objects()
    elif isinstance(value, PickledScalar):
        value.value()
    elif isinstance(value, list):
        for item in value:
            touch(item)
    elif isinstance(value, dict):
        for item in value.values():
            touch(item)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3)}", "negative"),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (9, 9)}", "cut off"),
        (b"{'descr': '<c8', 'fortran_order': False, 'shape': (1, 3)}", "complex64"),
        (b"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "axes"),
        (b"{'descr': '<f4'}", "header is damaged"),
        (b"[" * 3000, "header is damaged"),
    ],
)
def test_headers_that_lie_are_refused(
    header: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "F.npy"
    path.write_bytes(
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" * 99
    )
    with pytest.raises(InputError, match=rf"F\.npy.*{message}"):
        open_numbers(path, 2)


def test_numbers_stay_on_the_disk(tmp_path: Path) -> None:
    traces = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.save(tmp_path / "F.npy", traces)
    opened = open_numbers(tmp_path / "F.npy", 2)
    assert isinstance(opened, np.memmap)
    assert not opened.flags.writeable
    np.testing.assert_array_equal(opened, traces)


@given(st.binary(max_size=300))
def test_no_bytes_are_an_error_of_the_program(data: bytes) -> None:
    with contextlib.suppress(PickleError):
        load_pickle(data)
    buffer = BytesIO()
    np.save(buffer, np.array({"a": 1}, dtype=object))
    with contextlib.suppress(PickleError):
        load_pickle(buffer.getvalue()[128:] + data)
