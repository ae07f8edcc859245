"""Figures of agreement as rows of tables, each with what it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.annotation.answer import answer_text
from napari_cellid.report.table_item import TableItem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.agreement.coefficients import CohenKappa, KrippendorffAlpha
    from napari_cellid.agreement.dawid_skene import AnnotatorReliability
    from napari_cellid.agreement.summary import Agreement, AnnotatorPair

Rows = list[tuple[str, list[TableItem]]]
NONE = "–"


def agreement_summary(found: Agreement) -> tuple[str, str]:
    """Alpha of everything, in large; and in small what it rests on."""
    alpha, fleiss = found.alpha, found.fleiss
    if len(found.annotators) == 1:
        name = found.annotators[0]
        return "", (
            f"{name} is alone so far. For agreement a second person opens the same "
            "study, under their own name, and answers some of the same cells."
        )
    if alpha.value is None:
        return "", f"No agreement can be told: {alpha.reason}."
    large = f"α = {_number(alpha.value)}"
    interval = _interval(alpha)
    rests = (
        f"{interval} on {alpha.cells} cells that two people or more answered "
        f"({alpha.answers} answers)."
    )
    if fleiss.value is not None:
        rests += (
            f" Fleiss' κ {_number(fleiss.value)}, on the {fleiss.cells} cells with "
            f"{fleiss.raters} answers."
        )
    return large, rests


def people_rows(found: Agreement, quality: AnnotatorReliability) -> Rows:
    """For each person: answers, how consistent they are, how reliable."""
    rows: Rows = []
    for name in found.annotators:
        given = found.answer_counts.loc[name].to_dict()
        parts = [f"{answer_text(str(a))} {n}" for a, n in given.items() if n]
        seen = found.not_blind.get(name, 0)
        if seen:
            parts.append(f"{seen} with an opinion in view")
        answers = TableItem(str(sum(given.values())), ", ".join(parts))
        again = _again(found.intra_rater.get(name))
        rows.append((name, [answers, again, _reliable(name, quality)]))
    return rows


def kappa_rows(found: Agreement) -> Rows:
    """Cohen's kappa of every two people, a row and a column for each."""
    by_pair = {
        key: pair
        for pair in found.pairs
        for key in ((pair.first, pair.second), (pair.second, pair.first))
    }
    return [
        (one, [_pair_cell(by_pair.get((one, other))) for other in found.annotators])
        for one in found.annotators
    ]


def alpha_rows(alphas: Mapping[str, KrippendorffAlpha]) -> Rows:
    """Alpha, its interval and the number of cells of each class or recording."""
    rows: Rows = []
    for name, alpha in alphas.items():
        tip = alpha.reason or f"{alpha.answers} answers"
        shade = None if alpha.value is None else alpha.value
        value = NONE if alpha.value is None else _number(alpha.value)
        interval = NONE
        if alpha.interval is not None:
            interval = " to ".join(map(_number, alpha.interval))
        cells = TableItem(str(alpha.cells), "cells that two people or more answered")
        row = [TableItem(value, tip, shade), TableItem(interval, tip), cells]
        rows.append((answer_text(name), row))
    return rows


def confusion_rows(
    pairs: Sequence[AnnotatorPair], first: str, second: str
) -> tuple[list[str], Rows]:
    """What `first` (rows) and `second` (columns) said of the cells both answered.

    Returns
    -------
    Short names of the columns, and the rows; without answers that neither gave.
    """
    for pair in pairs:
        if {pair.first, pair.second} == {first, second}:
            break
    else:
        return [], []
    table = pair.confusion if pair.first == first else pair.confusion.T
    there = table.index[(table.sum(axis=0) + table.sum(axis=1)) > 0]
    table = table.loc[there, there]
    most = max(int(table.to_numpy().max(initial=0)), 1)
    rows: Rows = []
    for name, row in table.iterrows():
        cells = [
            TableItem(str(n), _said(first, str(name), second, str(other), n), n / most)
            for other, n in row.items()
        ]
        rows.append((answer_text(str(name)), cells))
    return shorten_names([answer_text(str(name)) for name in there]), rows


def shorten_names(names: Sequence[str]) -> list[str]:
    """Names short enough for narrow columns: their beginnings, as far as they differ.

    Names of six letters or fewer stay as they are.
    """
    for length in range(3, max(map(len, names), default=0)):
        short = [n if len(n) <= 6 else f"{n[:length].rstrip()}." for n in names]
        if len(set(short)) == len(names):
            return short
    return list(names)


def _said(first: str, one: str, second: str, other: str, n: int) -> str:
    return f"{n} cells: {first} {answer_text(one)}, {second} {answer_text(other)}"


def _interval(alpha: KrippendorffAlpha) -> str:
    if alpha.interval is None:
        return "No interval;"
    return f"95 % interval {' to '.join(map(_number, alpha.interval))},"


def _again(found: CohenKappa | None) -> TableItem:
    if found is None or found.observed is None:
        return TableItem(NONE, "was not asked about any cell again")
    kappa = "" if found.value is None else f"; κ {found.value:.2f}"
    tip = f"of {found.cells} cells that were asked again{kappa}"
    return TableItem(f"{found.observed:.0%} of {found.cells}", tip, found.observed)


def _reliable(name: str, quality: AnnotatorReliability) -> TableItem:
    if name not in quality.accuracy:
        return TableItem(NONE, quality.reason)
    value = quality.accuracy[name]
    tip = f"estimated from {quality.answers} answers to {quality.cells} cells"
    if quality.reason:
        tip += f"; {quality.reason}"
    return TableItem(f"{value:.0%}", tip, value)


def _pair_cell(pair: AnnotatorPair | None) -> TableItem:
    if pair is None:
        return TableItem("")
    kappa = pair.kappa
    if kappa.value is None:
        return TableItem(NONE, kappa.reason)
    tip = (
        f"{pair.first} and {pair.second}: {kappa.cells} cells, "
        f"{kappa.observed:.0%} equal"
    )
    return TableItem(_number(kappa.value), tip, kappa.value)


def _number(value: float) -> str:
    # a minus as wide as a plus
    return f"{value:.2f}".replace("-", "−")
