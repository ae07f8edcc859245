"""The metrics of the paper's Table 2, to four digits."""

import numpy as np
import pytest

from napari_cellid.agreement.coefficients import cohen_kappa
from napari_cellid.crossvalidation.paper import (
    TABLE_1,
    TABLE_2,
    TABLE_2_CLASSES,
    TABLE_2_PRINTED,
)
from napari_cellid.crossvalidation.statistics import (
    compare_on_folds,
    negative_predictive_values,
    table_metrics,
    wilson_interval,
)
from napari_cellid.evaluation.metrics import metrics_by_class


def test_table_2_of_the_paper():
    metrics = table_metrics(TABLE_2)
    expected = {
        "accuracy": 0.9148, "kappa": 0.852, "mcc": 0.852, "balanced_accuracy": 0.833,
        "macro_precision": 0.822, "macro_f1": 0.827, "weighted_f1": 0.916,
        "majority": 0.474,
    }  # fmt: skip
    for name, value in expected.items():
        digits = len(str(value)) - 2
        assert round(metrics[name], digits) == value, name
    by_class = metrics_by_class(TABLE_2)
    rows = [
        (176, 0.9034, 0.9417, 0.9244, 0.9138),
        (189, 0.9788, 0.9762, 0.9737, 0.9763),
        (34, 0.6176, 0.9562, 0.5676, 0.5915),
    ]
    for one, row in zip(by_class, rows, strict=True):
        values = (one.sensitivity, one.specificity, one.precision, one.f1)
        assert (one.n, *np.round(values, 4)) == row
    assert np.round(negative_predictive_values(TABLE_2), 4).tolist() == [
        0.9251, 0.9809, 0.9641,
    ]  # fmt: skip
    for name, one in zip(TABLE_2_CLASSES, by_class, strict=True):
        assert round(100 * one.sensitivity, 2) == TABLE_2_PRINTED[name]
    assert round(100 * metrics["accuracy"], 2) == TABLE_2_PRINTED["accuracy"]


def test_excitatory_and_inhibitory_alone():
    neurons = TABLE_2[np.ix_([0, 2], [0, 2])]
    assert round(np.trace(neurons) / neurons.sum(), 3) == 0.878
    assert round(cohen_kappa(neurons).value, 3) == 0.554
    assert round(neurons[0].sum() / neurons.sum(), 3) == 0.839


@pytest.mark.parametrize(
    ("right", "n", "interval"),
    [
        (159, 176, (0.851, 0.939)),
        (185, 189, (0.947, 0.992)),
        (21, 34, (0.450, 0.761)),
        (365, 399, (0.883, 0.938)),
    ],
)
def test_wilson_intervals_of_table_2(right, n, interval):
    assert np.round(wilson_interval(right, n), 3) == pytest.approx(interval, abs=1e-9)


def test_table_1_has_ten_rows_and_the_best_is_the_last():
    assert [row.number for row in TABLE_1] == list(range(1, 11))
    assert max(TABLE_1, key=lambda row: row.saturation).plan == "inceptionv3_139"


def test_overlapping_training_sets_widen_the_paired_test():
    from scipy.stats import ttest_rel

    first, second = np.array([0.9, 0.85, 0.95, 0.9, 0.8]), np.full(5, 0.8)
    found = compare_on_folds(first, second, n_train=360, n_test=40)
    assert found.difference == pytest.approx(0.08)
    plain = ttest_rel(first, second).pvalue
    # without the test cells' share the correction is none
    assert compare_on_folds(first, second, 1e12, 1).p_value == pytest.approx(plain)
    assert found.p_value > plain
    assert np.isnan(compare_on_folds(first, first, 360, 40).p_value)
