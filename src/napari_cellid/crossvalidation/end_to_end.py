"""Figures from the images to the classes: missed cells and superfluous outlines count.

The paper's accuracy is that of cells that were found. Here a cell that the U-Net misses
is wrong, and so is an outline without a cell that a classifier gives a class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.crossvalidation.detections import total_counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_cellid.crossvalidation.cells import EvaluationCells
    from napari_cellid.crossvalidation.detections import Detections

#: outlines of which at least this share is identical to the true ones are these
_SAME_OUTLINES = 0.5


def summarise_outlines(results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Compare the outlines of the U-Net with the true ones, over all recordings.

    Parameters
    ----------
    results
        Result of `detections.compare_outlines` by recording.

    Returns
    -------
    For JSON: metrics of outlines and pixels, F1 score by centroids, error of the count,
    and whether the true outlines are those of the U-Net itself.
    """
    counts = total_counts(results)
    near = sum(one["centroids"] for one in results.values())
    identical = sum(one["identical"] for one in results.values())
    either = counts.n_found + counts.n_true
    return {
        **counts.metrics(),
        **counts.pixel_metrics(),
        "centroid_f1": round(2 * near / either, 6) if either else None,
        "count_error": round(counts.n_found / counts.n_true - 1, 6)
        if counts.n_true
        else None,
        "model": next((one["model"] for one in results.values()), ""),
        "recordings": len(results),
        "same_outlines": identical >= _SAME_OUTLINES * max(counts.n_found, 1),
    }


def summarise_end_to_end(
    parts: Sequence[Mapping[str, Any]],
    which: str,
    cells: EvaluationCells,
    detections: Detections,
) -> dict[str, Any]:
    """Count what a method makes of the outlines of the U-Net, over all folds.

    Parameters
    ----------
    parts
        Results of the folds.
    which
        "fixed" or "chosen": the epoch.
    cells
        The cells, in which the results refer to rows.
    detections
        The outlines, in which they do so, too.

    Returns
    -------
    For JSON: `confusion` (true class or no cell, called class or missed), the share of
    cells that are found, and found and called correctly; precision, recall and F1 of
    each class, and the mean F1.
    """
    n = len(cells.classes)
    confusion = np.zeros((n + 1, n + 1), np.int64)
    row, target = detections.table["row"].to_numpy(int), cells.target
    for part in parts:
        outlines = np.asarray(part["outlines"], int)
        called = np.asarray(part[which]["outlines"], float).reshape(-1, n).argmax(1)
        on_cell = row[outlines]
        true = np.where(on_cell < 0, n, target[on_cell])
        np.add.at(confusion, (true, called), 1)
        missed = np.setdiff1d(np.asarray(part["rows"], int), on_cell)
        np.add.at(confusion, (target[missed], n), 1)
    return {"confusion": confusion.tolist(), **_metrics(confusion, cells.classes)}


def _metrics(confusion: NDArray[np.int64], classes: tuple[str, ...]) -> dict[str, Any]:
    n = len(classes)
    hits, true = np.diagonal(confusion)[:n], confusion[:n].sum(1)
    called = confusion[:, :n].sum(0)
    found = confusion[:n, :n].sum()
    f1 = 2 * hits / np.maximum(true + called, 1)
    return {
        "found": float(found / max(true.sum(), 1)),
        "correct": float(hits.sum() / max(true.sum(), 1)),
        "correct_of_found": float(hits.sum() / max(found, 1)),
        "missed": int(confusion[:n, n].sum()),
        "superfluous": int(confusion[n, :n].sum()),
        "macro_f1": float(f1.mean()),
        "by_class": {
            name: {
                "precision": float(hits[k] / max(called[k], 1)),
                "recall": float(hits[k] / max(true[k], 1)),
                "f1": float(f1[k]),
            }
            for k, name in enumerate(classes)
        },
    }
