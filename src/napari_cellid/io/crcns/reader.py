"""Reading of the sessions of CRCNS ssc-2.

The data need an account, and no real file was at hand: the layout is that of public
readers of the files. What is read is therefore checked, and said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.files import check_regular_file
from napari_cellid.io.crcns.hdf5_struct import Hdf5Struct
from napari_cellid.io.crcns.index_order import find_index_order, labelled_plane
from napari_cellid.io.crcns.mat_struct import load_mat5, planes_of_struct
from napari_cellid.io.crcns.nwb1 import planes_of_nwb
from napari_cellid.io.hdf5 import SIGNATURE, hdf5_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_cellid.io.crcns.plane import RawPlane, SscPlane

#: field of view over pixels of the published recordings (µm)
PIXEL_SIZE_UM = 600 / 512
#: endings of files that are tried
SUFFIXES = (".mat", ".h5", ".nwb")
#: such as an194181_2013_01_20_data_struct or an197522_2013_03_08b_session
_FILE_NAME = re.compile(r"^(?P<mouse>an\d+)_(?P<date>\d{4}_\d{2}_\d{2}[a-z]?)")


@dataclass(frozen=True, eq=False)
class SscSession:
    """One imaging session of a mouse.

    Parameters
    ----------
    mouse, session
        From the name of the file.
    planes
        Planes with both channels.
    notes
        What was found that a person should know, a sentence each.
    """

    mouse: str
    session: str
    planes: tuple[SscPlane, ...]
    notes: tuple[str, ...] = field(default=())


def list_sessions(folder: Path) -> list[Path]:
    """Files of sessions in a folder and the folders in it, sorted by name.

    Raises
    ------
    InputError
        If there are none.
    """
    if not folder.is_dir():
        raise InputError(
            f"{folder} is no folder; give the folder ssc-2 with one folder a mouse."
        )
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES and _FILE_NAME.match(path.name)
    ]
    if not files:
        raise InputError(
            f"{folder} holds no file named as those of ssc-2, such as "
            "an194181_2013_01_20_data_struct.mat; give the folder that was downloaded."
        )
    return files


def read_session(path: Path) -> SscSession:
    """Read the planes of a session.

    Raises
    ------
    InputError
        If the file cannot be read, or has another layout.
    """
    check_regular_file(path, "a file of ssc-2")
    match = _FILE_NAME.match(path.name)
    mouse, session = (
        (match["mouse"], match["date"]) if match else (path.parent.name, path.stem)
    )
    notes: list[str] = []
    raw = list(_raw_planes(path))
    if not raw:
        raise InputError(
            f"{path.name} has no plane with a masterImage where ssc-2 has them "
            "(timeSeriesArrayHash, descrHash, value); it is a file of another layout."
        )
    without_red = [one for one in raw if one.red is None]
    if without_red:
        notes.append(
            f"{len(without_red)} of {len(raw)} planes of {path.name} have one channel "
            "only and are left out."
        )
    both = [one for one in raw if one.red is not None]
    if not both:
        raise InputError(
            f"All {len(raw)} planes of {path.name} have one channel only, but two are "
            "needed; import another session of the mouse."
        )
    images = [i for one in raw if one.red is not None for i in (one.green, one.red)]
    sizes = {image.shape for image in images}
    if len(sizes) > 1 or len(min(sizes)) != 2:
        texts = " and ".join(" x ".join(map(str, size)) for size in sorted(sizes)[:2])
        raise InputError(
            f"{path.name} has images of {texts} px, but all of a session have one size "
            "in ssc-2; it is a file of another layout."
        )
    order, note = find_index_order(both)
    if note:
        notes.append(f"{path.name}: {note}")
    planes = tuple(labelled_plane(one, order) for one in both)
    return SscSession(mouse, session, planes, tuple(notes))


def _raw_planes(path: Path) -> Iterator[RawPlane]:
    """Planes of a file of any of the formats."""
    with path.open("rb") as file:
        is_hdf5 = SIGNATURE in file.read(1024)
    if not is_hdf5:
        yield from planes_of_struct(load_mat5(path), path)
        return
    with hdf5_file(path) as file:
        if "acquisition" in file:
            yield from planes_of_nwb(file)
        else:
            yield from planes_of_struct(Hdf5Struct.top(file, path), path)
