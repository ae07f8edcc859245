"""What a report says of a new model, in words and rows; no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_cellid.annotation.answer import CellKey, answer_text
from napari_cellid.errors import InputError
from napari_cellid.report.agreement_tables import NONE, Rows
from napari_cellid.report.table_item import TableItem
from napari_cellid.report.training_text import MAIN_FIGURE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_cellid.progress import Step

#: who is compared: key in the report, what people read, explanation
MODELS = (
    ("new", "new", "The model that was trained."),
    ("old", "before", "The model that it began with, on the same cells."),
    (
        "floor",
        "rule",
        "The simple rule of two thresholds, red and green, on the same cells: what a "
        "model must at least do better.",
    ),
)
_FIGURES = {
    "classify": (
        ("balanced_accuracy", "balanced", "Share told right, each class alike."),
        ("accuracy", "accuracy", "Share of the cells told right."),
        ("macro_f1", "mean F1", "Mean over the classes of F1."),
        ("kappa", "Cohen's κ", "Agreement with people beyond chance; 1 is perfect."),
        (
            "ece",
            "calibration",
            "How far off the model's own probabilities are, on average; lower is "
            "better.",
        ),
    ),
    "segment": (
        ("f1", "F1", "Found cells: 1 when all are found and nothing else is."),
        ("precision", "precision", "Share of the found cells that are cells."),
        ("recall", "recall", "Share of the cells that are found."),
        ("dice", "Dice", "How well outlines overlap; 1 is perfect."),
    ),
}
_BY_CLASS = (
    ("n", "cells", "Held-out cells that people call so."),
    ("sensitivity", "sens.", "Sensitivity: share of them that the model calls so."),
    (
        "specificity",
        "spec.",
        "Specificity: share of the others that it does not call so.",
    ),
    ("precision", "prec.", "Precision: share of what it calls so that people call so."),
    ("f1", "F1", "Sensitivity and precision in one."),
)


@dataclass(frozen=True)
class ConfusionSquare:
    """A square of a confusion matrix: what people and a model said.

    Parameters
    ----------
    truth, told
        Class by people, and by the model.
    old
        Whether it is the model before.
    """

    truth: str
    told: str
    old: bool = False


def verdict(report: Mapping[str, Any]) -> tuple[str, str]:
    """Whether it helped: in a few large words, and in a sentence."""
    figure, words = MAIN_FIGURE.get(report.get("task", ""), ("", ""))
    new, old = report.get("new") or {}, report.get("old") or {}
    if new.get(figure) is None:
        return "Not measured", "No cells were held out on which it could be."
    if old.get(figure) is None:
        return f"{new[figure]:.2f} {words}", "There was no model before to compare."
    found = (report.get("difference") or {}).get(figure) or {}
    value = float(found.get("value", new[figure] - old[figure]))
    low, high = found.get("low"), found.get("high")
    if low is None or high is None:
        now, before = _plain(new[figure]), _plain(old[figure])
        return f"{_signed(value)} {words}", f"{now} now, {before} before; no interval."
    interval = f"95 % interval {_plain(low)} to {_plain(high)}"
    if low > 0:
        return f"Better: {_signed(value)}", f"{words}, {interval}."
    if high < 0:
        return f"Worse: {_signed(value)}", f"{words}, {interval}."
    return "No clear difference", f"{_signed(value)} {words}, {interval}."


def basis_text(report: Mapping[str, Any]) -> str:
    """On what the figures rest."""
    n = report.get("n_cells") or (report.get("new") or {}).get("n")
    text = str(report.get("measured_on") or "").strip()
    cells = f"Measured on {n} cells." if n else ""
    return f"{cells} {text}".strip()


def figure_rows(report: Mapping[str, Any]) -> tuple[list[str], Rows, list[str]]:
    """Figures of the models beside one another.

    Returns
    -------
    Titles, rows and explanations of the columns.
    """
    shown = [one for one in MODELS if report.get(one[0])]
    head, tips = [one[1] for one in shown], [one[2] for one in shown]
    experts = report.get("experts") or {}
    if experts.get("accuracy") is not None:
        head.append("people")
        tips.append("How often a single person is right by the others: the ceiling.")
    rows: Rows = []
    for name, title, tip in _FIGURES.get(report.get("task", ""), ()):
        cells = [_figure(report[key], name, tip) for key, *_ in shown]
        if len(head) > len(shown):
            same = name == "accuracy"
            told = _plain(experts["accuracy"]) if same else ""
            cells.append(TableItem(told, str(experts.get("text", "")) if same else ""))
        if any(cell.text not in ("", NONE) for cell in cells):
            rows.append((title, cells))
    return head, rows, tips


def class_figure_rows(
    report: Mapping[str, Any], which: str
) -> tuple[list[str], Rows, list[str]]:
    """Figures of each class under one of the models."""
    by_class = (report.get(which) or {}).get("by_class") or {}
    rows: Rows = []
    for name, found in by_class.items():
        cells = [
            TableItem(str(found["n"]) if key == "n" else _value(found.get(key)), tip)
            for key, _, tip in _BY_CLASS
            if key == "n" or key in found
        ]
        rows.append((answer_text(name), cells))
    there = [
        one
        for one in _BY_CLASS
        if one[0] == "n" or any(one[0] in found for found in by_class.values())
    ]
    return [one[1] for one in there], rows, [one[2] for one in there]


def confusion_matrix_rows(
    report: Mapping[str, Any], which: str
) -> tuple[list[str], Rows]:
    """Confusion matrix of one of the models: people in rows, the model in columns."""
    classes = [str(name) for name in report.get("classes") or ()]
    counts = (report.get(which) or {}).get("confusion") or []
    rows: Rows = []
    for truth, row in zip(classes, counts, strict=False):
        total = max(sum(row), 1)
        cells = [
            TableItem(str(n), _said(n, truth, told), n / total)
            for told, n in zip(classes, row, strict=False)
        ]
        rows.append((answer_text(truth), cells))
    return classes, rows


def cells_in_square(
    table: pd.DataFrame, square: ConfusionSquare
) -> list[tuple[CellKey, float]]:
    """The cells behind a square, and how sure the model was; the surest first."""
    told, chance = ("old_predicted", "old_p_") if square.old else ("predicted", "p_")
    if told not in table:
        return []
    rows = table[(table["class"] == square.truth) & (table[told] == square.told)]
    column = f"{chance}{square.told}"
    sure = rows[column] if column in rows else pd.Series(0.0, index=rows.index)
    rows = rows.assign(sure=sure).sort_values("sure", ascending=False, kind="stable")
    columns = (rows[name].tolist() for name in ("recording", "cell", "sure"))
    return [
        (CellKey(recording, int(cell)), float(value))
        for recording, cell, value in zip(*columns, strict=True)
    ]


def read_held_out(path: Path) -> Step[pd.DataFrame]:
    """Read the table of held-out cells of a run.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    yield from ()
    texts = dict.fromkeys(("recording", "class", "predicted", "old_predicted"), str)
    try:
        return pd.read_csv(path, dtype=texts, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read ({error}); train anew to have it again."
        ) from error


