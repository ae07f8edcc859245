"""Figures of classification: the paper's Table 2, scikit-learn, and edges."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from napari_cellid.agreement.coefficients import cohen_kappa
from napari_cellid.evaluation.metrics import (
    accuracy,
    balanced_accuracy,
    classification_metrics,
    confusion_matrix,
    expected_calibration_error,
    macro_f1,
    metrics_by_class,
)

#: Seong & Park, Table 2: excitatory, glia, inhibitory; rows are the truth
TABLE_2 = np.array([[159, 4, 13], [1, 185, 3], [12, 1, 21]])
CLASSES = ("excitatory", "glia", "inhibitory")


def kappa(confusion):
    value = cohen_kappa(confusion).value
    return np.nan if value is None else value


def test_table_2_of_the_paper():
    assert accuracy(TABLE_2) == pytest.approx(0.9148, abs=5e-5)
    assert balanced_accuracy(TABLE_2) == pytest.approx(0.8333, abs=5e-5)
    assert kappa(TABLE_2) == pytest.approx(0.852, abs=5e-4)
    assert macro_f1(TABLE_2) == pytest.approx(0.827, abs=5e-4)
    wanted = {
        "excitatory": (176, 0.9034, 0.9417, 0.9244, 0.9138),
        "glia": (189, 0.9788, 0.9762, 0.9737, 0.9763),
        "inhibitory": (34, 0.6176, 0.9562, 0.5676, 0.5915),
    }
    for name, one in zip(CLASSES, metrics_by_class(TABLE_2), strict=True):
        n, *rest = wanted[name]
        assert one.n == n
        found = (one.sensitivity, one.specificity, one.precision, one.f1)
        assert found == pytest.approx(rest, abs=5e-5)


def test_table_2_between_neurons():
    neurons = TABLE_2[np.ix_([0, 2], [0, 2])]
    assert accuracy(neurons) == pytest.approx(0.878, abs=5e-4)
    assert kappa(neurons) == pytest.approx(0.554, abs=5e-4)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 5).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(
                st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)),
                min_size=1,
                max_size=60,
            ),
        )
    )
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_as_scikit_learn(case):
    n, pairs = case
    truth, told = np.array(pairs).T
    confusion = confusion_matrix(truth, told, n)
    labels = list(range(n))
    np.testing.assert_array_equal(
        confusion, reference.confusion_matrix(truth, told, labels=labels)
    )
    assert accuracy(confusion) == pytest.approx(reference.accuracy_score(truth, told))
    assert balanced_accuracy(confusion) == pytest.approx(
        reference.balanced_accuracy_score(truth, told)
    )
    if len(set(truth) | set(told)) > 1:
        assert kappa(confusion) == pytest.approx(
            reference.cohen_kappa_score(truth, told)
        )
    assert macro_f1(confusion) == pytest.approx(
        reference.f1_score(truth, told, average="macro")
    )
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        truth, told, labels=labels, zero_division=np.nan
    )
    for k, one in enumerate(metrics_by_class(confusion)):
        assert one.n == support[k]
        found = (one.sensitivity, one.precision, one.f1)
        assert found == pytest.approx((recall[k], precision[k], f1[k]), nan_ok=True)


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.int64, (3, 3), elements=st.integers(0, 30)), st.permutations([0, 1, 2])
)
def test_the_order_of_the_classes_does_not_matter(confusion, order):
    turned = confusion[np.ix_(order, order)]
    for figure in (accuracy, balanced_accuracy, kappa, macro_f1):
        assert figure(turned) == pytest.approx(figure(confusion), nan_ok=True)


def test_nothing_can_be_said_of_no_cells():
    confusion = confusion_matrix(np.zeros(0, int), np.zeros(0, int), 3)
    assert confusion.tolist() == [[0] * 3] * 3
    for figure in (accuracy, balanced_accuracy, kappa, macro_f1):
        assert np.isnan(figure(confusion))
    found = classification_metrics(np.zeros(0, int), np.zeros((0, 3)), CLASSES)
    assert found["accuracy"] is None
    assert json.loads(json.dumps(found)) == found


def test_calibration_error_of_known_cells():
    # ten cells told with 0.8, of which six are right: 0.2 too sure
    chances = np.tile([0.8, 0.2], (10, 1))
    truth = np.array([0] * 6 + [1] * 4)
    assert expected_calibration_error(truth, chances) == pytest.approx(0.2)
    # two groups: always right with 1.0, half right with 0.5
    chances = np.array([[1.0, 0.0]] * 4 + [[0.5, 0.5]] * 4)
    truth = np.array([0] * 4 + [0, 0, 1, 1])
    assert expected_calibration_error(truth, chances) == pytest.approx(0)


def test_figures_are_ready_for_json():
    truth = np.repeat([0, 1, 2], 4)
    chances = np.eye(3)[np.roll(truth, 1)] * 0.7 + 0.1
    found = classification_metrics(truth, chances, CLASSES)
    assert json.loads(json.dumps(found)) == found
    assert found["n"] == 12
    assert found["accuracy"] == 0.75
    assert found["confusion"] == [[3, 0, 1], [1, 3, 0], [0, 1, 3]]
    assert found["by_class"]["glia"]["n"] == 4
