"""The ROIs of suite2p: `stat.npy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.io.suite2p.npy import damaged, read_objects
from napari_cellid.io.suite2p.safe_pickle import PickledArray, PickleError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class RoiPixels(NamedTuple):
    """The pixels of ROIs, one ROI after another, as in `cells.rois.RoiSet`."""

    starts: NDArray[np.int64]
    y: NDArray[np.int32]
    x: NDArray[np.int32]
    weight: NDArray[np.float32]


def read_stat(path: Path, shape: tuple[int, int], settings: Path) -> RoiPixels:
    """Read the pixels of all ROIs.

    Parameters
    ----------
    path
        A `stat.npy`.
    shape
        (y, x) of the plane.
    settings
        The file that says so, for messages.

    Raises
    ------
    InputError
        If it is damaged, there are no ROIs, or one has pixels outside the image.
    """
    loaded = read_objects(path)
    try:
        if len(loaded.shape()) != 1:
            raise PickleError("it is no list of ROIs")
        rois = loaded.objects()
    except PickleError as error:
        raise damaged(path, str(error)) from error
    if not rois:
        raise InputError(
            f"{path} has no ROIs; let suite2p detect some, or outline the cells with "
            "napari-cellid identify."
        )
    return join([_pixels(roi, k, path, shape, settings) for k, roi in enumerate(rois)])


def join(
    rois: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]],
) -> RoiPixels:
    """Put the pixels of ROIs, (y, x, weight) of each, one after another."""
    starts = np.cumsum([0, *(len(y) for y, _, _ in rois)])
    y, x, weight = (np.concatenate([roi[k] for roi in rois]) for k in range(3))
    return RoiPixels(
        starts.astype(np.int64),
        y.astype(np.int32),
        x.astype(np.int32),
        weight.astype(np.float32),
    )


def _pixels(
    roi: object, k: int, path: Path, shape: tuple[int, int], settings: Path
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Row, column and weight of each pixel of an ROI, every pixel once."""
    if not isinstance(roi, dict):
        raise damaged(path, f"ROI {k} is no dictionary")
    y, x = (_whole(roi, name, k, path) for name in ("ypix", "xpix"))
    if len(y) != len(x):
        raise damaged(path, f"ROI {k} has {len(y)} ypix and {len(x)} xpix")
    outside = (y < 0) | (y >= shape[0]) | (x < 0) | (x >= shape[1])
    if outside.any():
        first = int(np.argmax(outside))
        raise InputError(
            f"{path}: ROI {k} has a pixel at y {y[first]}, x {x[first]}, outside the "
            f"image of {shape[0]} x {shape[1]} pixels in {settings.name}; the two are "
            "of different planes or runs: copy both from the same folder."
        )
    weight = _weight(roi, len(y), k, path)
    _, once = np.unique(y * shape[1] + x, return_index=True)
    if len(once) < len(y):
        once.sort()
        y, x, weight = y[once], x[once], weight[once]
    return y, x, weight


def _whole(roi: dict[str, Any], name: str, k: int, path: Path) -> NDArray[np.int64]:
    values = _array(roi.get(name), f"{name} of ROI {k}", path)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise damaged(path, f"{name} of ROI {k} is no list of whole numbers")
    if values.dtype == np.uint64 and values.max(initial=0) > np.iinfo(np.int64).max:
        raise damaged(path, f"{name} of ROI {k} is beyond every image")
    return values.astype(np.int64)


def _weight(roi: dict[str, Any], n: int, k: int, path: Path) -> NDArray[np.float64]:
    """Weights of the pixels, the largest being 1; all 1 where suite2p gives none."""
    if not isinstance(roi.get("lam"), PickledArray):
        return np.ones(n)
    values = _array(roi["lam"], f"lam of ROI {k}", path)
    if values.shape != (n,) or values.dtype.kind not in "iuf":
        raise damaged(path, f"lam of ROI {k} does not fit its {n} pixels")
    weight = np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0)
    largest = weight.max(initial=0)
    return weight / largest if largest > 0 else np.ones(n)


def _array(value: object, what: str, path: Path) -> NDArray[Any]:
    if not isinstance(value, PickledArray):
        raise damaged(path, f"{what} is missing")
    try:
        return value.values()
    except PickleError as error:
        raise damaged(path, f"{what}: {error}") from error
