"""Coefficients of agreement as values for JSON and as lines for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.report.table import count_text, counts_text, number_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_cellid.agreement.coefficients import (
        CohenKappa,
        FleissKappa,
        KrippendorffAlpha,
    )
    from napari_cellid.agreement.dawid_skene import AnnotatorReliability
    from napari_cellid.agreement.summary import Agreement, AnnotatorPair


def agreement_values(agreement: Agreement) -> dict[str, Any]:
    """Return all coefficients as values for JSON, each with its basis."""
    overall = _alpha_values(agreement.alpha)
    fleiss = agreement.fleiss
    return {
        "annotators": list(agreement.annotators),
        "cells": agreement.cells,
        "answers": agreement.answers,
        "given": {
            # json writes no numbers of numpy
            str(name): {str(k): int(n) for k, n in row.items()}
            for name, row in agreement.answer_counts.iterrows()
        },
        "not_blind": dict(agreement.not_blind),
        "pairwise_kappa": [_pair_values(pair) for pair in agreement.pairs],
        # taken out first, so that the entries that are left get the prefix
        "alpha": overall.pop("alpha"),
        **{f"alpha_{name}": value for name, value in overall.items()},
        "fleiss": {
            "kappa": fleiss.value,
            "cells": fleiss.cells,
            "raters": fleiss.raters,
            "cells_left_out": fleiss.left_out,
            "reason": fleiss.reason,
        },
        "per_class": {
            name: {
                **_alpha_values(alpha),
                "given": int(agreement.answer_counts[name].sum()),
            }
            for name, alpha in agreement.per_class.items()
        },
        "per_recording": {
            name: _alpha_values(alpha)
            for name, alpha in agreement.per_recording.items()
        },
        "self_consistency": {
            name: _kappa_values(kappa) for name, kappa in agreement.intra_rater.items()
        },
    }


def quality_values(quality: AnnotatorReliability) -> dict[str, Any]:
    """Return the estimated reliability of people as values for JSON."""
    return {
        "accuracy": dict(quality.accuracy),
        "share": dict(quality.class_shares),
        "confusion": {
            name: {str(true): row.to_dict() for true, row in matrix.iterrows()}
            for name, matrix in quality.error_rates.items()
        },
        "cells": quality.cells,
        "answers": quality.answers,
        "reason": quality.reason,
    }


def agreement_lines(
    agreement: Agreement,
    quality: AnnotatorReliability | None,
    titles: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Format all coefficients for the terminal, each with its basis.

    `titles` are what people see of the recordings, by name.
    """
    titles = titles or {}
    people = count_text(len(agreement.annotators), "person", "people")
    answers = count_text(agreement.answers, "answer")
    yield f"{people}, {answers} about {count_text(agreement.cells, 'cell')}."
    # every further line would only say that there are no answers
    if not agreement.answers:
        return
    for name, row in agreement.answer_counts.iterrows():
        given = counts_text({str(answer): n for answer, n in row.items() if n})
        yield f"  {name}: {count_text(int(row.sum()), 'answer')} ({given})"
    yield ""
    yield f"Krippendorff's alpha: {_alpha_text(agreement.alpha)}"
    fleiss = agreement.fleiss
    basis = fleiss_basis(fleiss)
    yield f"Fleiss' kappa: {_value(fleiss.value, basis, fleiss.reason)}"
    yield from _block(
        "Cohen's kappa of two people",
        {
            f"{pair.first} - {pair.second}": _kappa_text(pair.kappa)
            for pair in agreement.pairs
        },
    )
    yield from _block(
        "Alpha of each answer against all others",
        {
            name: f"{_alpha_text(alpha)}, "
            f"{agreement.answer_counts[name].sum()} of them {name}"
            for name, alpha in agreement.per_class.items()
        },
    )
    yield from _block(
        "Alpha of each recording",
        {
            titles.get(name, name): _alpha_text(alpha)
            for name, alpha in agreement.per_recording.items()
        },
    )
    yield from _block(
        "Asked again: each person's agreement with themselves",
        {name: _kappa_text(kappa) for name, kappa in agreement.intra_rater.items()},
    )
    if quality is not None:
        yield from _reliability_lines(quality)


def _reliability_lines(quality: AnnotatorReliability) -> Iterator[str]:
    title = "Estimated share of correct answers (Dawid-Skene"
    if not quality.accuracy:
        yield f"\n{title}): none, because {quality.reason}"
        return
    shares = {name: number_text(value, 3) for name, value in quality.accuracy.items()}
    yield from _block(f"{title}, {reliability_basis(quality)})", shares)
    if quality.reason:
        yield f"  but {quality.reason}"


def _block(title: str, values: Mapping[str, str]) -> Iterator[str]:
    if values:
        yield f"\n{title}:"
    width = max(map(len, values), default=0)
    for name, text in values.items():
        yield f"  {name:{width}}  {text}"


def _alpha_values(alpha: KrippendorffAlpha) -> dict[str, Any]:
    return {
        "alpha": alpha.value,
        "interval": None if alpha.interval is None else list(alpha.interval),
        "cells": alpha.cells,
        "answers": alpha.answers,
        "resamples": alpha.resamples,
        "reason": alpha.reason,
    }


def _kappa_values(kappa: CohenKappa) -> dict[str, Any]:
    return {
        "kappa": kappa.value,
        "equal": kappa.observed,
        "cells": kappa.cells,
        "reason": kappa.reason,
    }


def _pair_values(pair: AnnotatorPair) -> dict[str, Any]:
    return {
        "annotators": [pair.first, pair.second],
        **_kappa_values(pair.kappa),
        "confusion": {
            "answers": list(pair.confusion.columns),
            "counts": pair.confusion.to_numpy().tolist(),
        },
    }


def alpha_basis(alpha: KrippendorffAlpha, digits: int = 2) -> str:
    """Describe the interval of alpha, and the answers from which it was computed."""
    cells = f"on {count_text(alpha.cells, 'cell')}"
    basis = f"{cells} with {count_text(alpha.answers, 'answer')}"
    if alpha.interval is None:
        return basis
    low, high = (number_text(end, digits) for end in alpha.interval)
    return f"(95 % interval {low} to {high}) {basis}"


def kappa_basis(kappa: CohenKappa) -> str:
    """Describe the share of equal answers, and the cells behind kappa."""
    basis = f"on {count_text(kappa.cells, 'cell')}"
    if kappa.observed is None:
        return basis
    return f"({100 * kappa.observed:.1f} % equal) {basis}"


def fleiss_basis(fleiss: FleissKappa) -> str:
    """Describe the cells from which Fleiss' kappa was computed."""
    basis = f"on {count_text(fleiss.cells, 'cell')} with {fleiss.raters} answers each"
    if not fleiss.left_out:
        return basis
    return f"{basis}; {fleiss.left_out} with another number left out"


def reliability_basis(quality: AnnotatorReliability) -> str:
    """Describe the answers from which the reliability of people was estimated."""
    answers = count_text(quality.answers, "answer")
    return f"on {count_text(quality.cells, 'cell')} with {answers}"


def _alpha_text(alpha: KrippendorffAlpha) -> str:
    return _value(alpha.value, alpha_basis(alpha, 3), alpha.reason)


def _kappa_text(kappa: CohenKappa) -> str:
    return _value(kappa.value, kappa_basis(kappa), kappa.reason)


def _value(value: float | None, basis: str, reason: str) -> str:
    if value is None:
        return f"none {basis}: {reason}"
    return f"{number_text(value, 3)} {basis}" + (f"; {reason}" if reason else "")
