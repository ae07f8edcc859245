"""Reading of CRCNS ssc-2: MAT files of v5 and v7.3, and copies in NWB 1.

The data need an account, and no real file was at hand: the layout is that of public
readers of the files. What is read is therefore checked, and said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError, first_line
from napari_cellid.files import check_regular_file
from napari_cellid.io.hdf5 import SIGNATURE, hdf5_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

#: field of view over pixels of the published recordings (µm)
PIXEL_SIZE_UM = 600 / 512
#: endings of files that are tried
SUFFIXES = (".mat", ".h5", ".nwb")
#: such as an194181_2013_01_20_data_struct or an197522_2013_03_08b_session
_FILE_NAME = re.compile(r"^(?P<mouse>an\d+)_(?P<date>\d{4}_\d{2}_\d{2}[a-z]?)")
_PLANE_KEY = re.compile(r"fov_(\d{2})(\d{3})")
#: names of the top variable
_TOP = ("s", "dat", "obj")


@dataclass(frozen=True, eq=False)
class SscPlane:
    """One plane of one session.

    Parameters
    ----------
    green, red
        (y, x) mean images.
    labels
        (y, x) int32: the ROIs, 0 for background; where two overlap the later one.
    roi_ids
        Id of each label from 1 on, as in the file.
    fov, plane
        Sub-volume and plane, from 1.
    """

    green: NDArray[np.uint16]
    red: NDArray[np.uint16]
    labels: NDArray[np.int32]
    roi_ids: tuple[int, ...]
    fov: int
    plane: int


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
    order, note = _index_order(both)
    if note:
        notes.append(f"{path.name}: {note}")
    planes = tuple(_plane(one, order) for one in both)
    return SscSession(mouse, session, planes, tuple(notes))


@dataclass(frozen=True, eq=False)
class _RawPlane:
    """A plane as it is in the file; ROIs as lists of linear indices."""

    green: NDArray[Any]
    red: NDArray[Any] | None
    rois: tuple[tuple[int, NDArray[np.int64]], ...]
    fov: int
    plane: int


@dataclass(frozen=True)
class _IndexOrder:
    """How linear indices count: from `first`, along columns or along rows."""

    first: int
    by_column: bool


#: MATLAB's own order first, which the others must clearly beat
_ORDERS = tuple(_IndexOrder(first, by) for by in (True, False) for first in (1, 0))
#: contrast by which another order must be better than MATLAB's
_CLEARLY = 0.02


def _index_order(planes: Sequence[_RawPlane]) -> tuple[_IndexOrder, str]:
    """Order in which the ROIs are brightest in green, and a note if it is unusual."""
    contrasts = [_contrast(planes, order) for order in _ORDERS]
    best = int(np.argmax(contrasts))
    if best == 0 or contrasts[best] < contrasts[0] + _CLEARLY:
        return _ORDERS[0], ""
    order = _ORDERS[best]
    return order, (
        f"the ROIs lie on cells if their indices count from {order.first} along "
        f"{'columns' if order.by_column else 'rows'} (contrast {contrasts[best]:.2f} "
        f"against {contrasts[0]:.2f}), and were read so; look at the outlines."
    )


def _contrast(planes: Sequence[_RawPlane], order: _IndexOrder) -> float:
    """Mean green inside the ROIs over that of the ring around them, less 1."""
    from scipy import ndimage

    values = []
    for one in planes:
        inside = _plane(one, order).labels > 0
        ring = ndimage.binary_dilation(inside, iterations=4) & ~ndimage.binary_dilation(
            inside, iterations=1
        )
        if inside.any() and ring.any():
            green = np.asarray(one.green, float)
            values.append(green[inside].mean() / max(green[ring].mean(), 1e-9) - 1)
    return float(np.mean(values)) if values else 0.0


def _plane(one: _RawPlane, order: _IndexOrder) -> SscPlane:
    height, width = one.green.shape
    labels, ids = np.zeros((height, width), np.int32), []
    for number, pixels in one.rois:
        k = pixels - order.first
        k = k[(k >= 0) & (k < height * width)]
        ids.append(number)
        if order.by_column:
            labels[k % height, k // height] = len(ids)
        else:
            labels[k // width, k % width] = len(ids)
    red = one.green if one.red is None else one.red
    red, green = (
        np.clip(np.round(image), 0, 65535).astype(np.uint16)
        for image in (red, one.green)
    )
    return SscPlane(green, red, labels, tuple(ids), one.fov, one.plane)


def _raw_planes(path: Path) -> Iterator[_RawPlane]:
    """Planes of a file of any of the formats."""
    with path.open("rb") as file:
        is_hdf5 = SIGNATURE in file.read(1024)
    if not is_hdf5:
        yield from _planes_of_struct(_load_mat5(path), path)
        return
    with hdf5_file(path) as file:
        if "acquisition" in file:
            yield from _planes_of_nwb(file)
        else:
            yield from _planes_of_struct(_Hdf5Struct.top(file, path), path)


def _load_mat5(path: Path) -> Any:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content = loadmat(path, struct_as_record=False, squeeze_me=True)
    except (MatReadError, ValueError, TypeError, NotImplementedError, OSError) as error:
        raise InputError(
            f"{path.name} is no MAT file that can be read ({first_line(error)}); copy "
            "it again from where it came."
        ) from error
    for name in _TOP:
        if name in content:
            return content[name]
    names = ", ".join(n for n in content if not n.startswith("__")) or "none"
    raise InputError(
        f"{path.name} has the variables {names}, but the session of ssc-2 is in s; it "
        "is a file of another layout."
    )


def _planes_of_struct(top: Any, path: Path) -> Iterator[_RawPlane]:
    """Planes of the MATLAB structure of a session."""
    try:
        entries = _cells(top.timeSeriesArrayHash.descrHash)
    except AttributeError as error:
        raise InputError(
            f"{path.name} has no timeSeriesArrayHash.descrHash, where ssc-2 has its "
            "images; it is a file of another layout."
        ) from error
    for fov, entry in enumerate(entries[1:], 1):
        value = getattr(entry, "value", None)
        found = [one for one in _flat(value) if hasattr(one, "masterImage")]
        for k, one in enumerate(found, 1):
            image = np.asarray(one.masterImage)
            if image.ndim not in (2, 3):
                continue
            two = image.ndim == 3 and image.shape[2] >= 2
            green = image if image.ndim == 2 else image[:, :, 0]
            yield _RawPlane(
                green, image[:, :, 1] if two else None, tuple(_rois(one)), fov, k
            )


def _rois(plane: Any) -> Iterator[tuple[int, NDArray[np.int64]]]:
    for k, roi in enumerate(_flat(getattr(plane, "rois", None)), 1):
        pixels = getattr(roi, "indicesWithinImage", None)
        if pixels is None:
            continue
        number = np.ravel(getattr(roi, "id", k))
        yield int(number[0]) if number.size else k, np.ravel(pixels).astype(np.int64)


def _cells(value: Any) -> list[Any]:
    return list(_flat(value))


def _flat(value: Any) -> Iterator[Any]:
    """Structures in nested cells and arrays, of which MATLAB drops those of one."""
    if isinstance(value, (list, tuple)) or (
        isinstance(value, np.ndarray) and value.dtype == object
    ):
        for one in np.ravel(np.asarray(value, object)):
            yield from _flat(one)
    elif value is not None:
        yield value


class _Hdf5Struct:
    """A MATLAB structure in HDF5 (v7.3), whose fields are attributes.

    Parameters
    ----------
    file
        The file.
    fields
        For each field the data set, group or value of this element.
    """

    def __init__(self, file: Any, fields: dict[str, Any]) -> None:
        self._file, self._fields = file, fields

    @classmethod
    def top(cls, file: Any, path: Path) -> Any:
        """The structure of the session."""
        for name in _TOP:
            if name in file:
                return _hdf5_value(file, file[name])
        names = ", ".join(n for n in file if not n.startswith("#")) or "none"
        raise InputError(
            f"{path.name} has the variables {names}, but the session of ssc-2 is in s; "
            "it is a file of another layout."
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._fields:
            raise AttributeError(name)
        return _hdf5_value(self._file, self._fields[name])


def _hdf5_value(file: Any, item: Any) -> Any:
    """Value of an item: a structure, cells or structures in a list, or an array."""
    import h5py

    if isinstance(item, h5py.Group):
        # some converters wrote each leaf into a group of its own name
        name = item.name.rsplit("/", 1)[-1]
        if list(item) == [name]:
            return _hdf5_value(file, item[name])
        return _hdf5_struct(file, item)
    if item.dtype == h5py.ref_dtype:
        # MATLAB's first dimension is the last one of HDF5
        return [_hdf5_value(file, file[ref]) for ref in np.ravel(item[()].T)]
    return np.asarray(item[()]).T


def _hdf5_struct(file: Any, group: Any) -> Any:
    """A structure, or a list of them where each field is an array of references."""
    import h5py

    fields = {name: group[name] for name in group}
    arrays = [
        one
        for one in fields.values()
        if isinstance(one, h5py.Dataset)
        and one.dtype == h5py.ref_dtype
        and "MATLAB_class" not in one.attrs
    ]
    if not arrays or len(arrays) < len(fields):
        return _Hdf5Struct(file, fields)
    refs = {name: np.ravel(one[()].T) for name, one in fields.items()}
    count = min(map(len, refs.values()))
    return [
        _Hdf5Struct(file, {name: file[refs[name][k]] for name in refs})
        for k in range(count)
    ]


def _planes_of_nwb(file: Any) -> Iterator[_RawPlane]:
    """Planes of a copy in NWB 1."""
    images = file.get("acquisition/images", {})
    rois = file.get("processing/ROIs/ImageSegmentation", {})
    for name in sorted(images):
        match = _PLANE_KEY.match(name)
        if not match or not name.endswith("_green"):
            continue
        key = match.group(0)
        red = images.get(f"{key}_red")
        green = np.asarray(images[name][()])
        masks = rois.get(key, {})
        pairs = []
        for k, roi in enumerate(sorted(masks), 1):
            if not hasattr(masks[roi], "keys") or "pix_mask" not in masks[roi]:
                continue
            pixels = np.asarray(masks[roi]["pix_mask"][()], np.int64)
            # (pixel, 2) or (2, pixel): x and y, counted as MATLAB's linear index
            x, y = pixels.T if pixels.shape[-1] == 2 else pixels
            digits = re.sub(r"\D", "", roi)
            number = int(digits) if digits else k
            pairs.append((number, x * green.shape[0] + y + 1))
        yield _RawPlane(
            green, None if red is None else np.asarray(red[()]), tuple(pairs),
            int(match.group(1)), int(match.group(2)),
        )  # fmt: skip
