"""Dawid and Skene's model: published data, simulated people, and where it stops."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_cellid.agreement.dawid_skene import estimate_reliability, fit_dawid_skene
from napari_cellid.config import UNSURE, StudyConfig, VoteConfig

CLASSES = ("excitatory", "inhibitory", "glia")
#: Dawid & Skene (1979), table 1: for each of 45 patients the three answers of the
#: first anaesthetist, then one of each of four others
ANAESTHETISTS = (
    "1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 "
    "2322223 4444444 2223343 1111111 2223212 1211111 1112111 1111111 1111111 "
    "2222221 2221322 2222222 2222221 2223222 2212222 1111111 1111111 2322222 "
    "1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343 "
    "2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222 "
)


def counts_of_anaesthetists() -> np.ndarray:
    said = np.array(
        [[int(sign) - 1 for sign in patient] for patient in ANAESTHETISTS.split()]
    )
    each = said[:, :, None] == np.arange(4)
    first = each[:, :3].sum(axis=1, keepdims=True)
    return np.concatenate([first, each[:, 3:]], axis=1).astype(float)


def test_dawid_and_skene_1979() -> None:
    found = fit_dawid_skene(counts_of_anaesthetists(), range(4))
    assert found.converged
    # the estimates of the paper's table 2
    np.testing.assert_allclose(found.class_shares, [0.40, 0.42, 0.11, 0.07], atol=0.005)
    np.testing.assert_allclose(
        found.error_rates[0],
        [[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0],
         [0, 0, 0.56, 0.44]],
        atol=0.0051,
    )  # fmt: skip
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1)
    assert np.diff(found.log_likelihood).min() > -1e-9


def test_rows_can_stand_for_many_cells() -> None:
    counts = counts_of_anaesthetists()
    kinds, kind, times = np.unique(
        counts.reshape(45, -1), axis=0, return_inverse=True, return_counts=True
    )
    few = fit_dawid_skene(
        kinds.reshape(-1, 5, 4), range(4), weights=times.astype(float)
    )
    all_rows = fit_dawid_skene(counts, range(4))
    np.testing.assert_allclose(few.error_rates, all_rows.error_rates, atol=1e-6)
    np.testing.assert_allclose(
        few.posterior[kind.ravel()], all_rows.posterior, atol=1e-6
    )


def simulated(
    n: int, confusions: dict[str, np.ndarray], seed: int = 0, answered: float = 0.9
) -> tuple[pd.DataFrame, np.ndarray]:
    """Answers of people with known confusion matrices, and the truth."""
    generator = np.random.default_rng(seed)
    true = generator.choice(3, n, p=[0.6, 0.25, 0.15])
    answers = np.array((*CLASSES, UNSURE), object)
    frames = []
    for name, confusion in confusions.items():
        bounds = confusion.cumsum(axis=1)[true]
        said = (generator.random((n, 1)) > bounds).sum(axis=1).clip(max=3)
        cells = np.flatnonzero(generator.random(n) < answered)
        frames.append(
            pd.DataFrame(
                {"recording": "r", "cell": cells, "annotator": name,
                 "answer": answers[said[cells]]}
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True), true


def confusion(accuracy: float, unsure: float) -> np.ndarray:
    wrong = (1 - accuracy - unsure) / 2
    matrix = np.full((3, 4), wrong)
    matrix[np.arange(3), np.arange(3)] = accuracy
    matrix[:, 3] = unsure
    return matrix


def test_known_people_are_found() -> None:
    biased = np.array([[0.9, 0.1, 0, 0], [0, 0.9, 0, 0.1], [0.05, 0.5, 0.45, 0]])
    people = {
        "Ann": confusion(0.95, 0.02), "Bo": confusion(0.8, 0.1), "Cy": biased,
        "Di": confusion(0.7, 0),
    }  # fmt: skip
    answers, true = simulated(6000, people)
    found = estimate_reliability(answers, StudyConfig())
    assert found.reason == ""
    for name, expected in people.items():
        columns = [*CLASSES, UNSURE]
        matrix = found.error_rates[name].loc[list(CLASSES), columns].to_numpy()
        np.testing.assert_allclose(matrix, expected, atol=0.045)
    assert found.accuracy["Ann"] == pytest.approx(0.95, abs=0.02)
    assert found.accuracy["Di"] == pytest.approx(0.7, abs=0.03)
    assert found.class_shares["excitatory"] == pytest.approx(0.6, abs=0.03)
    assert found.answers == len(answers)
    estimated = found.estimates.set_index("cell")["estimated"]
    right = estimated == np.array(CLASSES, object)[true[estimated.index]]
    plain = answers[answers["answer"] != UNSURE].groupby("cell")["answer"]
    majority = plain.agg(lambda votes: votes.mode().iloc[0])
    plain_right = majority == np.array(CLASSES, object)[true[majority.index]]
    # what the model is for: it knows whom to believe
    assert right.mean() > plain_right.mean() + 0.01
    sure = found.estimates["estimated_p"].to_numpy()
    assert sure.mean() == pytest.approx(right.mean(), abs=0.02)


def test_people_of_other_names_get_the_same_estimates() -> None:
    answers, _ = simulated(300, {name: confusion(0.8, 0.05) for name in "ABC"})
    renamed = answers.assign(
        annotator=answers["annotator"].map(dict(zip("ABC", "CBA", strict=True)))
    )
    one, other = (estimate_reliability(a, StudyConfig()) for a in (answers, renamed))
    assert one.accuracy["A"] == pytest.approx(other.accuracy["C"], abs=1e-9)
    pd.testing.assert_series_equal(
        one.estimates["estimated_p"], other.estimates["estimated_p"], atol=1e-9
    )


@pytest.mark.parametrize("names", ["", "A", "AB"])
def test_two_people_are_too_few(names: str) -> None:
    answers = pd.DataFrame(
        [("r", k, name, CLASSES[k % 3]) for name in names for k in range(9)],
        columns=["recording", "cell", "annotator", "answer"],
    )
    found = estimate_reliability(answers, StudyConfig())
    assert "three people" in found.reason
    assert len(found.estimates) == 0
    assert found.cells == (9 if names else 0)


def test_unsure_that_abstains_is_left_out() -> None:
    answers, _ = simulated(400, {name: confusion(0.7, 0.2) for name in "ABC"})
    config = StudyConfig(vote=VoteConfig(unsure="abstain"))
    found = estimate_reliability(answers, config)
    assert UNSURE not in found.error_rates["A"].columns
    assert found.answers == (answers["answer"] != UNSURE).sum()
    with_it = estimate_reliability(answers, StudyConfig())
    assert UNSURE in with_it.error_rates["A"].columns
    assert UNSURE not in with_it.error_rates["A"].index


def test_somebody_without_answers_that_count() -> None:
    answers, _ = simulated(60, {name: confusion(0.9, 0) for name in "ABC"})
    zoe = answers[answers["annotator"] == "A"].assign(annotator="Z", answer=UNSURE)
    config = StudyConfig(vote=VoteConfig(unsure="abstain"))
    found = estimate_reliability(pd.concat([answers, zoe]), config)
    assert set(found.accuracy) >= set("ABC")
    assert "Z" not in found.accuracy


def test_rounds_that_are_over_are_told() -> None:
    found = fit_dawid_skene(counts_of_anaesthetists(), range(4), max_iterations=2)
    assert not found.converged
    assert len(found.log_likelihood) == 2
