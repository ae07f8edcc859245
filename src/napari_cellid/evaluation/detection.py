"""How well cells are found: pairs of outlines that overlap enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from napari_cellid.cells.matching import count_overlaps
from napari_cellid.evaluation.bootstrap import (
    Interval,
    enough_groups,
    percentile_interval,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: outlines whose common share of their union is at least this are the same cell
IOU = 0.5


@dataclass(frozen=True)
class DetectionCounts:
    """Counts of a comparison of outlines; they can be added.

    Parameters
    ----------
    true_positives
        Pairs of a true and a found cell.
    n_found, n_true
        Cells found, and cells that there are.
    overlap_px, total_px
        Pixels in found and true cells alike, and pixels of found plus of true ones.
    """

    true_positives: int = 0
    n_found: int = 0
    n_true: int = 0
    overlap_px: int = 0
    total_px: int = 0

    def __add__(self, other: Self) -> DetectionCounts:
        return DetectionCounts(
            *(a + b for a, b in zip(vars(self).values(), vars(other).values(),
                                    strict=True))
        )  # fmt: skip

    def metrics(self) -> dict[str, Any]:
        """F1, precision, recall, Dice and numbers, ready for JSON."""
        return {
            "f1": _share(2 * self.true_positives, self.n_found + self.n_true),
            "precision": _share(self.true_positives, self.n_found),
            "recall": _share(self.true_positives, self.n_true),
            "dice": _share(2 * self.overlap_px, self.total_px),
            "n": self.n_true,
            "found": self.n_found,
        }


def count_detections(
    found: NDArray[np.int32],
    truth: NDArray[np.int32],
    judged: NDArray[np.bool_] | None = None,
) -> DetectionCounts:
    """Compare found outlines with true ones, both (plane, y, x) or (y, x).

    Parameters
    ----------
    found, truth
        Labels, 0 where there is no cell.
    judged
        Where the comparison counts: cells most of which lie outside are left out.
    """
    found, truth = _within(found, judged), _within(truth, judged)
    overlaps = count_overlaps(found, truth)
    # above one half a cell has one partner at most; at one half the first counts
    same = overlaps.iou >= IOU
    partners = overlaps.first[same], overlaps.second[same]
    in_found, in_truth = found > 0, truth > 0
    return DetectionCounts(
        true_positives=min(len(np.unique(labels)) for labels in partners),
        n_found=len(np.unique(found[in_found])),
        n_true=len(np.unique(truth[in_truth])),
        overlap_px=int((in_found & in_truth).sum()),
        total_px=int(in_found.sum() + in_truth.sum()),
    )


def count_detections_by_tile(
    found: NDArray[np.int32],
    truth: NDArray[np.int32],
    judged: NDArray[np.bool_] | None,
    side_px: int,
) -> list[DetectionCounts]:
    """Compare as `count_detections`, for each square tile of each plane on its own.

    A cell counts in the piece in which most of it lies, so that the sum over pieces is
    about, and not exactly, that of the whole.
    """
    pieces = []
    for k, (one, true) in enumerate(zip(found, truth, strict=True)):
        for top in range(0, one.shape[0], side_px):
            for left in range(0, one.shape[1], side_px):
                here = np.zeros(one.shape, bool)
                here[top : top + side_px, left : left + side_px] = True
                if judged is not None:
                    here &= judged[k]
                pieces.append(count_detections(one, true, here))
    return pieces


def _within(
    labels: NDArray[np.int32], judged: NDArray[np.bool_] | None
) -> NDArray[np.int32]:
    if judged is None:
        return labels
    area = np.bincount(labels.ravel())
    inside = np.bincount(labels.ravel(), judged.ravel())
    kept = 2 * inside >= np.maximum(area, 1)
    kept[0] = False
    return np.where(kept[labels], labels, 0).astype(np.int32)


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 6) if whole else None


_TIMES = 1000


def f1_difference(
    new: Sequence[DetectionCounts],
    old: Sequence[DetectionCounts],
    groups: Sequence[str],
    value: float,
    seed: int = 0,
) -> Interval:
    """Interval (95 %) of a difference in F1 by bootstrap over groups, or over pieces.

    Both networks are measured on the same drawn pieces, so that what is hard for both
    does not widen the interval.

    Parameters
    ----------
    new, old
        Counts of each network in each piece of the held-out fields.
    groups
        Group of each piece, such as its animal. With fewer than `MIN_GROUPS` of
        them pieces are drawn instead, and the interval is too narrow.
    value
        Difference over all fields.
    seed
        Of the draws.
    """
    unit = np.arange(len(groups))
    if enough_groups(groups):
        unit = np.unique(np.asarray(groups, str), return_inverse=True)[1]
    n = int(unit.max(initial=-1)) + 1
    counts = np.zeros((2, n, 2), np.int64)
    for side, pieces in enumerate((new, old)):
        parts = [(2 * one.true_positives, one.n_found + one.n_true) for one in pieces]
        np.add.at(counts[side], unit, np.array(parts, np.int64).reshape(-1, 2))
    rng, drawn = np.random.default_rng(seed), []
    for _ in range(_TIMES if n else 0):
        times = np.bincount(rng.integers(n, size=n), minlength=n)
        (a, b), (c, d) = times @ counts[0], times @ counts[1]
        drawn.append(a / b - c / d if b and d else float("nan"))
    return percentile_interval(value, drawn)
