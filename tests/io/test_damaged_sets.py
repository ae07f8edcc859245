"""Recordings of several TIFF files, damaged in the ways in which they are damaged."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_tiff import scanimage

from napari_cellid.errors import InputError
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording

SIZE = (32, 40)
PAGES = np.random.default_rng(0).integers(0, 999, (18, *SIZE)).astype(np.int16)
OPTIONS = ReadOptions(red_channel=1, green_channel=0, pixel_size_um=1)
FUZZED = settings(
    max_examples=30, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


def grab(folder):
    """Three files of a ScanImage grab of two channels, six pages each."""
    paths = []
    for number in range(3):
        writer = scanimage(None, channels=2)
        writer.describe = lambda page, start=6 * number: (
            f"frameNumbers = 1\nacquisitionNumbers = 1\n"
            f"frameNumberAcquisition = {(start + page) // 2 + 1}\n"
        )
        path = folder / f"mouse_00001_{number + 1:05d}.tif"
        paths.append(writer.write(path, PAGES[6 * number : 6 * number + 6]))
    return paths


def ome_set(folder):
    """Three files of an OME-TIFF set of two channels, a time point each."""
    names = [f"mouse_{t}.ome.tif" for t in range(3)]
    blocks = "".join(
        f'<TiffData FirstT="{t}" FirstC="{c}" IFD="{c}" PlaneCount="1">'
        f'<UUID FileName="{name}">urn:uuid:0000000{t}</UUID></TiffData>'
        for t, name in enumerate(names)
        for c in range(2)
    )
    for t, name in enumerate(names):
        text = (
            '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.'
            'openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:'
            f'0000000{t}"><Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder='
            '"XYCZT" Type="int16" SizeX="40" SizeY="32" SizeC="2" SizeZ="1" SizeT="3">'
            f'<Channel ID="C:0"/><Channel ID="C:1"/>{blocks}</Pixels></Image></OME>'
        )
        with tifffile.TiffWriter(folder / name) as writer:
            for c in range(2):
                writer.write(
                    PAGES[2 * t + c], description=text if c == 0 else None,
                    metadata=None,
                )  # fmt: skip
    return [folder / name for name in names]


#: what happens to one of the files, with numbers from 0 to 1 to do it with
HARM = st.sampled_from(
    ["cut", "lost", "empty", "other size", "other type", "text", "bytes", "copy",
     "folder", "grown", "words"]
)  # fmt: skip
#: words of the headers that are exchanged for words of the same length
WORDS = [
    (b"FirstT=\"1\"", b"FirstT=\"9\""), (b"SizeT=\"3\"", b"SizeT=\"0\""),
    (b"SizeC=\"2\"", b"SizeC=\"7\""), (b"SizeX=\"40\"", b"SizeX=\"-4\""),
    (b"IFD=\"1\"", b"IFD=\"8\""), (b"mouse_1", b"mouse_7"), (b"XYCZT", b"XYTZC"),
    (b"</Pixels>", b"<<Pixels>"), (b"channelSave = [1;2]", b"channelSave = [1;N]"),
    (b"Acquisition = 4", b"Acquisition = 9"), (b"int16", b"int99"),
]  # fmt: skip


def harm(path, how, share, word):
    """Damage a file."""
    data = path.read_bytes()
    place = int(share * (len(data) - 1))
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how.startswith("other"):
        pages = PAGES[:6, :20] if how == "other size" else PAGES[:6].astype("f4")
        tifffile.imwrite(path, pages, metadata=None)
    elif how != "lost":
        files = [each for each in path.parent.glob("*.tif") if each.is_file()]
        others = [each.read_bytes() for each in files]
        content = {
            "cut": data[:place], "empty": b"", "text": b"a table\n1,2,3\n",
            "bytes": data[:place] + b"\xff" * 8 + data[place + 8 :],
            "copy": max(others, default=data), "grown": data + data[:place],
            "words": data.replace(*WORDS[word]),
        }  # fmt: skip
        path.write_bytes(content[how])


@pytest.mark.parametrize("make", [grab, ome_set])
@FUZZED
@given(
    st.lists(
        st.tuples(st.integers(0, 2), HARM, st.floats(0, 1),
                  st.integers(0, len(WORDS) - 1)),
        min_size=1, max_size=2, unique_by=lambda each: each[0],
    ),
    )  # fmt: skip
def test_damaged_files_are_read_or_refused(tmp_path, make, harms):
    folder = tmp_path / "files"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    paths = make(folder)
    for number, how, share, word in harms:
        harm(paths[number], how, share, word)
    try:
        made = read_recording(both=paths[0], options=OPTIONS)
        images = np.stack([made.green.compute(), made.red.compute()])
    except InputError as error:
        text = str(error)
        assert "mouse" in text
        assert "Traceback" not in text
        return
    # no more than the files hold, whatever their headers name
    assert images.size <= 2 * PAGES.size
    assert made.red.dtype.kind in "if"
    if all(how == "lost" for _, how, _, _ in harms):
        whole = {page.tobytes() for page in PAGES}
        assert {page.tobytes() for page in images.reshape(-1, *SIZE)} <= whole
