"""Sentences and tables about the cells of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.annotation.answer import answer_text
from napari_cellid.report.table import Rows, TableItem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.retrain.dataset_summary import DecidedCellCounts


#: with fewer cells of a class a model hardly learns the class
MIN_CELLS_PER_CLASS = 20


#: number of animals (or recordings) with a row of their own
_MOST_ROWS = 8


def held_out_text(counts: Mapping[str, Any]) -> str:
    """Describe the split of the cells; "" before it is known.

    Parameters
    ----------
    counts
        Values of an estimate: `train`, `validation`, `held_out` and `measured_on` for
        cells; for outlines `held_out` alone, a sentence.
    """
    if isinstance(counts.get("held_out"), str):
        return str(counts["held_out"])
    names = ("train", "validation", "held_out")
    if not all(isinstance(counts.get(name), dict) for name in names):
        return ""
    train, chosen, held = (int(counts[name].get("cells", 0)) for name in names)
    text = (
        f"{train} of them are trained on, {chosen} choose the best epoch, and {held} "
        "are held out to compare the models."
    )
    return f"{text} {counts.get('measured_on', '')}".strip()


def class_rows(decided: DecidedCellCounts) -> tuple[list[str], Rows]:
    """Make a table of the decided cells, with a column per class and a row per animal.

    Returns
    -------
    Titles of the columns, and the rows; the last one holds the sums.
    """
    names = list(decided.by_class)
    groups = sorted(decided.counts, key=lambda g: -sum(decided.counts[g].values()))
    rows = [
        (group, [TableItem(str(decided.counts[group].get(n, 0))) for n in names])
        for group in groups[:_MOST_ROWS]
    ]
    rest = groups[_MOST_ROWS:]
    if rest:
        sums = [sum(decided.counts[g].get(n, 0) for g in rest) for n in names]
        rows.append((f"{len(rest)} more", [TableItem(str(n)) for n in sums]))
    # the sum of one group would repeat its row
    if len(groups) != 1:
        rows.append(("in all", [TableItem(str(decided.by_class[n])) for n in names]))
    return [answer_text(name) for name in names], rows


def lacking_cells_text(decided: DecidedCellCounts) -> str:
    """Say in one sentence which cells are lacking; "" if there are enough."""
    if not decided.total:
        return _no_cells_text(decided)
    few = {name: n for name, n in decided.by_class.items() if n < MIN_CELLS_PER_CLASS}
    if not few:
        return ""
    counts = _join([f"{n or 'no'} {answer_text(name)}" for name, n in few.items()])
    single = list(few.values()) == [1]
    return (
        f"Only {counts} {'cell is' if single else 'cells are'} decided; a class needs "
        f"at least {MIN_CELLS_PER_CLASS} cells to be learned well, so answer more of "
        "them in the Annotate dock."
    )


def _no_cells_text(decided: DecidedCellCounts) -> str:
    lacking = decided.others.get("too_few", 0)
    disputed = decided.others.get("disputed", 0)
    if lacking or disputed:
        return (
            f"No cell is decided yet ({lacking} have too few answers, {disputed} are "
            "disputed): change the rule or settle disputes in the Agreement dock, or "
            "let more people answer."
        )
    return "Nobody has answered yet: answer cells in the Annotate dock first."


def _join(items: Sequence[str]) -> str:
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else last