def report_notes(report: Mapping[str, Any]) -> list[str]:
    """What else is worth knowing, one sentence each."""
    found = [str(note) for note in report.get("notes") or ()]
    experts = report.get("experts") or {}
    if experts.get("text"):
        found.insert(0, str(experts["text"]))
    found.extend(_original(report.get("original_fields") or {}))
    return found


def _original(fields: Mapping[str, Any]) -> Sequence[str]:
    new, old = (fields.get(k) or {} for k in ("new", "old"))
    if "f1" not in new or "f1" not in old:
        return ()
    return (
        f"On {fields.get('measured_on', 'simulated fields')} F1 is "
        f"{_plain(new['f1'])} now and was {_plain(old['f1'])} before.",
    )


def _figure(figures: Mapping[str, Any], name: str, tip: str) -> TableItem:
    interval = (figures.get("intervals") or {}).get(name)
    if interval:
        tip = f"{tip} 95 % interval {_plain(interval[0])} to {_plain(interval[1])}."
    return TableItem(_value(figures.get(name)), tip)


def _said(n: int, truth: str, told: str) -> str:
    cells = "1 cell" if n == 1 else f"{n} cells"
    return (
        f"{cells} that people call {answer_text(truth)} and the model "
        f"{answer_text(told)}. A click shows {'it' if n == 1 else 'them'}."
    )


def _value(value: Any) -> str:
    return NONE if value is None else _plain(value)


def _plain(value: float) -> str:
    # a minus as wide as a plus
    return f"{value:.2f}".replace("-", "−")


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
