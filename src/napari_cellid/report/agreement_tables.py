"""Coefficients of agreement as rows of tables, each with the answers behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.annotation.answer import answer_text
from napari_cellid.report.agreement_text import (
    alpha_basis,
    fleiss_basis,
    kappa_basis,
    reliability_basis,
)
from napari_cellid.report.table import (
    NONE,
    Rows,
    TableItem,
    count_text,
    number_text,
    shorten_names,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.agreement.coefficients import CohenKappa, KrippendorffAlpha
    from napari_cellid.agreement.dawid_skene import AnnotatorReliability
    from napari_cellid.agreement.summary import Agreement, AnnotatorPair


def agreement_summary(agreement: Agreement) -> tuple[str, str]:
    """Return alpha of all answers as a headline, and its basis as a sentence."""
    alpha, fleiss = agreement.alpha, agreement.fleiss
    # before the missing value: its reason does not say what a single person can do
    if len(agreement.annotators) == 1:
        name = agreement.annotators[0]
        return "", (
            f"{name} is the only annotator so far. Agreement needs a second person, "
            "who opens the study under another name and answers some of the same cells."
        )
    if alpha.value is None:
        return "", f"Agreement cannot be computed: {alpha.reason}."
    basis = f"Krippendorff's α {alpha_basis(alpha)}."
    if fleiss.value is not None:
        basis += f" Fleiss' κ {number_text(fleiss.value)} {fleiss_basis(fleiss)}."
    return f"α = {number_text(alpha.value)}", basis


def people_rows(agreement: Agreement, quality: AnnotatorReliability) -> Rows:
    """Make a table with the answers, consistency and reliability of each person."""
    rows: Rows = []
    for name in agreement.annotators:
        given = agreement.answer_counts.loc[name].to_dict()
        parts = [f"{answer_text(str(a))} {n}" for a, n in given.items() if n]
        seen = agreement.not_blind.get(name, 0)
        if seen:
            parts.append(f"{seen} while another opinion was visible")
        answers = TableItem(str(sum(given.values())), ", ".join(parts))
        consistency = _consistency_item(agreement.intra_rater.get(name))
        rows.append((name, [answers, consistency, _reliability_item(name, quality)]))
    return rows


def kappa_rows(agreement: Agreement) -> Rows:
    """Make a table of Cohen's kappa, with a row and a column for each person."""
    people = agreement.annotators
    by_pair = {
        key: pair
        for pair in agreement.pairs
        # kappa is symmetric, and each pair was computed once
        for key in ((pair.first, pair.second), (pair.second, pair.first))
    }
    return [
        (row, [_pair_item(by_pair.get((row, column))) for column in people])
        for row in people
    ]


def alpha_rows(alphas: Mapping[str, KrippendorffAlpha]) -> Rows:
    """Make a table of alpha, interval and number of cells by class or recording."""
    rows: Rows = []
    for name, alpha in alphas.items():
        tip = alpha.reason or alpha_basis(alpha)
        interval = NONE
        if alpha.interval is not None:
            interval = " to ".join(map(number_text, alpha.interval))
        cells = TableItem(str(alpha.cells), "cells that two people or more answered")
        row = [
            TableItem(number_text(alpha.value), tip, alpha.value),
            TableItem(interval, tip),
            cells,
        ]
        rows.append((answer_text(name), row))
    return rows


def confusion_rows(
    pairs: Sequence[AnnotatorPair], first: str, second: str
) -> tuple[list[str], Rows]:
    """Tabulate the answers of `first` (rows) and `second` (columns) to the same cells.

    Returns
    -------
    Short names of the columns, and the rows, without answers that neither person gave.
    """
    for pair in pairs:
        if {pair.first, pair.second} == {first, second}:
            break
    else:
        return [], []
    # a pair has its people in the order of their names, whoever was asked for first
    table = pair.confusion if pair.first == first else pair.confusion.T
    given = table.index[(table.sum(axis=0) + table.sum(axis=1)) > 0]
    table = table.loc[given, given]
    # one scale for the whole table: neither person is the truth, so no row is a total
    most = max(int(table.to_numpy().max(initial=0)), 1)
    rows: Rows = []
    for name, row in table.iterrows():
        cells = [
            TableItem(
                str(n), _pair_tip(first, str(name), second, str(column), n), n / most
            )
            for column, n in row.items()
        ]
        rows.append((answer_text(str(name)), cells))
    return shorten_names([answer_text(str(name)) for name in given]), rows


def _pair_tip(first: str, answer: str, second: str, second_answer: str, n: int) -> str:
    cells = count_text(n, "cell")
    return (
        f"{cells}: {first} {answer_text(answer)}, {second} {answer_text(second_answer)}"
    )


def _consistency_item(agreement: CohenKappa | None) -> TableItem:
    if agreement is None or agreement.observed is None:
        return TableItem(NONE, "no cell was asked again")
    kappa = "" if agreement.value is None else f"; κ {agreement.value:.2f}"
    tip = f"of {agreement.cells} cells that were asked again{kappa}"
    return TableItem(
        f"{agreement.observed:.0%} of {agreement.cells}", tip, agreement.observed
    )


def _reliability_item(name: str, quality: AnnotatorReliability) -> TableItem:
    if name not in quality.accuracy:
        return TableItem(NONE, quality.reason)
    value = quality.accuracy[name]
    tip = f"estimated {reliability_basis(quality)}"
    if quality.reason:
        tip += f"; {quality.reason}"
    return TableItem(f"{value:.0%}", tip, value)


def _pair_item(pair: AnnotatorPair | None) -> TableItem:
    # the diagonal: repeated answers of one person are another table's
    if pair is None:
        return TableItem("")
    kappa = pair.kappa
    if kappa.value is None:
        return TableItem(NONE, kappa.reason)
    tip = f"{pair.first} and {pair.second} {kappa_basis(kappa)}"
    return TableItem(number_text(kappa.value), tip, kappa.value)
