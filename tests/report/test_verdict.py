"""The verdict of a comparison: better, worse, no clear difference, or not measured."""

from __future__ import annotations

import re

import pytest

from napari_cellid.retrain.verdict import end_message, read_verdict, signed_text

OLD = {"n": 40, "balanced_accuracy": 0.85}
NEW = {"n": 40, "balanced_accuracy": 0.9}


def report(value=None, low=None, high=None, **more):
    interval = {"balanced_accuracy": {"value": value, "low": low, "high": high}}
    difference = None if value is None else interval
    return {
        "task": "classify", "new": NEW, "old": OLD, "difference": difference, **more
    }  # fmt: skip


def numbers(text):
    """All decimal numbers of a text."""
    return [float(n.replace("−", "-")) for n in re.findall(r"[+−]?\d+\.\d+", text)]


@pytest.mark.parametrize(
    ("value", "low", "high", "word"),
    [
        (0.06, 0.02, 0.11, "Better"),
        (-0.06, -0.11, -0.02, "Worse"),
        (0.01, -0.02, 0.04, "No clear difference"),
        # an interval that touches 0 does not exclude it
        (0.03, 0.0, 0.06, "No clear difference"),
        (-0.03, -0.06, 0.0, "No clear difference"),
    ],
)
def test_the_interval_decides(value, low, high, word):
    verdict = read_verdict(report(value, low, high))
    assert verdict.headline.startswith(word)
    assert numbers(verdict.sentence) == [value, low, high]


def test_without_an_interval_no_model_is_better():
    verdict = read_verdict(report(0.05))
    assert not verdict.headline.startswith(("Better", "Worse"))
    assert numbers(verdict.headline) == [0.05]
    assert numbers(verdict.explanation) == [0.9, 0.85]


def test_without_an_old_model_the_new_metric_is_stated():
    verdict = read_verdict(report(old=None))
    assert numbers(verdict.sentence) == [0.9]


@pytest.mark.parametrize(
    "values", [report(new={"balanced_accuracy": None}), report(new=None), {}]
)
def test_without_held_out_cells_there_are_no_numbers(values):
    verdict = read_verdict(values)
    assert verdict.headline == "Not measured" and not numbers(verdict.sentence)


def test_outlines_are_compared_by_f1():
    values = {
        "task": "segment", "new": {"f1": 0.8}, "old": {"f1": 0.7},
        "difference": {"f1": {"value": 0.1, "low": 0.0501, "high": 0.15}},
    }  # fmt: skip
    verdict = read_verdict(values, digits=4)
    assert verdict.headline.startswith("Better") and "F1" in verdict.explanation
    assert numbers(verdict.sentence) == [0.1, 0.0501, 0.15]


def test_the_log_ends_with_the_verdict():
    values = report(0.06, 0.02, 0.11)
    sentence = read_verdict(values, digits=3).sentence
    finished, stopped = (end_message(values, s, 2) for s in ("finished", "stopped"))
    assert finished.endswith(sentence) and stopped.endswith(sentence)
    assert finished != stopped


def test_a_training_that_was_stopped_in_its_first_epoch_has_no_verdict():
    sentence = end_message(report(0, -0.01, 0.01), "stopped", 0)
    assert "can be resumed" in sentence and "difference" not in sentence


def test_a_difference_has_a_sign():
    assert [signed_text(value) for value in (0.5, 0, -0.5)] == [
        "+0.50",
        "+0.00",
        "−0.50",
    ]
