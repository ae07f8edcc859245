"""The ROIs of other programs: which files hold some, and reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.files import check_regular_file

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.io.roi_file import RoiFile


def read_rois(path: Path, shape: tuple[int, int, int] | None = None) -> RoiFile:
    """Read the ROIs that suite2p, CaImAn or ImageJ saved.

    Parameters
    ----------
    path
        A folder of suite2p (`suite2p`, or `plane0` in it), an HDF5 file of CaImAn, or
        ROIs of ImageJ (.roi, .zip).
    shape
        Planes, rows and columns of the recording, which files of ImageJ do not say;
        see `io.imagej_rois.read_imagej`.

    Raises
    ------
    InputError
        If it is neither, or cannot be read.
    """
    from napari_cellid.io.caiman.file import is_hdf5
    from napari_cellid.io.caiman.rois import read_caiman
    from napari_cellid.io.imagej_outlines import are_imagej_rois
    from napari_cellid.io.imagej_rois import read_imagej
    from napari_cellid.io.suite2p.folder import is_suite2p
    from napari_cellid.io.suite2p.rois import read_suite2p

    check_regular_file(path, "ROIs", folder=True)
    if is_suite2p(path):
        return read_suite2p(path)
    if is_hdf5(path):
        return read_caiman(path)
    if are_imagej_rois(path):
        return read_imagej(path, shape)
    raise InputError(
        f"{path} holds no ROIs that can be read; give the folder suite2p, plane0 in "
        "it, the HDF5 file that CaImAn saved, or ROIs of ImageJ (.roi, .zip)."
    )


def hold_only_rois(path: Path) -> bool:
    """Whether a file holds ROIs but no images, by a quick look."""
    from napari_cellid.io.caiman.file import is_caiman
    from napari_cellid.io.imagej_outlines import hold_imagej_rois

    return path.is_file() and (is_caiman(path) or hold_imagej_rois(path))
