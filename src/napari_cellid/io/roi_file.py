"""What is read from files of programs that detect ROIs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_cellid.cells.rois import RoiSet


#: names of the fluorescence, of suite2p and of CaImAn, and of the neuropil of suite2p
_FLUORESCENCE, _NEUROPIL = ("F", "C", "F_dff"), "Fneu"


@dataclass(frozen=True, eq=False)
class RoiTrace:
    """Fluorescence over time of one ROI.

    Parameters
    ----------
    name
        Its name in the program, such as "F".
    values, neuropil
        (frame,): of the ROI, and of the neuropil around it where that is known.
    times
        (frame,) in `unit`.
    unit
        "s" or "frame".
    """

    name: str
    values: NDArray[np.float32]
    neuropil: NDArray[np.float32] | None
    times: NDArray[np.float64]
    unit: str


@dataclass(frozen=True, eq=False)
class RoiFile:
    """The ROIs of a recording as another program saved them.

    Parameters
    ----------
    path
        File or folder that was read.
    program
        Name of the program, such as "suite2p".
    rois
        The ROIs.
    sources
        Files that the ROIs come from.
    frame_rate_hz
        Frames per second of each plane; None where it is unknown.
    traces
        For each name, such as "F", one array (roi, time) a plane, in the order of its
        ROIs. They stay on the disk, and what is indexed is read.
    notes
        Assumptions, one sentence each.
    """

    path: Path
    program: str
    rois: RoiSet
    sources: tuple[str, ...]
    frame_rate_hz: float | None = None
    traces: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def trace(self, roi: int) -> RoiTrace | None:
        """Read the fluorescence over time of an ROI; None if there is none.

        Parameters
        ----------
        roi
            Its place in the order, from 0.
        """
        name = next((name for name in _FLUORESCENCE if name in self.traces), None)
        if name is None:
            return None
        plane = int(self.rois.plane[roi])
        # each plane has an array of its own
        row = int((self.rois.plane[:roi] == plane).sum())

        def read(kind: str) -> NDArray[np.float32]:
            rows = self.traces[kind][plane][row : row + 1]
            return np.asarray(rows, np.float32).reshape(-1)

        values = read(name)
        rate = self.frame_rate_hz
        neuropil = read(_NEUROPIL) if name == "F" and _NEUROPIL in self.traces else None
        return RoiTrace(
            name=name,
            values=values,
            neuropil=neuropil,
            times=np.arange(len(values)) / (rate or 1.0),
            unit="s" if rate else "frame",
        )

    def record(self) -> dict[str, Any]:
        """What the record of a run says of it, as JSON."""
        return {
            "rois": {
                "program": self.program,
                "sources": list(self.sources),
                "n_rois": len(self.rois),
                "n_without_pixels": int((self.rois.n_pixels == 0).sum()),
                "frame_rate_hz": self.frame_rate_hz,
            }
        }
