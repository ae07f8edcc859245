"""Recordings whose cells are outlined already and have no class yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.cells.measure import measure
from napari_cellid.identify import IdentifyResult
from napari_cellid.study.save_results import add_recording

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config import RecordingInfo
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.study.study import Study


def add_outlined_recording(
    study: Study,
    planes: MeanPlanes,
    labels: NDArray[np.int32],
    info: RecordingInfo,
    cells: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Add a recording with outlines, without a model.

    Parameters
    ----------
    study
        The study.
    planes
        Mean images; their name is that of the recording.
    labels
        (plane, y, x) int32, a number unique in the recording.
    info
        Animal, sub-volume, pixel size and source files.
    cells
        Result of `cells.measure.measure`, if the cells were measured before.

    Returns
    -------
    Table of its cells, with the numbers that they have in the study.

    Raises
    ------
    InputError
        As `study.save_results.add_recording`.
    """
    run = {"recording": planes.name, "sources": list(info.sources), "models": {}}
    if cells is None:
        cells = measure(labels, planes)
    result = IdentifyResult(planes, labels, cells, (), None, run)
    return add_recording(study, result, info).cells()
