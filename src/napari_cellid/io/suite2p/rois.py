"""The ROIs of a folder of suite2p, with what it says of them, and their traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.cells.rois import RoiSet, join_planes
from napari_cellid.errors import InputError
from napari_cellid.io.roi_file import RoiFile
from napari_cellid.io.suite2p.folder import STAT, PlaneSettings, plane_folders
from napari_cellid.io.suite2p.npy import open_numbers
from napari_cellid.io.suite2p.stat import read_stat
from napari_cellid.naming import utf8_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.io.suite2p.folder import PlaneFolder

_TRACES = ("F", "Fneu", "spks", "F_chan2", "Fneu_chan2")


def read_suite2p(path: Path) -> RoiFile:
    """Read the ROIs of a folder of suite2p; its traces stay on the disk.

    Parameters
    ----------
    path
        The folder of a plane, or that of all planes.

    Raises
    ------
    InputError
        If the files are missing, damaged, or do not belong together.
    """
    folders = plane_folders(path)
    settings = [PlaneSettings(folder) for folder in folders]
    check_same_size(settings)
    rois = join_planes(
        [_read_plane(*both) for both in zip(folders, settings, strict=True)]
    )
    return RoiFile(
        path=path,
        program="suite2p",
        rois=rois,
        sources=tuple(utf8_text(str(folder.path / STAT)) for folder in folders),
        frame_rate_hz=settings[0].number("fs"),
        traces=_traces(folders, rois),
    )


def check_same_size(settings: Sequence[PlaneSettings]) -> None:
    """Check that all planes have the same number of rows and columns.

    Raises
    ------
    InputError
        If they do not.
    """
    first = settings[0]
    for other in settings[1:]:
        if other.shape != first.shape:
            raise InputError(
                f"{other.path} is of {other.shape[0]} x {other.shape[1]} pixels, but "
                f"{first.path} of {first.shape[0]} x {first.shape[1]}; give the "
                "folders of the planes one by one."
            )


def _read_plane(folder: PlaneFolder, settings: PlaneSettings) -> RoiSet:
    pixels = read_stat(folder.path / STAT, settings.shape, settings.path)
    n = len(pixels.starts) - 1
    table = pd.DataFrame({"plane": folder.number, "roi": np.arange(n)})
    for name in ("iscell", "redcell"):
        table[name], table[f"{name}_probability"] = _flags(folder.path, name, n)
    return RoiSet((1, *settings.shape), np.zeros(n, np.intp), *pixels, table)


def _flags(folder: Path, name: str, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Flag (0 or 1) and probability of each ROI, NaN where suite2p does not say it."""
    path = folder / f"{name}.npy"
    if not path.is_file():
        return np.full(n, np.nan), np.full(n, np.nan)
    values = np.asarray(open_numbers(path, 2), float)
    _check_length(len(values), n, path)
    if values.shape[1] != 2 or not np.isin(values[:, 0], (0, 1)).all():
        raise InputError(
            f"{path} does not hold 0 or 1 and a probability for each ROI, as suite2p "
            "writes them; copy it again, or move it away to do without it."
        )
    return values[:, 0], values[:, 1]


def _traces(
    folders: Sequence[PlaneFolder], rois: RoiSet
) -> dict[str, tuple[NDArray[Any], ...]]:
    """Traces that every plane has, mapped into memory."""
    found = {}
    for name in _TRACES:
        paths = [folder.path / f"{name}.npy" for folder in folders]
        if all(path.is_file() for path in paths):
            found[name] = tuple(open_numbers(path, 2) for path in paths)
            for k, path in enumerate(paths):
                n = int((rois.plane == k).sum())
                _check_length(len(found[name][k]), n, path)
    return found


def _check_length(found: int, n_rois: int, path: Path) -> None:
    if found != n_rois:
        raise InputError(
            f"{path} has {found} rows, but {STAT} beside it {n_rois} ROIs; they are of "
            "different runs: copy both from the same folder."
        )
