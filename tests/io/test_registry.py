"""Which reader reads a file."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from napari_cellid.errors import InputError
from napari_cellid.io import (
    Certainty,
    ReadOptions,
    available_readers,
    read_recording,
    reader_for,
    register,
    registry,
    unregister,
)
from napari_cellid.io.tiff.reader import TiffReader
from napari_cellid.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Add = Callable[..., "FakeReader"]


class FakeReader:
    """Claims files of one suffix, and those that begin with some bytes."""

    def __init__(self, name: str, magic: bytes, sure: Certainty) -> None:
        self.name, self.magic, self.sure = name, magic, sure
        self.formats = f"{name.upper()} (.{name})"

    def certainty(self, path: Path, head: bytes) -> Certainty:
        if self.magic and head.startswith(self.magic):
            return self.sure
        return Certainty.POSSIBLE if path.suffix == f".{self.name}" else Certainty.NO

    def read(
        self,
        red: Path | None,
        green: Path | None,
        both: Path | None,
        options: ReadOptions,
    ) -> Recording:
        image = np.ones((1, 1, 32, 32), np.uint16)
        return Recording(
            name=options.name or self.name,
            red=None if red is None else image,
            green=None if green is None and both is None else image,
            pixel_size_um=options.pixel_size_um,
            pixel_size_source="given",
        )


@pytest.fixture
def add() -> Iterator[Add]:
    names: list[str] = []

    def add(
        name: str, magic: bytes = b"", sure: Certainty = Certainty.LIKELY
    ) -> FakeReader:
        reader = FakeReader(name, magic, sure)
        register(reader)
        names.append(name)
        return reader

    yield add
    for name in names:
        unregister(name)


def written(path: Path, content: bytes = b"") -> Path:
    path.write_bytes(content)
    return path


def test_a_tiff_file_is_known_by_its_first_bytes_whatever_its_name(tmp_path):
    path = tmp_path / "recording.dat"
    tifffile.imwrite(path, np.ones((3, 32, 32), np.uint16), photometric="minisblack")
    assert reader_for(path).name == "tiff"
    made = read_recording(green=path, options=ReadOptions(pixel_size_um=1.0))
    assert made.green.shape == (3, 1, 32, 32)


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_every_kind_of_tiff_is_known(tmp_path, bigtiff, byteorder):
    path = tmp_path / "a"
    tifffile.imwrite(path, np.ones((8, 8)), bigtiff=bigtiff, byteorder=byteorder)
    assert TiffReader().certainty(path, path.read_bytes()) == Certainty.LIKELY


def test_a_damaged_tiff_file_is_left_to_the_reader_that_can_explain_it(tmp_path):
    path = written(tmp_path / "a.tif", b"nothing of the kind")
    assert reader_for(path).name == "tiff"
    with pytest.raises(InputError, match=r"a.tif is not a TIFF file"):
        read_recording(green=path)


def test_a_reader_can_be_registered_and_used(tmp_path, add: Add):
    add("scope")
    path = written(tmp_path / "a.scope")
    made = read_recording(green=path, options=ReadOptions(name="mouse"))
    assert (made.name, made.red) == ("mouse", None)
    with pytest.raises(ValueError, match=r"scope"):
        add("scope")
    with pytest.raises(ValueError, match=r"tiff"):
        register(FakeReader("tiff", b"", Certainty.NO))


def test_the_most_certain_reader_reads(tmp_path, add: Add):
    path = written(tmp_path / "a.tif", b"II*\0 scope")
    assert reader_for(path).name == "tiff"
    add("scope", b"II*\0 scope", Certainty.CERTAIN)
    assert reader_for(path).name == "scope"
    # the name of the file says less than its content
    path = written(tmp_path / "b.scope", b"II*\0 another")
    assert reader_for(path).name == "tiff"


def test_two_readers_that_are_equally_certain_are_named_with_the_option(
    tmp_path, add: Add
):
    add("scope", b"II*\0")
    path = written(tmp_path / "a.tif", b"II*\0")
    with pytest.raises(InputError, match=r"scope and tiff.*ReadOptions\(reader="):
        reader_for(path)
    assert reader_for(path, "scope").name == "scope"
    made = read_recording(green=path, options=ReadOptions(reader="scope"))
    assert made.name == "scope"
    with pytest.raises(InputError, match=r"no reader 'none'.*tiff, .*scope"):
        reader_for(path, "none")


def test_without_a_reader_the_formats_that_are_read_are_named(tmp_path, add: Add):
    path = written(tmp_path / "a.xyz", b"something")
    with pytest.raises(InputError, match=r"a.xyz.*TIFF \(.tif, .tiff\)"):
        reader_for(path)
    with pytest.raises(InputError, match=r"a folder.*TIFF"):
        reader_for(tmp_path)
    with pytest.raises(InputError, match=r"nowhere.*does not exist"):
        reader_for(tmp_path / "nowhere")
    add("scope")
    with pytest.raises(InputError, match=r"TIFF.*SCOPE"):
        reader_for(path)


def test_the_channels_must_be_in_one_format(tmp_path, add: Add):
    add("scope")
    red, green = written(tmp_path / "r.scope"), written(tmp_path / "g.tif", b"II*\0")
    with pytest.raises(InputError, match=r"r.scope is scope and g.tif is tiff"):
        read_recording(red, green)


def test_files_must_be_given_in_one_way(tmp_path):
    path = written(tmp_path / "a.tif")
    for given_files in ((None, None, None), (path, None, path), (path, path, path)):
        with pytest.raises(InputError, match=r"one file for each channel"):
            read_recording(*given_files)


def test_other_packages_offer_readers_by_entry_points(tmp_path, monkeypatch):
    points = [
        EntryPoint("scope", f"{__name__}:SCOPE", registry.ENTRY_POINTS),
        EntryPoint("gone", f"{__name__}:GONE", registry.ENTRY_POINTS),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    registry._from_entry_points.cache_clear()
    try:
        with pytest.warns(UserWarning, match=r"gone .* cannot be used"):
            assert {"scope", "tiff"} <= set(available_readers())
            assert "gone" not in available_readers()
        assert reader_for(written(tmp_path / "a.scope")).name == "scope"
    finally:
        registry._from_entry_points.cache_clear()


SCOPE = FakeReader("scope", b"", Certainty.NO)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(head=st.binary(max_size=40), name=st.sampled_from(["a.tif", "a.TIFF", "a.bin"]))
def test_any_content_finds_the_tiff_reader_or_one_error(tmp_path, head, name):
    # other readers know their files by these words, whatever the name
    assume(b"PVScan" not in head and not head.startswith(b"\x89HDF"))
    path = written(tmp_path / name, head)
    is_tiff = head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    if is_tiff or path.suffix != ".bin":
        assert reader_for(path).name == "tiff"
    else:
        with pytest.raises(InputError, match=r"no reader"):
            reader_for(path)
    # the reader, too, has one error for whatever does not make a recording
    if name != "a.bin" or is_tiff:
        with pytest.raises(InputError):
            read_recording(green=path)


@given(st.binary(max_size=64))
def test_certainty_of_any_head_is_one_of_the_four(tmp_path_factory, head):
    path = tmp_path_factory.getbasetemp() / "recording"
    assert TiffReader().certainty(path, head) in set(Certainty)
