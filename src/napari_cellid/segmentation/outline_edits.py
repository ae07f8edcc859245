"""Cells keep their numbers and classes when their outlines change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.cells.matching import changed_labels, match_labels
from napari_cellid.cells.measure import measure, measure_labels
from napari_cellid.cells.numbering import relabel_sequential
from napari_cellid.cells.plane_links import LINKED
from napari_cellid.segmentation.instances import label_recording

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.config import SegmentConfig
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.predict import Segmentation


@dataclass(frozen=True, eq=False)
class LabelledCells:
    """Cells as they are shown; every change makes a new one.

    Parameters
    ----------
    labels
        (plane, y, x) int32.
    cells
        Cell table.
    next_cell
        Smallest permanent number that no cell has had yet.
    hand
        (plane, y, x): the `cell` that the user drew there, -1 where the user took
        cells away, 0 elsewhere; None before the first change by hand.
    stale
        Labels whose class is out of date.
    """

    labels: NDArray[np.int32]
    cells: pd.DataFrame
    next_cell: int
    hand: NDArray[np.int64] | None = None
    stale: frozenset[int] = field(default_factory=frozenset)


def initial_cells(labels: NDArray[np.int32], cells: pd.DataFrame) -> LabelledCells:
    """Cells as a run found them."""
    return LabelledCells(
        labels, cells, int(cells["cell"].max()) + 1 if len(cells) else 1
    )


def resegment(
    before: LabelledCells,
    segmentation: Segmentation,
    planes: MeanPlanes,
    config: SegmentConfig,
    patch_um: float | None,
    *,
    by_outline: bool = False,
) -> LabelledCells:
    """Outline cells anew from kept probability maps; cells keep what is still true.

    A cell that is outlined again keeps its permanent number and its class. What the
    user drew and erased stays as it is.

    Parameters
    ----------
    before
        Cells so far.
    segmentation
        Probability maps.
    planes
        Mean images.
    config
        The new settings.
    patch_um
        Pixel size (µm) of the classifier, None where there is none. A cell whose
        middle stays in the same pixel has the same patch, and is not stale.
    by_outline
        Whether the class hangs on all pixels of a cell: then it is stale where one of
        them is another.
    """
    labels = label_recording(
        segmentation.probability, segmentation.core, planes, config
    )
    if before.hand is not None:
        labels = restore_manual_edits(labels, before.hand)
    cells = measure(labels, planes)
    partner_of = match_labels(before.labels, labels)
    partner = partner_of[cells["label"].to_numpy()]
    cells, next_cell = _take_over(cells, partner, before)
    stale: set[int] = set()
    if patch_um is not None:
        old = before.cells.set_index("label").reindex(partner)
        factor = planes.network_pixel_um / patch_um
        moved = (_patch_middle(cells, factor) != _patch_middle(old, factor)).any(1)
        moved |= np.isin(partner, list(before.stale))
        if by_outline:
            other = changed_labels(before.labels, partner_of[labels])
            # 0: a cell without a partner is new
            moved |= np.isin(partner, [0, *other])
        stale = set(cells["label"][moved].tolist())
    return LabelledCells(labels, cells, next_cell, before.hand, frozenset(stale))


def apply_edits(
    before: LabelledCells,
    labels: NDArray[np.int32],
    planes: MeanPlanes,
    *,
    classified: bool,
) -> LabelledCells:
    """Take over what the user painted; only the touched cells are measured anew.

    Returns
    -------
    The same object where nothing changed. A label that goes on keeps its lasting
    number, a new one gets a new number.
    """
    changed = changed_labels(before.labels, labels)
    if not changed:
        return before
    table = before.cells
    rows = measure_labels(labels, planes, changed)
    number = rows["label"].to_numpy()
    partner = np.where(np.isin(number, table["label"]), number, 0)
    rows, next_cell = _take_over(rows, partner, before)
    others = table[~table["label"].isin(list(changed))]
    cells = _stacked(others, rows)
    cell_of = dict(zip(cells["label"], cells["cell"], strict=True))
    stale = (before.stale - changed) | (set(number.tolist()) if classified else set())
    return LabelledCells(
        labels,
        cells,
        next_cell,
        mark_manual_edits(before, labels, cell_of),
        frozenset(stale),
    )


def update_classes(before: LabelledCells, rows: pd.DataFrame) -> LabelledCells:
    """Write in the classes of some cells, by label; the others stay as they are."""
    cells = before.cells.copy()
    place = cells["label"].isin(rows["label"])
    for name in (column for column in cells if is_prediction_column(str(column))):
        cells.loc[place, name] = rows[name].to_numpy()
    return replace(
        before, cells=cells, stale=before.stale - set(rows["label"].tolist())
    )


def mark_manual_edits(
    before: LabelledCells, after: NDArray[np.int32], cell_of: dict[int, int]
) -> NDArray[np.int64]:
    """Remember what the user drew and erased; `cell_of` tells cells of new labels."""
    differs = before.labels != after
    if before.hand is None:
        marked = np.zeros(after.shape, np.int64)
    else:
        marked = before.hand.copy()
    marked[differs & (after == 0)] = -1
    for label in np.unique(after[differs]):
        if label > 0:
            marked[after == label] = cell_of[int(label)]
    # cells that lost pixels, but have some left
    for label in np.unique(before.labels[differs & (before.labels > 0)]):
        if int(label) in cell_of:
            marked[after == label] = cell_of[int(label)]
    # what was drawn earlier and is gone now was taken away, too
    marked[~np.isin(marked, [-1, 0, *cell_of.values()])] = -1
    return marked


def is_prediction_column(column: str) -> bool:
    """Whether a classifier fills this column in."""
    return column in ("predicted", "confidence") or column.startswith("p_")


def _take_over(
    cells: pd.DataFrame, partner: NDArray[np.int64], before: LabelledCells
) -> tuple[pd.DataFrame, int]:
    """Lasting numbers and classes from the earlier table; new cells get new numbers.

    Returns the table, its columns as before, and the next free permanent number.
    """
    rows = before.cells.set_index("label").reindex(partner)
    new = rows["cell"].isna().to_numpy()
    fresh = before.next_cell + np.cumsum(new) - 1
    cells = cells.assign(cell=np.where(new, fresh, rows["cell"]).astype(np.int64))
    for name in (
        column for column in before.cells if is_prediction_column(str(column))
    ):
        empty = "" if name == "predicted" else np.nan
        cells[name] = np.where(new, empty, rows[name].to_numpy())
    if LINKED in before.cells:
        # a new outline is a cell of its own until the next run
        linked = np.where(new, cells["cell"], rows[LINKED].to_numpy())
        cells[LINKED] = linked.astype(np.int64)
    return cells[list(before.cells.columns)], before.next_cell + int(new.sum())


def _stacked(others: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    # an empty table has no types to agree with
    parts = [part for part in (others, rows) if len(part)] or [others]
    return pd.concat(parts).sort_values("label", ignore_index=True)


def _patch_middle(cells: pd.DataFrame, factor: float) -> NDArray[np.float64]:
    """(cell, 3): plane and pixel at the classifier's scale where each patch lies."""
    middle = np.round((cells[["y", "x"]].to_numpy(float) + 0.5) * factor - 0.5)
    return np.column_stack([cells["plane"].to_numpy(float), middle])


def restore_manual_edits(
    labels: NDArray[np.int32], hand: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Put what the user drew over new labels, and leave out what the user erased."""
    touched = hand != 0
    area = np.bincount(labels.ravel())
    inside = np.bincount(labels[touched], minlength=len(area))
    # mostly within what the user settled: the same cell, or one taken away
    kept = np.where(touched | (2 * inside >= area)[labels], 0, labels)
    drawn = hand > 0
    _, number = np.unique(hand[drawn], return_inverse=True)
    # numbers beyond those of the new outlines
    kept[drawn] = len(area) + number
    return relabel_sequential(kept)[1]
