"""Each ROI is classified by all its pixels, whatever other ROIs share."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from napari_cellid.cells.rois import RoiSet, measure_rois
from napari_cellid.classification.rois import classify_rois
from napari_cellid.config import ClassifyConfig
from napari_cellid.progress import Progress, run_to_end
from napari_cellid.recording import MeanPlanes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


class RedShare:
    """Says "red" with the mean of red over the pixels of a cell in the labels."""

    card = SimpleNamespace(
        name="share", classes=("red", "other"), class_none=False, least_confidence=None,
        least_contrast=None,
    )  # fmt: skip

    def __init__(self, *, uses_outlines: bool) -> None:
        self.uses_outlines = uses_outlines
        self.calls = 0

    def classify(
        self,
        planes: MeanPlanes,
        labels: NDArray[np.int32],
        cells: pd.DataFrame,
        config: Any,
        device: Any,
    ) -> Iterator[Progress]:
        self.calls += 1
        yield Progress("Classifying", 0, 1)
        assert planes.red is not None
        if not self.uses_outlines:
            place = cells[["y", "x"]].round().to_numpy(int)
            red = planes.red[0, place[:, 0], place[:, 1]]
        else:
            red = [planes.red[labels == label].mean() for label in cells["label"]]
        return np.stack([red, 1 - np.asarray(red)], axis=1).astype(np.float32)


@pytest.mark.parametrize("uses_outlines", [True, False])
def test_overlaps_change_nothing(uses_outlines: bool) -> None:
    rng = np.random.default_rng(0)
    red = rng.uniform(0, 1, (1, 40, 40)).astype(np.float32)
    planes = MeanPlanes("field", red, red + 1, 1.0)
    boxes = [np.s_[5:12, 5:12], np.s_[9:20, 9:20], np.s_[6:8, 6:8], np.s_[25:30, 3:9]]
    grids = [np.mgrid[box].reshape(2, -1) for box in boxes]
    counts = [grid.shape[1] for grid in grids]
    y, x = np.concatenate(grids, axis=1).astype(np.int32)
    table = pd.DataFrame({"plane": 0, "roi": range(4), "iscell": 1.0})
    rois = RoiSet(
        (1, 40, 40), np.zeros(4, np.intp), np.cumsum([0, *counts]).astype(np.int64),
        y, x, np.ones(len(y), np.float32), table,
    )  # fmt: skip
    assert rois.n_layers == 2
    classifier = RedShare(uses_outlines=uses_outlines)
    cells = run_to_end(
        classify_rois(
            planes, rois, measure_rois(rois, planes), classifier, ClassifyConfig(), None
        )
    )
    assert cells["label"].tolist() == [1, 2, 3, 4]
    # one pass is enough where outlines are not read
    assert classifier.calls == (2 if uses_outlines else 1)
    expected = [red[0][box].mean() for box in boxes]
    if uses_outlines:
        np.testing.assert_allclose(cells["p_red"], expected, rtol=1e-5)
