"""Comparison of a recording with the ranges of a model's training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_cellid.channels.bleed_correction import recorded_estimate
from napari_cellid.novelty.properties import measure_properties
from napari_cellid.novelty.text import short_name, warning_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from napari_cellid.models.card import ModelCard
    from napari_cellid.novelty.properties import Property
    from napari_cellid.recording import MeanPlanes

#: key of the record in `run.json`
RECORD = "known_range"
#: what models that outline cells need not know
_OF_CLASSES = ("red_fraction", "bleed_through")
_INSIDE = "This recording lies within what the model was trained on."


@dataclass(frozen=True)
class Comparison:
    """A measured property beside the range that a model knows.

    Parameters
    ----------
    name
        The property.
    value
        As measured.
    low, high
        The range of the training; of several models, that in which the value is not.
    model
        Name of the model with this range.
    """

    name: Property
    value: float
    low: float
    high: float
    model: str

    @property
    def inside(self) -> bool:
        """Whether the value is in the range; its ends are."""
        return self.low <= self.value <= self.high

    def record(self) -> dict[str, Any]:
        """What `run.json` says of the property."""
        return {
            "value": _rounded(self.value),
            "range": [self.low, self.high],
            "model": self.model,
            "inside": self.inside,
        }

    def __str__(self) -> str:
        """The warning for people: what was measured, the range, and what to do."""
        return warning_text(self.name, self.value, self.low, self.high, self.model)


@dataclass(frozen=True)
class TrainingVerdict:
    """What a run says of its recording and the training of its models.

    Parameters
    ----------
    text
        One line.
    warnings
        One for each property outside of the training.
    """

    text: str
    warnings: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The line, and the warnings below it."""
        return [self.text, *(f"  {warning}" for warning in self.warnings)]


def compare(
    measured: Mapping[Property, float], cards: Sequence[ModelCard]
) -> list[Comparison]:
    """Compare measured properties with the ranges of some models.

    A property that no model has a range for is left out. Of several models that one
    counts in whose range the value is not, otherwise the first. Red cells and
    bleed-through matter to models that classify alone.

    Parameters
    ----------
    measured
        Value of each property that could be measured.
    cards
        Descriptions of the models; those of before have no ranges.
    """
    comparisons = []
    for name, value in measured.items():
        found = [
            Comparison(name, value, *card.known_range[name], card.name)
            for card in cards
            if name in card.known_range and _concerns(name, card)
        ]
        # False comes before True
        comparisons += sorted(found, key=lambda one: one.inside)[:1]
    return comparisons


def compare_with_training(
    cards: Sequence[ModelCard],
    planes: MeanPlanes,
    cells: pd.DataFrame,
    bleed: Mapping[str, Any],
) -> dict[str, Any]:
    """Measure a recording and compare it with the training, for `run.json`.

    Parameters
    ----------
    cards
        Descriptions of the models of the run.
    planes
        Mean images.
    cells
        Cell table; with classes where a classifier is among the models.
    bleed
        Record of the bleed-through, as `correct_bleed_through` returns it.

    Returns
    -------
    Under `known_range`: `inside`, `text`, `warnings`, and for each of the `properties`
    its `value`, and `range` and `model` where a model has a range. Empty where there is
    nothing to compare, as with models of before.
    """
    if not any(card.known_range for card in cards):
        return {}
    estimate = recorded_estimate({"bleed_through": bleed})
    measured = measure_properties(planes, cells, red_classes(cards), estimate)
    comparisons = compare(measured, cards)
    if not comparisons:
        return {}
    outside = [one for one in comparisons if not one.inside]
    record = {
        "inside": not outside,
        "text": _headline(outside),
        "warnings": [str(one) for one in outside],
        "properties": {
            name: {"value": _rounded(value)} for name, value in measured.items()
        }
        | {one.name: one.record() for one in comparisons},
    }
    return {RECORD: record}


def recorded_verdict(run: Mapping[str, Any]) -> TrainingVerdict | None:
    """The verdict in the record of a run; None if there is none.

    Parameters
    ----------
    run
        Content of `run.json`.
    """
    record = run.get(RECORD)
    # people can have edited the file
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        return None
    warnings = record.get("warnings")
    lines = warnings if isinstance(warnings, list) else []
    return TrainingVerdict(record["text"], tuple(map(str, lines)))


def red_classes(cards: Sequence[ModelCard]) -> tuple[str, ...] | None:
    """Classes whose cells are red; None where a class does not say what they show."""
    for card in cards:
        if card.task == "classify" and all(card.states):
            pairs = zip(card.classes, card.states, strict=True)
            return tuple(name for name, state in pairs if "red" in state)
    return None


def knows_sizes(cards: Sequence[ModelCard]) -> bool:
    """Whether a model says which sizes of somata it knows."""
    return any("soma_diameter_um" in card.known_range for card in cards)


def _concerns(name: Property, card: ModelCard) -> bool:
    return card.task == "classify" or name not in _OF_CLASSES


def _rounded(value: float) -> float:
    """A value with six digits, as nobody needs more."""
    return float(f"{value:.6g}")


def _headline(outside: Sequence[Comparison]) -> str:
    if not outside:
        return _INSIDE
    names = ", ".join(short_name(one.name) for one in outside)
    return f"Outside of what the model was trained on: {names}."
