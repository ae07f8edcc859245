"""Kappa and alpha against published figures and against the libraries."""

from __future__ import annotations

import warnings

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats import inter_rater

from napari_cellid.agreement.coefficients import (
    alpha_of_sums,
    cohen_kappa,
    disagreeing_pairs,
    fleiss_kappa,
    krippendorff_alpha,
    resampled_alphas,
)

#: Fleiss (1971), table 1: 30 patients, 6 psychiatrists each, 5 diagnoses
FLEISS = np.array(
    [
        [0, 0, 0, 6, 0], [0, 3, 0, 0, 3], [0, 1, 4, 0, 1], [0, 0, 0, 0, 6],
        [0, 3, 0, 3, 0], [2, 0, 4, 0, 0], [0, 0, 4, 0, 2], [2, 0, 3, 1, 0],
        [2, 0, 0, 4, 0], [0, 0, 0, 0, 6], [1, 0, 0, 5, 0], [1, 1, 0, 4, 0],
        [0, 3, 3, 0, 0], [1, 0, 0, 5, 0], [0, 2, 0, 3, 1], [0, 0, 5, 0, 1],
        [3, 0, 0, 1, 2], [5, 1, 0, 0, 0], [0, 2, 0, 4, 0], [1, 0, 2, 0, 3],
        [0, 0, 0, 0, 6], [0, 1, 0, 5, 0], [0, 2, 0, 1, 3], [2, 0, 0, 4, 0],
        [1, 0, 0, 4, 1], [0, 5, 0, 1, 0], [4, 0, 0, 0, 2], [0, 2, 0, 4, 0],
        [1, 0, 5, 0, 0], [0, 0, 0, 0, 6],
    ]
)  # fmt: skip
#: Krippendorff (2011), "Computing Krippendorff's alpha-reliability", C: four
#: observers, twelve units, 0 where data are missing
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
)

#: (cell, answer) of up to 12 cells and 5 answers, with any number of people
tables = st.tuples(st.integers(1, 12), st.integers(2, 5)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(0, 4))
)


def test_fleiss_1971() -> None:
    found = fleiss_kappa(FLEISS)
    assert (found.cells, found.raters, found.left_out) == (30, 6, 0)
    assert round(found.value, 3) == 0.430
    each = [fleiss_kappa(np.stack([own, 6 - own], axis=1)).value for own in FLEISS.T]
    np.testing.assert_allclose(each, [0.245, 0.245, 0.520, 0.471, 0.566], atol=6e-4)


@given(tables)
def test_fleiss_is_that_of_statsmodels(counts: np.ndarray) -> None:
    found = fleiss_kappa(counts)
    taken = counts[counts.sum(axis=1) == found.raters]
    if found.value is None:
        assert found.reason
    else:
        assert len(taken) == found.cells
        assert found.value == pytest.approx(
            inter_rater.fleiss_kappa(taken, method="fleiss"), abs=1e-12
        )
    several = int((counts.sum(axis=1) > 1).sum())
    assert found.cells + found.left_out == several


def test_fleiss_takes_the_number_of_answers_that_most_cells_have() -> None:
    counts = np.array([[2, 0], [0, 2], [3, 0], [1, 0]])
    assert (fleiss_kappa(counts).raters, fleiss_kappa(counts).left_out) == (2, 1)
    tie = np.array([[2, 0], [0, 3]])
    assert fleiss_kappa(tie).raters == 3


def test_cohen_1960() -> None:
    # the example of the paper: 200 cases, kappa .492
    found = cohen_kappa(np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]]))
    assert found.observed == pytest.approx(0.70)
    assert found.cells == 200
    assert found.value == pytest.approx(0.29 / 0.59)
    assert round(found.value, 3) == 0.492


def test_cohen_of_a_textbook_table() -> None:
    # grant proposals read by two people: 35 of 50 equal, 25 by chance
    found = cohen_kappa(np.array([[20, 5], [10, 15]]))
    assert found.value == pytest.approx(0.4)


