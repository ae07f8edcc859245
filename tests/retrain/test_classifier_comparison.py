"""Ceiling and floor of a comparison, on cells whose answers are known."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from simulated_study import CLASSES

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.retrain.dataset import split_decided_cells
from napari_cellid.retrain.rater_agreement import measure_rater_agreement
from napari_cellid.retrain.threshold_baseline import (
    fit_thresholds,
    measure_contrasts,
    predict_classes,
    predict_held_out,
)

INDEX = {"red and green": 0, "green alone": 1, "red alone": 2}


def say(study, who, cells, answers):
    journal = Journal.open(study.annotations, who)
    for row, said in zip(cells.itertuples(), answers, strict=True):
        journal.add(
            Answer(
                time=datetime.now(UTC), annotator=who, recording="r0",
                cell=int(row.cell), plane=int(row.plane), y=float(row.y),
                x=float(row.x), answer=said,
            )
        )  # fmt: skip
    journal.close()


@pytest.fixture
def four(study):
    """Four cells that nobody answered yet."""
    for path in study.annotations.iterdir():
        path.unlink()
    cells = study.recording("r0").cells().head(4)
    return cells.assign(recording="r0")


def test_people_who_agree_but_once(study, four):
    e, i, g = CLASSES
    say(study, "Ann", four, [e, i, g, e])
    say(study, "Bo", four, [e, i, g, e])
    say(study, "Cy", four, [e, i, g, "unsure"])
    found = measure_rater_agreement(study, four, CLASSES)
    # of the fourth cell only Cy's two others agree, and Cy said something else
    assert found["n"] == 10
    assert found["accuracy"] == pytest.approx(9 / 10)
    assert found["balanced_accuracy"] == pytest.approx((3 / 4 + 1 + 1) / 3, abs=1e-6)
    assert found["pairwise"] == pytest.approx(20 / 24, abs=1e-6)
    assert 0.7 < found["alpha"] < 1
    assert found["all_answered"]["n"] == 10
    assert "0.900 of 10 answers" in found["text"]


def test_undecided_cells_lower_the_agreement_on_all(study, four):
    e, i, g = CLASSES
    say(study, "Ann", four, [e, i, g, e])
    say(study, "Bo", four, [e, i, g, i])
    found = measure_rater_agreement(study, four.head(3), CLASSES)
    assert (found["accuracy"], found["n"]) == (1.0, 6)
    assert found["all_answered"]["accuracy"] == pytest.approx(6 / 8)


def test_one_person_alone_is_no_ceiling(study, four):
    say(study, "Ann", four, [CLASSES[0]] * 4)
    assert measure_rater_agreement(study, four, CLASSES) is None


def test_the_rule_finds_the_thresholds_that_part_the_classes():
    rng = np.random.default_rng(2)
    truth = rng.integers(3, size=200)
    red, green = np.where(truth == 1, 0.1, 0.9), np.where(truth == 2, 0.1, 0.8)
    values = np.column_stack([red, green]) + rng.normal(0, 0.05, (200, 2))
    limits = fit_thresholds(values, truth, INDEX)
    assert 0.1 < limits[0] < 0.9
    assert 0.1 < limits[1] < 0.8
    assert (predict_classes(values, limits, INDEX) == truth).mean() == 1.0
    # the order of the classes is that of the study
    other = {"red alone": 0, "green alone": 1, "red and green": 2}
    turned = 2 - truth
    assert (
        predict_classes(values, fit_thresholds(values, turned, other), other) == turned
    ).all()


def test_the_rule_without_contrasts_says_nothing():
    assert fit_thresholds(np.full((5, 2), np.nan), np.arange(5) % 3, INDEX) is None
    values = np.array([[np.nan, 1.0], [1.0, np.nan]])
    assert predict_classes(values, (0.5, 0.5), INDEX).tolist() == [1, 2]


def test_thresholds_are_fitted_on_training_cells_only(study, quick):
    decided = split_decided_cells(study, quick.split, quick.rule, keep=False)
    before = predict_held_out(study, decided)
    test = decided.table["role"] == "test"
    other = decided.table.copy()
    other.loc[test, "class"] = "glia"
    changed = type(decided)(other, decided.classes, decided.about)
    np.testing.assert_array_equal(predict_held_out(study, changed), before)
    assert len(before) == test.sum()


def test_contrasts_are_measured_where_a_table_lacks_them(study, quick):
    cells = split_decided_cells(study, quick.split, quick.rule, keep=False).part(
        "train"
    )
    before = measure_contrasts(study, cells)
    assert np.isfinite(before).all()
    for name in study.recordings:
        path = study.recording(name).folder / "cells.csv"
        table = pd.read_csv(path)
        table.drop(columns=["red_contrast", "green_contrast"]).to_csv(path, index=False)
    np.testing.assert_allclose(measure_contrasts(study, cells), before, rtol=1e-4)


def test_the_rule_is_for_the_three_classes_only(study, quick):
    decided = split_decided_cells(study, quick.split, quick.rule, keep=False)
    assert (
        predict_held_out(study, type(decided)(decided.table, ("PV", "SST"), {})) is None
    )
