"""Sentences about trainings: states, times, progress and remarks."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_cellid.report.training import (
    STATES,
    basis_text,
    duration_text,
    local_time_text,
    main_metric_text,
    progress_text,
    report_notes,
    run_title,
    state_label,
    state_text,
)
from napari_cellid.training.summary import RunSummary

EPOCHS = (
    {"epoch": 0}, {"epoch": 1, "best": True}, {"epoch": 2, "best": True}, {"epoch": 3},
)  # fmt: skip


def summary(**values):
    return RunSummary(Path("run 1"), task="classify", **values)


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_a_label_and_a_sentence(state):
    text = state_text(summary(state=state, error="The disk is full."))
    assert text != state and text.endswith(".")
    assert state_label(state) == STATES[state]


def test_an_unknown_state_is_shown_as_it_is():
    assert state_label("paused") == state_text(summary(state="paused")) == "paused"


@pytest.mark.parametrize("state", ["running", "stopped", "finished", "interrupted"])
def test_a_state_counts_epochs_and_names_the_last_best(state):
    # epoch 0 is the model before the first step
    text = state_text(summary(state=state, epochs=EPOCHS))
    assert "3 epochs" in text and "epoch 2" in text
    assert "1 epoch" in state_text(summary(state=state, epochs=({"epoch": 1},)))


def test_a_failure_states_its_reason():
    error = "The disk is full."
    assert error in state_text(summary(state="failed", error=error))
    assert state_label("failed", error).endswith(error)


@pytest.mark.parametrize(
    ("seconds", "number", "unit"),
    [
        (44, "40", "seconds"),
        (61, "1", "minute"),
        (190, "3", "minutes"),
        (89 * 60, "89", "minutes"),
        (5 * 3600, "5.0", "hours"),
    ],
)
def test_durations_are_rounded(seconds, number, unit):
    assert duration_text(seconds).split()[-2:] == [number, unit]


def test_a_short_duration_has_no_number():
    assert not any(character.isdigit() for character in duration_text(2))


def test_an_invalid_time_is_a_dash():
    assert local_time_text("yesterday") == local_time_text("") == "–"
    assert "2026" in local_time_text("2026-06-15T12:00:00+00:00")


def test_a_run_without_a_time_is_named_by_its_folder():
    assert run_title(summary()) == "run 1"
    assert "2026" in run_title(summary(made="2026-06-15T12:00:00+00:00"))


def test_progress_counts_epochs_or_names_the_stage():
    progress = {"epoch": 2, "epochs": 9, "seconds_left": 190}
    text = progress_text(summary(progress=progress))
    assert "2 of 9" in text and duration_text(190) in text
    assert progress_text(summary(progress={"stage": "Reading"})) == "Reading"
    assert progress_text(summary()) not in ("", "Reading")


def test_the_main_metric_is_that_of_the_task():
    values = {"new": {"balanced_accuracy": 0.876, "f1": 0.5}}
    assert main_metric_text(summary(report=values)) == "0.88"
    assert main_metric_text(summary()) == "–"


def test_the_basis_counts_held_out_cells():
    values = {"n_cells": 12, "measured_on": "Held out: animal m1."}
    assert "12 held-out cells" in basis_text(values)
    assert basis_text(values).endswith("Held out: animal m1.")
    assert "7 held-out outlines" in basis_text({"new": {"n": 7}})
    assert basis_text({}) == ""


def test_remarks_come_in_a_fixed_order_without_empty_ones():
    values = {
        "experts": {"text": "People agree."},
        "notes": ["Few cells.", ""],
        "original_fields": {"new": {"f1": 0.9}, "old": {"f1": 0.8}},
    }
    first, second, third = report_notes(values)
    assert [first, second] == ["People agree.", "Few cells."]
    assert "0.90" in third and "0.80" in third
    assert report_notes({}) == []
