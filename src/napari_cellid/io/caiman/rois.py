"""The components of CaImAn as ROIs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.cells.rois import RoiSet
from napari_cellid.errors import InputError
from napari_cellid.io.caiman.file import (
    check_numbers,
    damaged,
    dataset,
    numbers,
)
from napari_cellid.io.hdf5 import HdfArray, hdf5_file
from napari_cellid.io.roi_file import RoiFile
from napari_cellid.naming import utf8_text

if TYPE_CHECKING:
    from pathlib import Path

    import h5py
    from numpy.typing import NDArray

#: a pixel belongs to a component where its weight is above this share of the largest
_LEAST_WEIGHT = 0.2
#: a side longer than this (px) is none of an image
_LONGEST_SIDE = 100_000
_TRACES = ("C", "S", "F_dff", "YrA")


def read_caiman(path: Path) -> RoiFile:
    """Read the components of a file of CaImAn; their traces stay on the disk.

    The pixels of a component are those above a fifth of its largest weight.

    Parameters
    ----------
    path
        HDF5 file with `estimates`, as `CNMF.save` writes it.

    Raises
    ------
    InputError
        If it is damaged, has no components, or those of a volume.
    """
    with hdf5_file(path) as root:
        if "estimates" not in root:
            raise InputError(
                f"{path} is an HDF5 file that CaImAn did not save: it has no "
                "estimates; give CaImAn's file, or your masks with --labels."
            )
        shape = _shape(root, path)
        starts, places, weight = _components(root, path, shape)
        accepted = _accepted(root, path, len(starts) - 1)
        n = len(starts) - 1
        rate = dataset_number(root, "params/data/fr")
        traces = _traces(root, path, n)
    table = pd.DataFrame(
        {
            "plane": 0, "roi": np.arange(n), "iscell": accepted,
            "iscell_probability": np.nan, "redcell": np.nan,
            "redcell_probability": np.nan,
        }
    )  # fmt: skip
    # CaImAn counts pixels down the columns
    x, y = np.divmod(places, shape[0])
    rois = RoiSet(
        (1, *shape), np.zeros(n, np.intp), starts,
        y.astype(np.int32), x.astype(np.int32), weight, table,
    )  # fmt: skip
    return RoiFile(
        path=path,
        program="CaImAn",
        rois=rois,
        sources=(utf8_text(str(path)),),
        frame_rate_hz=rate,
        traces=traces,
    )


def dataset_number(root: h5py.File, name: str) -> float | None:
    """A single number of a file; None where there is none."""
    value = root.get(name)
    if value is None or getattr(value, "shape", None) not in ((), (1,)):
        return None
    if value.dtype.kind not in "iuf":
        return None
    number = float(np.ravel(value[()])[0])
    return number if math.isfinite(number) and number > 0 else None


def _shape(root: h5py.File, path: Path) -> tuple[int, int]:
    """Number of rows and columns."""
    found = dataset(root, "estimates/dims", "dims", "params/data/dims")
    if found is None or found.size > 3:
        raise damaged(path, "the size of the image, dims, is missing")
    sides = numbers(found, path, 1)
    if len(sides) == 3:
        raise InputError(
            f"{path} holds components of a volume of {' x '.join(map(str, sides))} "
            "pixels, which span planes; give those of one plane."
        )
    if len(sides) != 2 or any(
        side != int(side) or not 0 < side <= _LONGEST_SIDE for side in sides
    ):
        raise damaged(path, f"dims are {', '.join(map(str, sides))}")
    return int(sides[0]), int(sides[1])


def _components(
    root: h5py.File, path: Path, shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Pixels of each component: where they begin, their places, their weights."""
    parts = {
        name: dataset(root, f"estimates/A/{name}")
        for name in ("data", "indices", "indptr", "shape")
    }
    given = {
        name: numbers(part, path, 1) for name, part in parts.items() if part is not None
    }
    if parts["shape"] is None or parts["indptr"] is None:
        raise damaged(path, "the components, estimates/A, are missing")
    if given["shape"].tolist()[1:] == [0]:
        raise InputError(
            f"{path} has no components; let CaImAn find some, or outline the cells "
            "with napari-cellid identify."
        )
    none = np.zeros(0)
    indptr = given["indptr"]
    weights, places = given.get("data", none), given.get("indices", none)
    _check_sparse(path, given["shape"], indptr, places, weights)
    n_pixels = shape[0] * shape[1]
    if given["shape"][0] != n_pixels or places.max(initial=0) >= n_pixels:
        raise InputError(
            f"{path}: its components have {int(given['shape'][0])} pixels, but the "
            f"image of {shape[0]} x {shape[1]} (dims) has {n_pixels}; save it again "
            "with CaImAn."
        )
    return _strong(indptr.astype(np.int64), places.astype(np.int64), weights)


