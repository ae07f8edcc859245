"""The ROIs of other programs: which files hold some, and reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.files import check_regular_file

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.io.roi_file import RoiFile


def read_rois(path: Path) -> RoiFile:
    """Read the ROIs that suite2p or CaImAn saved.

    Parameters
    ----------
    path
        A folder of suite2p (`suite2p`, or `plane0` in it), or an HDF5 file of CaImAn.

    Raises
    ------
    InputError
        If it is neither, or cannot be read.
    """
    from napari_cellid.io.caiman.file import is_hdf5
    from napari_cellid.io.caiman.rois import read_caiman
    from napari_cellid.io.suite2p.folder import is_suite2p
    from napari_cellid.io.suite2p.rois import read_suite2p

    check_regular_file(path, "ROIs", folder=True)
    if is_suite2p(path):
        return read_suite2p(path)
    if is_hdf5(path):
        return read_caiman(path)
    raise InputError(
        f"{path} holds no ROIs that can be read; give the folder suite2p, plane0 in "
        "it, or the HDF5 file that CaImAn saved."
    )
