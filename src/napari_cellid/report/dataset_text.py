"""What people read of the cells of a training: counts, rules, what is lacking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.annotation.answer import answer_text
from napari_cellid.report.table import Rows, TableItem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.retrain.dataset_summary import DecidedCellCounts


#: with fewer cells of a class a model hardly learns what it is
FEW = 20


#: more animals (or recordings) than that are added up
_MOST_ROWS = 8


def held_out_text(counts: Mapping[str, Any]) -> str:
    """What becomes of the cells, once that is known; "" before.

    Parameters
    ----------
    counts
        What the estimate says; of cells `train`, `validation`, `held_out` and
        `measured_on`, of outlines `held_out` alone, in words.
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
    """Decided cells: a column for each class, a row for each animal.

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
    if len(groups) != 1:
        rows.append(("in all", [TableItem(str(decided.by_class[n])) for n in names]))
    return [answer_text(name) for name in names], rows


def lacking_cells_text(decided: DecidedCellCounts) -> str:
    """What is lacking, in one sentence; "" where nothing is."""
    if not decided.total:
        return _nothing(decided)
    few = {name: n for name, n in decided.by_class.items() if n < FEW}
    if not few:
        return ""
    said = _joined([f"{n or 'no'} {answer_text(name)}" for name, n in few.items()])
    one = sum(few.values()) == 1 and len(few) == 1
    return (
        f"Only {said} {'cell is' if one else 'cells are'} decided; with fewer than "
        f"{FEW} of a class the model hardly learns what it looks like, so answer more "
        "of them in the Annotate dock."
    )


def _nothing(decided: DecidedCellCounts) -> str:
    lacking = decided.others.get("too_few", 0)
    disputed = decided.others.get("disputed", 0)
    if lacking or disputed:
        return (
            f"No cell is decided yet ({lacking} have too few answers, {disputed} are "
            "disputed): change the rule or settle disputes in the Agreement dock, or "
            "let more people answer."
        )
    return "Nobody has answered yet: answer cells in the Annotate dock first."


def _joined(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
