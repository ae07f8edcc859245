"""Files in the layout of CRCNS ssc-2, as public readers describe it."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from scipy.io import savemat

SIDE = (48, 56)


def plane_data(seed: int, n_rois: int = 3):
    """Images of a plane, and the pixels (y, x) of its ROIs, which are bright in green.

    The field is not square, so that a transposed image is noticed.
    """
    rng = np.random.default_rng(seed)
    green, red = rng.integers(10, 20, (2, *SIDE)).astype(np.uint8)
    rois = []
    for k in range(n_rois):
        y, x = np.mgrid[8 + 12 * k : 14 + 12 * k, 10 + 13 * k : 17 + 13 * k]
        y, x = y.ravel(), x.ravel()
        green[y, x] = 120
        red[y, x] = 90
        rois.append((y, x))
    return green, red, rois


def linear(y, x, *, first: int = 1, by_column: bool = True):
    """Linear indices, as MATLAB counts unless told otherwise."""
    height, width = SIDE
    return first + (x * height + y if by_column else y * width + x)


def write_mat5(path: Path, n_fov=2, n_planes=3, channels=2, seed=0, **order) -> None:
    entries = [{"value": "whiskers"}]
    for fov in range(1, n_fov + 1):
        planes = np.empty(n_planes, object)
        for k in range(n_planes):
            planes[k] = _struct(
                seed + 10 * fov + k, 100 * fov + 10 * k, channels, order
            )
        value = np.empty(1, object)
        value[0] = planes
        entries.append({"value": value})
    cells = np.empty(len(entries), object)
    for k, entry in enumerate(entries):
        cells[k] = entry
    savemat(path, {"s": {"timeSeriesArrayHash": {"descrHash": cells}}})


def _struct(seed, first_id, channels, order):
    green, red, pixels = plane_data(seed)
    rois = np.empty(len(pixels), object)
    for k, (y, x) in enumerate(pixels):
        rois[k] = {"id": first_id + k, "indicesWithinImage": linear(y, x, **order)}
    image = np.dstack([green, red]) if channels == 2 else green
    return {"masterImage": image, "rois": rois}


def write_mat73(path: Path, n_fov=2, n_planes=3, seed=0) -> None:
    """As MATLAB's v7.3: references, and every axis reversed."""
    with h5py.File(path, "w") as file:
        store = _Store(file)
        entries = [store.struct(value=store.cell([store.array([[1.0]])]))]
        for fov in range(1, n_fov + 1):
            planes = [_plane73(store, seed, fov, k) for k in range(n_planes)]
            images, rois = zip(*planes, strict=True)
            # an array of structures: one reference for each field and plane
            struct = store.struct(masterImage=list(images), rois=list(rois))
            entries.append(store.struct(value=store.cell([struct])))
        group = file.create_group("s/timeSeriesArrayHash")
        group["descrHash"] = store.file[store.cell(entries)]


def _plane73(store, seed, fov, k):
    green, red, pixels = plane_data(seed + 10 * fov + k)
    rois = [
        store.struct(
            id=store.array([[100 * fov + 10 * k + n]]),
            indicesWithinImage=store.array(linear(y, x)[:, None]),
        )
        for n, (y, x) in enumerate(pixels)
    ]
    return store.array(np.dstack([green, red])), store.cell(rois)


class _Store:
    """Values of a file of MATLAB, each in `#refs#` with a reference to it."""

    def __init__(self, file):
        self.file, self._group = file, file.create_group("#refs#")

    def _name(self):
        return f"r{len(self._group)}"

    def array(self, values):
        return self._group.create_dataset(self._name(), data=np.asarray(values).T).ref

    def cell(self, refs):
        values = np.array([refs], h5py.ref_dtype).T
        made = self._group.create_dataset(self._name(), data=values)
        made.attrs["MATLAB_class"] = np.bytes_("cell")
        return made.ref

    def struct(self, **fields):
        group = self._group.create_group(self._name())
        for name, value in fields.items():
            if isinstance(value, list):
                values = np.array([value], h5py.ref_dtype).T
                group.create_dataset(name, data=values)
            else:
                group[name] = self.file[value]
        return group.ref


def write_nwb1(path: Path, n_fov=2, n_planes=3, seed=0) -> None:
    with h5py.File(path, "w") as file:
        for fov in range(1, n_fov + 1):
            for k in range(n_planes):
                green, red, pixels = plane_data(seed + 10 * fov + k)
                name = f"fov_{fov:02d}{k + 1:03d}"
                file[f"acquisition/images/{name}_green"] = green
                file[f"acquisition/images/{name}_red"] = red
                place = f"processing/ROIs/ImageSegmentation/{name}"
                for n, (y, x) in enumerate(pixels):
                    mask = np.column_stack([x, y])
                    file[f"{place}/{100 * fov + 10 * k + n}/pix_mask"] = mask
                file[f"{place}/roi_list"] = [b"1"]
