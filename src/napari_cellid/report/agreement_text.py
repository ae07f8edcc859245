"""How figures of agreement are shown: values for programs, lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_cellid.agreement.coefficients import CohenKappa, KrippendorffAlpha
    from napari_cellid.agreement.dawid_skene import AnnotatorReliability
    from napari_cellid.agreement.summary import Agreement


def agreement_values(found: Agreement) -> dict[str, Any]:
    """Give all figures as values for JSON, each with what it rests on."""
    overall = _of_alpha(found.alpha)
    fleiss = found.fleiss
    return {
        "annotators": list(found.annotators),
        "cells": found.cells,
        "answers": found.answers,
        "given": {
            str(name): {str(k): int(n) for k, n in row.items()}
            for name, row in found.answer_counts.iterrows()
        },
        "not_blind": dict(found.not_blind),
        "pairwise_kappa": [
            {
                "annotators": [pair.first, pair.second],
                **_of_kappa(pair.kappa),
                "confusion": {
                    "answers": list(pair.confusion.columns),
                    "counts": pair.confusion.to_numpy().tolist(),
                },
            }
            for pair in found.pairs
        ],
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
            name: {**_of_alpha(one), "given": int(found.answer_counts[name].sum())}
            for name, one in found.per_class.items()
        },
        "per_recording": {
            name: _of_alpha(one) for name, one in found.per_recording.items()
        },
        "self_consistency": {
            name: _of_kappa(one) for name, one in found.intra_rater.items()
        },
    }


def quality_values(quality: AnnotatorReliability) -> dict[str, Any]:
    """Give the estimates as values for JSON."""
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
    found: Agreement, quality: AnnotatorReliability | None
) -> Iterator[str]:
    """Say all figures in lines for people."""
    people = count_text(len(found.annotators), "person", "people")
    answers = count_text(found.answers, "answer")
    yield f"{people}, {answers} about {count_text(found.cells, 'cell')}."
    for name, row in found.answer_counts.iterrows():
        said = ", ".join(f"{n} {answer}" for answer, n in row.items() if n)
        yield f"  {name}: {count_text(int(row.sum()), 'answer')} ({said})"
    yield ""
    yield f"Krippendorff's alpha: {_alpha_text(found.alpha)}"
    fleiss = found.fleiss
    yield "Fleiss' kappa: " + _value(
        fleiss.value,
        f"on {count_text(fleiss.cells, 'cell')} with {fleiss.raters} answers each"
        + (f"; {fleiss.left_out} with another number left out" * bool(fleiss.left_out)),
        fleiss.reason,
    )
    yield from _block(
        "Cohen's kappa of two people",
        {f"{one.first} - {one.second}": _kappa_text(one.kappa) for one in found.pairs},
    )
    yield from _block(
        "Alpha of each answer against all others",
        {
            name: f"{_alpha_text(one)}, "
            f"{found.answer_counts[name].sum()} of them {name}"
            for name, one in found.per_class.items()
        },
    )
    yield from _block(
        "Alpha of each recording",
        {name: _alpha_text(one) for name, one in found.per_recording.items()},
    )
    yield from _block(
        "Asked again: each person's agreement with themselves",
        {name: _kappa_text(one) for name, one in found.intra_rater.items()},
    )
    if quality is not None:
        yield from _describe_quality(quality)


def count_text(number: int, one: str, several: str = "") -> str:
    """Say how many there are."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def _describe_quality(quality: AnnotatorReliability) -> Iterator[str]:
    title = "Estimated share of right answers (Dawid-Skene"
    if not quality.accuracy:
        yield f"\n{title}): none, for {quality.reason}"
        return
    rests = (
        f"{count_text(quality.cells, 'cell')}, {count_text(quality.answers, 'answer')}"
    )
    said = {name: f"{value:.3f}" for name, value in quality.accuracy.items()}
    yield from _block(f"{title}, on {rests})", said)
    if quality.reason:
        yield f"  but {quality.reason}"


def _block(title: str, values: Mapping[str, str]) -> Iterator[str]:
    if values:
        yield f"\n{title}:"
    width = max(map(len, values), default=0)
    for name, text in values.items():
        yield f"  {name:{width}}  {text}"


def _of_alpha(one: KrippendorffAlpha) -> dict[str, Any]:
    return {
        "alpha": one.value,
        "interval": None if one.interval is None else list(one.interval),
        "cells": one.cells,
        "answers": one.answers,
        "resamples": one.resamples,
        "reason": one.reason,
    }


def _of_kappa(one: CohenKappa) -> dict[str, Any]:
    return {
        "kappa": one.value,
        "equal": one.observed,
        "cells": one.cells,
        "reason": one.reason,
    }


def _alpha_text(one: KrippendorffAlpha) -> str:
    rests = (
        f"on {count_text(one.cells, 'cell')} with {count_text(one.answers, 'answer')}"
    )
    if one.interval is not None:
        low, high = one.interval
        rests = f"(95 % interval {low:.3f} to {high:.3f}) {rests}"
    return _value(one.value, rests, one.reason)


def _kappa_text(one: CohenKappa) -> str:
    rests = f"on {count_text(one.cells, 'cell')}"
    if one.observed is not None:
        rests = f"({100 * one.observed:.1f} % equal) {rests}"
    return _value(one.value, rests, one.reason)


def _value(value: float | None, rests: str, reason: str) -> str:
    if value is None:
        return f"none {rests}: {reason}"
    return f"{value:.3f} {rests}" + (f"; {reason}" if reason else "")