def _check_sparse(
    path: Path,
    shape: NDArray[Any],
    indptr: NDArray[Any],
    places: NDArray[Any],
    weights: NDArray[Any],
) -> None:
    """Check that the parts of a sparse matrix fit one another."""
    whole = all(part.dtype.kind in "iu" for part in (shape, indptr))
    if not whole or (len(places) and places.dtype.kind not in "iu"):
        raise damaged(path, "places in estimates/A are no whole numbers")
    if len(shape) != 2 or len(indptr) != int(shape[1]) + 1:
        raise damaged(path, "estimates/A has another number of components than it says")
    steps = np.diff(indptr.astype(np.int64))
    if indptr[0] != 0 or (steps < 0).any() or indptr[-1] != len(places):
        raise damaged(path, "estimates/A does not have as many pixels as it says")
    if len(places) != len(weights) or places.min(initial=0) < 0:
        raise damaged(path, "estimates/A has other places than weights")
    if not np.isfinite(weights).all():
        raise damaged(path, "weights in estimates/A are not finite")


def _strong(
    starts: NDArray[np.int64], places: NDArray[np.int64], weights: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The pixels whose weight is above a share of the largest of their component."""
    n_pixels = np.diff(starts)
    owner = np.repeat(np.arange(len(n_pixels)), n_pixels)
    largest = np.zeros(len(n_pixels))
    np.maximum.at(largest, owner, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(largest[owner] > 0, weights / largest[owner], 0)
    kept = np.flatnonzero(share > _LEAST_WEIGHT)
    # a pixel that stands in a component twice counts once
    _, once = np.unique(
        np.stack([owner[kept], places[kept]]), axis=1, return_index=True
    )
    kept = kept[np.sort(once)]
    counts = np.bincount(owner[kept], minlength=len(n_pixels))
    return (
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        places[kept],
        share[kept].astype(np.float32),
    )


def _accepted(root: h5py.File, path: Path, n: int) -> NDArray[np.float64]:
    """1 for accepted components, 0 for rejected ones, NaN where CaImAn does not say."""
    found = dataset(root, "estimates/idx_components")
    rejected = dataset(root, "estimates/idx_components_bad")
    if found is None and rejected is None:
        return np.full(n, np.nan)
    accepted = np.zeros(n)
    if found is not None:
        index = numbers(found, path, 1)
        if index.dtype.kind not in "iu" or index.min() < 0 or index.max() >= n:
            raise damaged(path, f"idx_components names others than its {n} components")
        accepted[index] = 1
    return accepted


def _traces(root: h5py.File, path: Path, n: int) -> dict[str, tuple[HdfArray, ...]]:
    found = {name: dataset(root, f"estimates/{name}") for name in _TRACES}
    traces: dict[str, tuple[HdfArray, ...]] = {}
    for name, values in found.items():
        if values is None:
            continue
        check_numbers(values, path, 2)
        if len(values) != n:
            raise damaged(path, f"{name} has {len(values)} rows for {n} components")
        traces[name] = (
            HdfArray(path, f"estimates/{name}", values.shape, values.dtype),
        )
    return traces
