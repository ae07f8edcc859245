"""A table of readers and faults: a recording, or one sentence with the file's name.

Nothing hangs, and no more memory is needed than the data ask for. Faults of single
formats are in the tests of their readers.
"""

from __future__ import annotations

import os
import shutil
import sys
import tracemalloc
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest
import tifffile
from prairie_files import PrairieFolder
from raw_tiff import scanimage
from roifile import ImagejRoi
from test_nwb import add_series, nwb, transposed

from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.io.rois import read_rois
from suite2p_folder import roi, write_caiman, write_plane

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = (32, 40)
FRAMES = 6
DATA = np.random.default_rng(0).integers(0, 900, (FRAMES, 2, *SIZE)).astype(np.int16)
ROIS = [roi([3, 4, 4], [7, 7, 8]), roi([20, 20], [30, 31])]
OUTSIDE = [*ROIS, roi([3, 4], [7, 400])]
BY_ORDER = ReadOptions(red_channel=1, green_channel=0, pixel_size_um=1)
#: more than the reading of a small file needs (bytes)
MOST = 48 << 20
HUGE = 10**9


def ome(path: Path, frames: int = FRAMES, sizes: str = "") -> Path:
    """An OME-TIFF file whose header may claim other sizes than its pages."""
    said = sizes or f'SizeC="2" SizeZ="1" SizeT="{frames}"'
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.'
        'org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" '
        f'DimensionOrder="XYCZT" Type="int16" SizeX="40" SizeY="32" {said}>'
        '<Channel ID="C:0"/><Channel ID="C:1"/><TiffData/></Pixels></Image></OME>'
    )
    tifffile.imwrite(
        path, repeated(frames).reshape(-1, *SIZE), description=text, metadata=None
    )
    return path


def repeated(frames: int) -> np.ndarray[Any, Any]:
    """So many frames (time, channel, y, x), the same ones over and over."""
    return np.take(DATA, np.arange(frames) % FRAMES, axis=0)


def hyperstack(path: Path, frames: int = FRAMES, slices: int = 1) -> Path:
    """A hyperstack of ImageJ whose header may claim other sizes than its pages."""
    text = (
        f"ImageJ=1.54f\nimages={2 * frames * slices}\nchannels=2\nslices={slices}\n"
        f"frames={frames}\nhyperstack=true\nloop=false\n"
    )
    pages = repeated(frames).astype(np.uint16).reshape(-1, *SIZE)
    tifffile.imwrite(path, pages, description=text, metadata=None)
    return path


def grab(path: Path, frames: int = FRAMES, **how: Any) -> Path:
    """A file of ScanImage."""
    return scanimage(None, channels=2, **how).write(
        path, repeated(frames).reshape(-1, *SIZE)
    )


def prairie(path: Path, frames: int = FRAMES, **how: Any) -> Path:
    """A time series of PrairieView."""
    shutil.rmtree(path, ignore_errors=True)
    writer = PrairieFolder(kind="TSeries Timed Element", **how)
    return writer.write(path, repeated(frames).astype(np.uint16)[None])


def series(path: Path, frames: int = FRAMES, **plane: Any) -> Path:
    """An NWB file of two series."""
    with nwb(path) as file:
        for channel, (name, emission) in enumerate((("A", 513.0), ("B", 610.0))):
            data = transposed(repeated(max(frames, FRAMES))[:, channel])
            group = add_series(file, name, data, emission, **plane)
            if not frames:
                del group["data"]
                group["data"] = data[:0]
    return path


def zarr_folder(path: Path, frames: int = FRAMES, scale: float = 0.6) -> Path:
    """An OME-Zarr folder; frames that were not written need no room."""
    zarr = pytest.importorskip("zarr")
    shutil.rmtree(path, ignore_errors=True)
    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    array = group.create_array(
        "0", shape=(frames, 2, *SIZE), chunks=(1, 1, *SIZE), dtype="i2"
    )
    array[: min(frames, 20)] = repeated(min(frames, 20))
    axes = [{"name": name} for name in "tcyx"]
    scales = [{"type": "scale", "scale": [1.0, 1.0, scale, scale]}]
    data = [{"path": "0", "coordinateTransformations": scales}]
    one = {"version": "0.4", "axes": axes, "datasets": data}
    group.attrs.update({"multiscales": [one]})
    return path


