"""Detection of cells: outlines matched by overlap, F1 score and its intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from napari_cellid.cells.matching import count_overlaps
from napari_cellid.evaluation.bootstrap import (
    N_RESAMPLES,
    Interval,
    enough_groups,
    percentile_interval,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: outlines with at least this intersection over union match
IOU = 0.5


@dataclass(frozen=True)
class DetectionCounts:
    """Counts of a comparison of outlines, which can be added.

    Parameters
    ----------
    true_positives
        Number of matched pairs of a found and a true cell.
    n_found, n_true
        Number of found cells, and of true cells.
    overlap_px, total_px
        Pixels of the intersection of found and true cells, and of found plus true
        cells.
    true_px, compared_px
        Pixels of true cells, and of the whole area of the comparison.
    """

    true_positives: int = 0
    n_found: int = 0
    n_true: int = 0
    overlap_px: int = 0
    total_px: int = 0
    true_px: int = 0
    compared_px: int = 0

    def __add__(self, other: Self) -> DetectionCounts:
        return DetectionCounts(
            *(a + b for a, b in zip(vars(self).values(), vars(other).values(),
                                    strict=True))
        )  # fmt: skip

    def metrics(self) -> dict[str, Any]:
        """F1, precision, recall, Dice coefficient and counts, as values for JSON."""
        return {
            "f1": _share(2 * self.true_positives, self.n_found + self.n_true),
            "precision": _share(self.true_positives, self.n_found),
            "recall": _share(self.true_positives, self.n_true),
            "dice": _share(2 * self.overlap_px, self.total_px),
            "n": self.n_true,
            "found": self.n_found,
        }

    def pixel_metrics(self) -> dict[str, float | None]:
        """Metrics of cell against background, and average precision, for JSON.

        `background_accuracy` is the pixel accuracy of an image without any cell, and
        `average_precision` the share of matched pairs among all cells that are found,
        true or both, at the overlap of `IOU`.
        """
        wrong = self.total_px - 2 * self.overlap_px
        hits = self.true_positives
        return {
            "pixel_accuracy": _share(self.compared_px - wrong, self.compared_px),
            "background_accuracy": _share(
                self.compared_px - self.true_px, self.compared_px
            ),
            "dice": _share(2 * self.overlap_px, self.total_px),
            "iou": _share(self.overlap_px, self.total_px - self.overlap_px),
            "average_precision": _share(hits, self.n_found + self.n_true - hits),
        }


def count_detections(
    found: NDArray[np.int32],
    truth: NDArray[np.int32],
    evaluated: NDArray[np.bool_] | None = None,
) -> DetectionCounts:
    """Compare found outlines with true ones, both (plane, y, x) or (y, x).

    Parameters
    ----------
    found, truth
        Label images, 0 for background.
    evaluated
        Area of the comparison: cells with most of their pixels outside are left out.
    """
    found, truth = _within(found, evaluated), _within(truth, evaluated)
    overlaps = count_overlaps(found, truth)
    # above 0.5 a cell has at most one match; at exactly 0.5 it counts once
    matching = overlaps.iou >= IOU
    matches = overlaps.first[matching], overlaps.second[matching]
    in_found, in_truth = found > 0, truth > 0
    return DetectionCounts(
        true_positives=min(len(np.unique(labels)) for labels in matches),
        n_found=len(np.unique(found[in_found])),
        n_true=len(np.unique(truth[in_truth])),
        overlap_px=int((in_found & in_truth).sum()),
        total_px=int(in_found.sum() + in_truth.sum()),
        true_px=int(in_truth.sum()),
        compared_px=truth.size if evaluated is None else int(evaluated.sum()),
    )


def count_detections_by_tile(
    found: NDArray[np.int32],
    truth: NDArray[np.int32],
    evaluated: NDArray[np.bool_] | None,
    side_px: int,
) -> list[DetectionCounts]:
    """Compare as `count_detections`, for each square tile of each plane on its own.

    A cell counts in the tile that holds most of it, so that the sum over tiles is about
    that of the whole image, but not exactly.
    """
    tiles = []
    for k, (one, true) in enumerate(zip(found, truth, strict=True)):
        for top in range(0, one.shape[0], side_px):
            for left in range(0, one.shape[1], side_px):
                inside = np.zeros(one.shape, bool)
                inside[top : top + side_px, left : left + side_px] = True
                if evaluated is not None:
                    inside &= evaluated[k]
                tiles.append(count_detections(one, true, inside))
    return tiles


def _within(
    labels: NDArray[np.int32], evaluated: NDArray[np.bool_] | None
) -> NDArray[np.int32]:
    if evaluated is None:
        return labels
    area = np.bincount(labels.ravel())
    inside = np.bincount(labels.ravel(), evaluated.ravel())
    kept = 2 * inside >= np.maximum(area, 1)
    kept[0] = False
    return np.where(kept[labels], labels, 0).astype(np.int32)


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole else None


def f1_difference(
    new: Sequence[DetectionCounts],
    old: Sequence[DetectionCounts],
    groups: Sequence[str],
    value: float,
    seed: int = 0,
) -> Interval:
    """95 % confidence interval of a difference in F1, by bootstrap over groups.

    Both networks are evaluated on the same resamples, so that tiles that are difficult
    for both do not widen the interval.

    Parameters
    ----------
    new, old
        Counts of each network in each tile of the held-out fields.
    groups
        Group of each tile, such as its animal. With fewer than `MIN_GROUPS` groups
        single tiles are resampled, and the interval is too narrow.
    value
        Difference over all fields.
    seed
        Seed of the resamples.
    """
    unit = np.arange(len(groups))
    if enough_groups(groups):
        unit = np.unique(np.asarray(groups, str), return_inverse=True)[1]
    n = int(unit.max(initial=-1)) + 1
    counts = np.zeros((2, n, 2), np.int64)
    for side, tiles in enumerate((new, old)):
        parts = [(2 * one.true_positives, one.n_found + one.n_true) for one in tiles]
        # not +=, which counts an index that occurs several times once
        np.add.at(counts[side], unit, np.array(parts, np.int64).reshape(-1, 2))
    rng, resampled = np.random.default_rng(seed), []
    for _ in range(N_RESAMPLES if n else 0):
        weights = np.bincount(rng.integers(n, size=n), minlength=n)
        (a, b), (c, d) = weights @ counts[0], weights @ counts[1]
        resampled.append(a / b - c / d if b and d else float("nan"))
    return percentile_interval(value, resampled)
