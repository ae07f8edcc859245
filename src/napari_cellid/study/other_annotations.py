"""Prediction and other annotators' answers for a cell, shown when not blind."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from napari_cellid.annotation.answer import answer_text
from napari_cellid.cells.none_of_these import prediction_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def other_annotations_text(
    row: Mapping[str, Any], model: str, answers: list[tuple[str, str]]
) -> str:
    """Rich text of the prediction and the other annotators' answers for a cell.

    Parameters
    ----------
    row
        Row of the cell table.
    model
        Name of the model; empty without one.
    answers
        Names and answers of the other annotators.
    """
    prediction = "no prediction"
    if text := prediction_text(row):
        confidence = row["confidence"]
        prediction = f"<b>{escape(text)}</b>"
        if confidence == confidence:
            prediction += f" ({100 * confidence:.0f} %)"
    others = ", ".join(
        f"{escape(name)} <b>{escape(answer_text(answer))}</b>"
        for name, answer in sorted(answers)
    )
    by = f" ({escape(model)})" if model else ""
    return f"Model{by}: {prediction}<br>Colleagues: {others or 'no answer yet'}"
