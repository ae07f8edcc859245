"""Metrics of trained models as tables: rows for the window, lines for the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_cellid.annotation.answer import answer_text
from napari_cellid.report.table import (
    NONE,
    Rows,
    TableItem,
    count_text,
    number_text,
    text_table,
)
from napari_cellid.report.training import (
    basis_text,
    rater_agreement_text,
    simulated_fields_text,
)
from napari_cellid.retrain.verdict import decimal_text, read_verdict
from napari_cellid.training.report_file import damaged_note

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: number of decimals in the terminal
_DIGITS = 3


@dataclass(frozen=True)
class _Column:
    """A column or row: key in a report, title and explanation of a model or metric."""

    key: str
    title: str
    tip: str
    #: title of a model in the terminal
    name: str = ""


_MODELS = (
    _Column("new", "new", "The model that was trained.", "new model"),
    _Column(
        "old", "before", "The model that the study used before, on the same cells.",
        "model before",
    ),
    _Column(
        "floor", "rule",
        "A simple rule with one threshold for red and one for green, on the same "
        "cells: the baseline that a model must surpass.",
        "two thresholds",
    ),
)  # fmt: skip
_PEOPLE = _Column(
    "experts", "people",
    "How often a single person agrees with the majority of the others: the ceiling "
    "for a model.",
    "people",
)  # fmt: skip
_METRICS = {
    "classify": (
        _Column(
            "balanced_accuracy", "balanced",
            "Balanced accuracy: share of correct cells, every class counting the same.",
        ),
        _Column("accuracy", "accuracy", "Share of correct cells."),
        _Column("macro_f1", "mean F1", "F1, averaged over the classes."),
        _Column(
            "kappa", "kappa",
            "Cohen's kappa: agreement with people beyond chance; 1 is perfect.",
        ),
        _Column(
            "ece", "calibration",
            "Expected calibration error: how far the probabilities of the model are "
            "off on average; lower is better.",
        ),
    ),
    "segment": (
        _Column("f1", "F1", "Harmonic mean of precision and recall; 1 is perfect."),
        _Column("precision", "precision", "Share of the detections that are cells."),
        _Column("recall", "recall", "Share of the true cells that are detected."),
        _Column("dice", "Dice", "Overlap of the outlines; 1 is perfect."),
    ),
}  # fmt: skip
_CLASS_METRICS = (
    _Column("n", "cells", "Held-out cells of this class according to people."),
    _Column(
        "sensitivity", "sens.",
        "Sensitivity: share of them to which the model gives this class.",
    ),
    _Column(
        "specificity", "spec.",
        "Specificity: share of the other cells to which it does not give this class.",
    ),
    _Column(
        "precision", "prec.",
        "Precision: share of the cells with this class according to the model that "
        "have it according to people.",
    ),
    _Column("f1", "F1", "Harmonic mean of sensitivity and precision."),
)  # fmt: skip


def figure_rows(report: Mapping[str, Any]) -> tuple[list[str], Rows, list[str]]:
    """Make a table of metrics with a column for each model.

    Returns
    -------
    Titles, rows and explanations of the columns.
    """
    models = [model for model in _MODELS if report.get(model.key)]
    experts = report.get("experts") or {}
    people = [_PEOPLE] if experts.get("accuracy") is not None else []
    rows: Rows = []
    for metric in _METRICS.get(report.get("task", ""), ()):
        items = [_metric_item(report[model.key], metric) for model in models]
        if people:
            items.append(_people_item(report, metric.key))
        if any(item.text not in ("", NONE) for item in items):
            rows.append((metric.title, items))
    columns = [*models, *people]
    return [c.title for c in columns], rows, [c.tip for c in columns]


def class_figure_rows(
    report: Mapping[str, Any], which: str
) -> tuple[list[str], Rows, list[str]]:
    """Make a table of class metrics for one of the models: "new", "old" or "floor"."""
    by_class = (report.get(which) or {}).get("by_class") or {}
    columns = [
        column
        for column in _CLASS_METRICS
        if column.key == "n"
        or any(column.key in values for values in by_class.values())
    ]
    rows: Rows = [
        (
            answer_text(name),
            [
                TableItem(_class_value(values, column.key, 2), column.tip)
                for column in _CLASS_METRICS
                if column.key == "n" or column.key in values
            ],
        )
        for name, values in by_class.items()
    ]
    return [c.title for c in columns], rows, [c.tip for c in columns]


def confusion_matrix_rows(
    report: Mapping[str, Any], which: str
) -> tuple[list[str], Rows]:
    """Make the confusion matrix of a model: people in rows, the model in columns."""
    classes = [str(name) for name in report.get("classes") or ()]
    counts = (report.get(which) or {}).get("confusion") or []
    rows: Rows = []
    for truth, row in zip(classes, counts, strict=False):
        # shares of the row: a rare class is shaded like a frequent one
        total = max(sum(row), 1)
        items = [
            TableItem(str(n), _confusion_tip(n, truth, predicted), n / total)
            for predicted, n in zip(classes, row, strict=False)
        ]
        rows.append((answer_text(truth), items))
    return classes, rows


def result_lines(folder: Path, report: Mapping[str, Any]) -> list[str]:
    """Format the result of a training for the terminal.

    Parameters
    ----------
    folder
        Folder of the run.
    report
        Content of `report.json`.
    """
    lines = [basis_text(report), *_model_lines(report)]
    by_class = (report.get("new") or {}).get("by_class")
    if by_class:
        lines += class_lines(by_class)
    if report.get("difference"):
        lines.append(read_verdict(report, _DIGITS).sentence)
    more = (
        damaged_note(report),
        rater_agreement_text(report),
        simulated_fields_text(report, _DIGITS),
    )
    return [
        *lines,
        *(sentence for sentence in more if sentence),
        f"Model: {folder / 'model'}",
        # in quotes, so that a path with spaces can be pasted into a shell
        f'Use it in the study: napari-cellid runs use "{folder}"',
    ]


def class_lines(
    by_class: Mapping[str, Mapping[str, float | None]],
) -> Iterator[str]:
    """Format the metrics of each class for the terminal, one line per class."""
    yield from text_table(
        [column.title for column in _CLASS_METRICS],
        {
            name: [_class_value(values, c.key, _DIGITS) for c in _CLASS_METRICS]
            for name, values in by_class.items()
        },
    )


def _model_lines(report: Mapping[str, Any]) -> Iterator[str]:
    metrics = _METRICS.get(report.get("task", "classify"), ())
    rows = {
        model.name: [
            number_text(report[model.key].get(m.key), _DIGITS) for m in metrics
        ]
        for model in (*_MODELS, _PEOPLE)
        if report.get(model.key)
    }
    yield from text_table([metric.title for metric in metrics], rows)


def _class_value(values: Mapping[str, Any], key: str, digits: int) -> str:
    if key == "n":
        return NONE if values.get("n") is None else str(values["n"])
    return number_text(values.get(key), digits)


def _metric_item(values: Mapping[str, Any], metric: _Column) -> TableItem:
    tip, interval = metric.tip, (values.get("intervals") or {}).get(metric.key)
    if interval:
        low, high = map(decimal_text, interval)
        tip = f"{tip} 95 % interval {low} to {high}."
    return TableItem(number_text(values.get(metric.key)), tip)


def _people_item(report: Mapping[str, Any], metric: str) -> TableItem:
    # people gave answers, not probabilities, and only equal answers are counted
    if metric != "accuracy":
        return TableItem("")
    value = number_text(report["experts"]["accuracy"])
    return TableItem(value, rater_agreement_text(report))


def _confusion_tip(n: int, truth: str, predicted: str) -> str:
    return (
        f"{count_text(n, 'cell')}: {answer_text(truth)} according to people, "
        f"{answer_text(predicted)} according to the model. Click to list "
        f"{'it' if n == 1 else 'them'}."
    )