@given(arrays(np.int64, (4, 4), elements=st.integers(0, 6)))
def test_cohen_is_that_of_sklearn(confusion: np.ndarray) -> None:
    found = cohen_kappa(confusion)
    one, other = np.repeat(np.indices((4, 4)).reshape(2, -1), confusion.ravel(), axis=1)
    assert found.cells == one.size
    if found.value is None:
        assert found.reason
        assert np.unique([one, other]).size <= 1
    else:
        expected = cohen_kappa_score(one, other)
        assert found.value == pytest.approx(expected, abs=1e-12)


def test_krippendorff_2011() -> None:
    counts = (KRIPPENDORFF.T[:, :, None] == np.arange(1, 6)).sum(axis=1)
    found = krippendorff_alpha(counts)
    assert round(found.value, 3) == 0.743
    # unit 12 has one answer alone, which is not paired
    assert (found.cells, found.answers) == (11, 40)
    low, high = found.interval
    assert low < found.value < high <= 1


@given(tables)
def test_alpha_is_that_of_the_library(counts: np.ndarray) -> None:
    pairable = counts[counts.sum(axis=1) > 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = krippendorff_alpha(counts, bootstrap=20)
        ours = alpha_of_sums(disagreeing_pairs(pairable).sum(), pairable.sum(axis=0))
    if found.value is None:
        assert found.reason
        assert np.isnan(ours)
        return
    library = krippendorff.alpha(value_counts=counts, level_of_measurement="nominal")
    assert found.value == pytest.approx(library, abs=1e-12)
    assert float(ours) == pytest.approx(library, abs=1e-12)
    if found.interval is not None:
        assert found.interval[0] <= found.interval[1] <= 1
        assert 1 <= found.resamples <= 20


def people(generator: np.random.Generator, n: int) -> np.ndarray:
    """Counts of four people who say the true one of three classes with p = 0.8."""
    true = generator.choice(3, n, p=[0.6, 0.3, 0.1])
    said = generator.choice(3, (n, 4), p=[0.6, 0.3, 0.1])
    said = np.where(generator.random((n, 4)) < 0.8, true[:, None], said)
    said[generator.random((n, 4)) < 0.2] = -1
    return (said[:, :, None] == np.arange(3)).sum(axis=1)


def test_resampling_patterns_is_resampling_cells() -> None:
    counts = people(np.random.default_rng(3), 150)
    counts = counts[counts.sum(axis=1) > 1]
    quick = resampled_alphas(counts, 4000, seed=1)
    generator = np.random.default_rng(2)
    drawn = counts[generator.integers(0, len(counts), (4000, len(counts)))]
    plain = alpha_of_sums(
        np.stack([disagreeing_pairs(one).sum() for one in drawn]), drawn.sum(axis=1)
    )
    assert quick.mean() == pytest.approx(plain.mean(), abs=0.004)
    assert quick.std() == pytest.approx(plain.std(), rel=0.06)
    tails = [0.025, 0.5, 0.975]
    np.testing.assert_allclose(
        np.quantile(quick, tails), np.quantile(plain, tails), atol=0.012
    )


def test_the_interval_holds_the_true_alpha_about_95_times_in_100() -> None:
    generator = np.random.default_rng(5)
    true = krippendorff_alpha(people(generator, 400_000), bootstrap=0).value
    inside = 0
    for seed in range(300):
        low, high = krippendorff_alpha(
            people(generator, 200), bootstrap=400, seed=seed
        ).interval
        inside += low <= true <= high
    assert 0.91 <= inside / 300 <= 0.985


def test_intervals_that_there_cannot_be() -> None:
    one = krippendorff_alpha(np.array([[2, 1]]))
    assert one.value == pytest.approx(
        krippendorff.alpha(value_counts=[[2, 1]], level_of_measurement="nominal")
    )
    assert one.interval is None
    assert "one cell" in one.reason
    none = krippendorff_alpha(FLEISS, bootstrap=0)
    assert none.interval is None
    assert none.resamples == 0
