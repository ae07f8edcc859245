"""OME-TIFF recordings of several files, each with some of the pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.io.stack import ImageStack
from napari_cellid.io.tiff.axes import axes_from_file
from napari_cellid.io.tiff.many_files import ManyFiles, file_kind
from napari_cellid.io.tiff.metadata import read_metadata
from napari_cellid.io.tiff.opened import opened

if TYPE_CHECKING:
    import tifffile
    from numpy.typing import NDArray

#: PrairieView writes the metadata of OME incompletely: its XML file is read instead
_PRAIRIEVIEW = re.compile(r".+_Cycle\d+.*_Ch\d+_\d+\.ome\.tiff?", re.IGNORECASE)


def open_ome_set(path: Path) -> ImageStack | None:
    """All files of an OME-TIFF recording.

    Returns
    -------
    None if the recording is this file alone, other files are missing, or its metadata
    describe several images.
    """
    if _PRAIRIEVIEW.fullmatch(path.name):
        return None
    with opened(path) as tif:
        metadata = read_metadata(tif)
        if not tif.is_ome or not metadata.other_files or len(tif.series) != 1:
            return None
        series = tif.series[0]
        if series.keyframe.samplesperpixel > 1:
            return None
        places = _places(series)
        letters, shape = series.axes, tuple(series.shape)
    if places is None:
        return None
    files, table = places
    axes = axes_from_file(letters, shape, path.name)
    ordered = table[axes.page_table()]
    kind = file_kind(files[int(ordered[0, 0, 0, 0])])
    n_channels = ordered.shape[2]
    names = metadata.channels if len(metadata.channels) == n_channels else ()
    note = (
        f"{path.name}: read together with the {len(files) - 1} files of its recording."
    )
    return ImageStack(
        path=path,
        channels=tuple(
            ManyFiles(files, ordered[:, :, channel], kind).lazily()
            for channel in range(n_channels)
        ),
        names=names or ("",) * n_channels,
        voxel=metadata.voxel,
        frame_rate_hz=metadata.frame_rate_hz if ordered.shape[0] > 1 else None,
        notes=(note, *axes.notes),
    )


def _places(
    series: tifffile.TiffPageSeries,
) -> tuple[list[Path], NDArray[np.int64]] | None:
    """The files of a series, and (file, page) of each page; None if some are lost."""
    files: dict[Path, int] = {}
    rows = []
    for page in series:
        if page is None:
            return None
        path = Path(page.parent.filehandle.path)
        index = page.index if isinstance(page.index, int) else page.index[-1]
        rows.append((files.setdefault(path, len(files)), index))
    if len(rows) != int(np.prod(series.shape[:-2], dtype=np.int64)):
        return None
    return (list(files), np.array(rows, np.int64)) if len(files) > 1 else None
