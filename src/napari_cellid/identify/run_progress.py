"""The progress of a run: how much of the whole is done, and the outlines meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_cellid.progress import Progress, WholeProgress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.recording import MeanPlanes, Recording


@dataclass(frozen=True, eq=False)
class CellsOutlined(Progress):
    """The outlines are known, and classes are being predicted.

    Parameters
    ----------
    planes
        Mean images.
    labels
        (plane, y, x) int32. Whoever shows them makes a copy.
    """

    planes: MeanPlanes | None = None
    labels: NDArray[np.int32] | None = None


def run_progress(
    recording: Recording, *, outlines: bool, classes: CellClassifier | None
) -> WholeProgress:
    """The parts of a run, and about how long they take beside one another."""
    frames = max(len(a) for a in (recording.red, recording.green) if a is not None)
    return WholeProgress(
        {
            "averaging": 1.0 if frames == 1 else 3.0,
            "bleed-through": 0.2,
            "outlining": 5.0 if outlines else 0.0,
            "classifying": 5.0 if classes is not None else 0.0,
            "pixel size": 2.0 if outlines else 0.0,
            "frames": 0.0 if frames == 1 else 3.0,
        }
    )
