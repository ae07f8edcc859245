"""The list of pages of a TIFF file, also where pages are told at a glance."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_tiff import RawTiff

from napari_cellid.io.tiff.chain import read_chain

PAGE = np.zeros((8, 12), np.uint16)


def kinds_of_pages(path):
    """The way in which tifffile finds each page to be stored, numbered in order."""
    seen: dict[object, int] = {}
    with tifffile.TiffFile(path) as tif:
        tif.pages.useframes = False
        return [
            seen.setdefault(
                (page.shape, page.dtype, page.compression, page.predictor, page.tile,
                 page.rowsperstrip, page.photometric), len(seen),
            )
            for page in tif.pages
        ], [page.dataoffsets for page in tif.pages]  # fmt: skip


WRITTEN = st.lists(
    st.sampled_from(
        [
            {}, {"rowsperstrip": 4}, {"compression": "zlib"}, {"tile": (16, 16)},
            {"photometric": "miniswhite"}, {"data": PAGE.astype("i2")},
            {"data": PAGE[:, :8]}, {"description": "a text"},
            {"compression": "zlib", "predictor": True},
        ]
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WRITTEN, st.booleans(), st.sampled_from("<>"))
def test_every_page_is_found_as_it_is_stored(tmp_path, ways, big, order):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, bigtiff=big, byteorder=order) as writer:
        for way in ways:
            options = dict(way)
            data = options.pop("data", PAGE)
            writer.write(data, contiguous=False, metadata=None, **options)
    chain = read_chain(path)
    kinds, offsets = kinds_of_pages(path)
    assert chain.kinds == kinds
    assert [tuple(each) for each in offsets] == chain.offsets


@pytest.mark.parametrize("big", [False, True])
def test_headers_far_apart_are_found(tmp_path, big):
    """Beyond 64 KiB apart the system is asked for headers before they are read."""
    pages = np.arange(40, dtype=np.uint16)[:, None, None] + np.zeros((200, 200), "u2")
    path = RawTiff(big=big, gaps=(0, 8, 5000)).write(tmp_path / "a.tif", pages)
    chain = read_chain(path)
    assert len(chain.places) == 40
    data = path.read_bytes()
    first = [data[offset] for (offset,) in chain.offsets]
    assert first == list(range(40))
