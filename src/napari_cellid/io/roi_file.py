"""What is read from files of programs that detect ROIs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_cellid.cells.rois import RoiSet


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