def suite2p(path: Path, stat: Any = ROIS, **ops: Any) -> Path:
    """A plane of suite2p."""
    green, red = DATA[0].astype(np.float32)
    return write_plane(path, stat, green, red, ops=ops)


def imagej_rois(path: Path, places: Any = ((3, 7), (20, 20))) -> Path:
    """Squares at some places (x, y) in a zip file."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (x, y) in enumerate(places):
            corners = [[x, y], [x + 5, y], [x + 5, y + 5], [x, y + 5]]
            one = ImagejRoi.frompoints(np.array(corners))
            archive.writestr(f"{number}.roi", one.tobytes())
    return path


@dataclass(frozen=True)
class Format:
    """How files of a format are written: good ones, and faulty ones by fault."""

    name: str
    write: Callable[..., Path]
    faults: dict[str, Callable[[Path], Any]] = field(default_factory=dict)
    options: ReadOptions = BY_ORDER
    #: writes a longer one over it; None where everything is read at once
    grow: Callable[[Path], Any] | None = None

    def read(self, path: Path) -> Any:
        """Open the file; gives a function that reads all of it."""
        if self.name in ("m.hdf5", "rois.zip"):
            found = read_rois(path, (1, *SIZE))
            return lambda: found.rois.label_image()
        made = read_recording(both=path, options=self.options)
        if self.name == "plane0":
            read_rois(path)
        assert made.name.encode("utf-8")
        return lambda: np.stack([made.green.compute(), made.red.compute()])


def longer(write: Callable[..., Path]) -> Callable[[Path], Any]:
    """Writes twice as many frames."""
    return lambda path: write(path, 2 * FRAMES)


NONE, ABSURD = "zero frames", "absurd metadata"
FORMATS = {
    "ImageJ": Format(
        "m.tif",
        hyperstack,
        {
            NONE: lambda path: hyperstack(path, slices=0),
            ABSURD: lambda path: hyperstack(path, slices=HUGE),
        },
        grow=longer(hyperstack),
    ),
    "OME-TIFF": Format(
        "m.ome.tif",
        ome,
        {
            NONE: lambda path: ome(path, sizes='SizeC="2" SizeZ="1" SizeT="0"'),
            ABSURD: lambda path: ome(path, sizes=f'SizeC="2" SizeZ="{HUGE}" SizeT="6"'),
        },
        grow=longer(ome),
    ),
    "ScanImage": Format(
        "m_00001.tif",
        grab,
        {
            NONE: lambda path: grab(path, 0),
            ABSURD: lambda path: grab(path, planes=HUGE),
        },
        grow=longer(grab),
    ),
    "PrairieView": Format(
        "TSeries-1",
        prairie,
        {
            NONE: lambda path: prairie(path, 0),
            ABSURD: lambda path: prairie(path, pixel="NaN", period="-1e9"),
        },
        grow=longer(prairie),
    ),
    "NWB": Format(
        "m.nwb",
        series,
        {
            NONE: lambda path: series(path, 0),
            ABSURD: lambda path: series(path, spacing=(np.nan, -1e9)),
        },
        replace(BY_ORDER, red_channel=None, green_channel=None),
        longer(series),
    ),
    "OME-Zarr": Format(
        "m.ome.zarr",
        zarr_folder,
        {
            NONE: lambda path: zarr_folder(path, 0),
            ABSURD: lambda path: zarr_folder(path, scale=float("nan")),
        },
        grow=longer(zarr_folder),
    ),
    "suite2p": Format(
        "plane0",
        suite2p,
        {
            NONE: lambda path: suite2p(path, meanImg=np.zeros((0, 0), np.float32)),
            ABSURD: lambda path: suite2p(path, Ly=HUGE, Lx=-HUGE),
            "outside": lambda path: suite2p(path, OUTSIDE),
        },
        ReadOptions(pixel_size_um=1),
    ),
    "CaImAn": Format(
        "m.hdf5",
        lambda path: write_caiman(path, ROIS, SIZE),
        {
            NONE: lambda path: write_caiman(path, ROIS, SIZE, frames=0),
            ABSURD: lambda path: changed_dims(path, (HUGE, HUGE)),
            "outside": lambda path: changed_dims(path, (5, 8)),
        },
    ),
    "ImageJ ROIs": Format(
        "rois.zip",
        imagej_rois,
        {
            NONE: lambda path: imagej_rois(path, ()),
            ABSURD: lambda path: imagej_rois(path, [(30_000, 30_000)]),
            "outside": lambda path: imagej_rois(path, [(3, 7), (500, 2)]),
        },
    ),
}
#: these may be read in spite of the fault: what is absurd is not used
READ_ANYWAY = {
    ("ImageJ", NONE), ("OME-TIFF", NONE), ("CaImAn", NONE),
    ("OME-Zarr", ABSURD), ("PrairieView", ABSURD), ("NWB", ABSURD),
    ("ScanImage", ABSURD), ("ImageJ", ABSURD), ("OME-TIFF", ABSURD),
}  # fmt: skip
CASES = [(name, fault) for name, each in FORMATS.items() for fault in each.faults]


def changed_dims(path: Path, dims: tuple[int, int]) -> Path:
    write_caiman(path, ROIS, SIZE)
    with h5py.File(path, "r+") as root:
        root["estimates/dims"][...] = dims
    return path


@pytest.fixture(autouse=True)
def bounded() -> Any:
    """Check the memory that was needed at once; a hang is ended by the alarm."""
    import signal

    if hasattr(signal, "SIGALRM"):
        signal.alarm(120)
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if hasattr(signal, "SIGALRM"):
        signal.alarm(0)
    assert peak < MOST, f"{peak / 1e6:.0f} MB"


def check_sentence(error: InputError, path: Path) -> None:
    text = str(error)
    assert path.name in text, text
    assert "\n" not in text
    assert text.endswith("."), text


def good(kind: Format, path: Path) -> Any:
    """What is read of a good file."""
    values = kind.read(kind.write(path))()
    assert values.any()
    return values


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_faults_give_a_recording_or_a_sentence(tmp_path, name, fault):
    kind = FORMATS[name]
    expected = good(kind, tmp_path / kind.name)
    path = tmp_path / "bad" / kind.name
    path.parent.mkdir()
    kind.faults[fault](path)
    try:
        values = kind.read(path)()
    except InputError as error:
        check_sentence(error, path)
        return
    assert (name, fault) in READ_ANYWAY, values.shape
    # the pages that are there, be they frames or the planes of a stack that was ended
    assert values.size == expected.size
    np.testing.assert_array_equal(values.ravel(), expected.ravel())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
@pytest.mark.parametrize("name", FORMATS)
def test_a_path_that_is_not_utf8(tmp_path, name):
    kind = FORMATS[name]
    expected = good(kind, tmp_path / kind.name)
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xfcller"))
    folder.mkdir()
    path = kind.write(folder / kind.name)
    try:
        values = kind.read(path)()
    except InputError as error:
        check_sentence(error, path)
        str(error).encode("utf-8")
        pytest.fail(f"it could be read: {error}")
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize(
    "name", [name for name, kind in FORMATS.items() if kind.grow is not None]
)
def test_a_file_that_grows_while_it_is_read(tmp_path, name):
    kind = FORMATS[name]
    path = kind.write(tmp_path / kind.name)
    expected, rest = kind.read(path)(), kind.read(path)
    kind.grow(path)
    try:
        values = rest()
    except InputError as error:
        check_sentence(error, path)
        return
    # what was there when it was opened
    np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("ending", [".tif", ".nwb", ".hdf5", ".zip", ".ome.zarr"])
def test_an_hdf5_file_of_something_else(tmp_path, ending):
    path = tmp_path / f"other{ending}"
    with h5py.File(path, "w") as file:
        file["entry/data"] = DATA
        file.attrs["creator"] = "a spectrometer"
    for read in (lambda: read_recording(both=path), lambda: read_rois(path)):
        with pytest.raises(InputError) as raised:
            read()
        check_sentence(raised.value, path)


def test_a_folder_of_unrelated_files(tmp_path):
    folder = tmp_path / "holiday"
    folder.mkdir()
    (folder / "notes.txt").write_text("a mouse")
    (folder / "empty.tif").touch()
    (folder / "data.npy").write_bytes(b"\x93NUMPY\x01\x00 and no more")
    (folder / "settings.xml").write_text("<settings/>")
    (folder / "results.h5").write_bytes(bytes(100))
    (folder / "plane0").mkdir()
    for read in (lambda: read_recording(both=folder), lambda: read_rois(folder)):
        with pytest.raises(InputError) as raised:
            read()
        check_sentence(raised.value, folder)
