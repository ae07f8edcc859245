"""Folders as suite2p and files as CaImAn write them, made by hand for tests.

The keys, shapes and types are those that suite2p 1.1 and CaImAn 1.12 were seen to
write; neither program is needed, and none of these files came out of one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import scipy.sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray


def stat_of(labels: NDArray[Any]) -> list[dict[str, Any]]:
    """One ROI for each number of a label image (y, x), as in `stat.npy`."""
    rois = []
    for number in np.unique(labels[labels > 0]):
        y, x = np.nonzero(labels == number)
        rois.append(roi(y, x))
    return rois


def roi(y: Any, x: Any, lam: Any = None) -> dict[str, Any]:
    """An ROI with the keys of `stat.npy`."""
    y, x = np.asarray(y, np.int64), np.asarray(x, np.int64)
    return {
        "ypix": y,
        "xpix": x,
        "lam": np.ones(len(y), np.float32) if lam is None else np.float32(lam),
        "med": [int(np.median(y)), int(np.median(x))] if len(y) else [0, 0],
        "npix": len(y),
        "soma_crop": np.ones(len(y), bool),
        "radius": np.float64(5),
        "mrs": np.float64(1),
        "overlap": np.zeros(len(y), bool),
        "skew": np.float32(0),
    }


def write_plane(
    folder: Path,
    stat: list[dict[str, Any]],
    green: NDArray[Any],
    red: NDArray[Any] | None = None,
    *,
    iscell: Any = None,
    redcell: Any = None,
    ops: dict[str, Any] | None = None,
    frames: int = 20,
) -> Path:
    """Write the files of a plane."""
    folder.mkdir(parents=True, exist_ok=True)
    n = len(stat)
    np.save(folder / "stat.npy", np.array(stat, dtype=object))
    values = {
        "Ly": green.shape[0],
        "Lx": green.shape[1],
        "fs": 10.0,
        "nplanes": 1,
        "nframes": frames,
        "nchannels": 1 if red is None else 2,
        "functional_chan": 1,
        "diameter": np.array([12.0, 12.0]),
        "yrange": [0, green.shape[0]],
        "save_path": str(folder),
        "meanImg": green.astype(np.float32),
        **({} if red is None else {"meanImg_chan2": red.astype(np.float32)}),
        **(ops or {}),
    }
    np.save(folder / "ops.npy", values)
    accepted = np.ones(n) if iscell is None else np.asarray(iscell, float)
    np.save(folder / "iscell.npy", np.stack([accepted, accepted * 0.9], 1))
    if redcell is not None:
        flags = np.asarray(redcell, float)
        np.save(folder / "redcell.npy", np.stack([flags, flags * 0.8], 1))
    rng = np.random.default_rng(0)
    for name in ("F", "Fneu", "spks"):
        traces = rng.normal(100, 5, (n, frames)).astype(np.float32)
        np.save(folder / f"{name}.npy", traces)
    return folder


def write_caiman(
    path: Path,
    stat: list[dict[str, Any]],
    shape: tuple[int, int],
    *,
    accepted: list[int] | None = None,
    frames: int = 20,
) -> Path:
    """Write components as `CNMF.save` does: pixels down the columns."""
    columns = []
    for each in stat:
        dense = np.zeros(shape)
        dense[each["ypix"], each["xpix"]] = each["lam"]
        columns.append(dense.ravel(order="F"))
    matrix = scipy.sparse.csc_matrix(np.array(columns).reshape(len(stat), -1).T)
    with h5py.File(path, "w") as root:
        estimates = root.create_group("estimates")
        group = estimates.create_group("A")
        group["data"] = matrix.data
        group["indices"] = matrix.indices.astype(np.int32)
        group["indptr"] = matrix.indptr.astype(np.int32)
        group["shape"] = matrix.shape
        estimates["dims"] = shape
        for name in ("C", "F_dff"):
            estimates[name] = np.arange(len(stat) * frames, dtype=float).reshape(
                len(stat), frames
            )
        estimates["S"] = b"NoneType"
        estimates["idx_components"] = (
            b"NoneType" if accepted is None else np.array(accepted)
        )
        estimates["Cn"] = np.zeros(shape)
        root["params/data/fr"] = 15.0
        root["params/data/dims"] = shape
    return path
