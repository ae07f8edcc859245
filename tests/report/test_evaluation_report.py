"""The report of a cross-validation: everything in one page, beside the paper."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from napari_cellid.config import ClassifierTrainingConfig, DeviceConfig
from napari_cellid.config.evaluation import EvaluationConfig
from napari_cellid.crossvalidation.cells import EvaluationCells
from napari_cellid.crossvalidation.experiment import Experiment, fold_units
from napari_cellid.crossvalidation.folds import make_folds
from napari_cellid.crossvalidation.methods import BASELINES, plan_methods
from napari_cellid.crossvalidation.paper import TABLE_1
from napari_cellid.crossvalidation.summary import summarise
from napari_cellid.report.evaluation import write_report

CLASSES = ("excitatory", "inhibitory", "glia & <others>")


def _experiment(folder, study):
    n = 120
    table = pd.DataFrame(
        {
            "recording": [f"r{k // 10}" for k in range(n)], "cell": range(n),
            "label": range(n), "plane": 0, "y": 1.0, "x": 1.0,
            "class": [CLASSES[k % 3] for k in range(n)],
            "animal": [f"m{k // 20}" for k in range(n)],
            "group": [f"m{k // 20}" for k in range(n)],
        }
    )  # fmt: skip
    starts = dict.fromkeys(("inception_v3", "resnet18", "resnet50"), "random")
    return Experiment(
        folder, study, EvaluationCells(table, CLASSES),
        EvaluationConfig(folds=3, seeds=2, end_to_end=False),
        ClassifierTrainingConfig(epochs=4),
        tuple(plan_methods([row.plan for row in TABLE_1], starts)),
        tuple(BASELINES), ("paper", "honest"),
    )  # fmt: skip


def _results(experiment):
    """Results as units give them, of methods that know 80 % of the cells."""
    results, target = {}, experiment.cells.target
    for unit in fold_units(experiment, DeviceConfig()):
        place = unit.arguments
        fold = make_folds(
            experiment.cells, place["protocol"], 3, place["seed"]
        )[place["fold"]]  # fmt: skip
        rng = np.random.default_rng(len(results))
        truth = target[fold.test]
        called = np.where(rng.random(len(truth)) < 0.8, truth, (truth + 1) % 3)
        found = 0.1 + 0.7 * np.eye(3)[called]
        values = {"epoch": 4, "probabilities": found.tolist()}
        one = {
            "fold": fold.name, "rows": fold.test.tolist(), "truth": truth.tolist(),
            "n_train": len(fold.train), "n_inner": len(fold.inner),
            "fixed": values, "chosen": values,
        }  # fmt: skip
        if "method" in place:
            share = float((called == truth).mean())
            one["start"] = "resnet18, random weights"
            one["epochs"] = [
                {"epoch": k, "train_loss": 1.0, "train": 0.2 * k, "inner": None,
                 "test": share if k == 4 else share / 2}
                for k in range(1, 5)
            ]  # fmt: skip
        results[unit.name] = one
    return results


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    experiment = _experiment(folder, folder / "my <study>")
    summary = summarise(experiment, _results(experiment))
    page = write_report(
        experiment, summary, title="The experiment", simulated=True, quick=True
    )
    return page, summary


def test_the_page_needs_no_other_file(report):
    text = report[0].read_text("utf-8")
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert len(sources) >= 7
    assert all(one.startswith("data:") for one in sources)
    # names are text and not markup
    assert "my &lt;study&gt;" in text and "<study>" not in text
    assert "glia &amp; &lt;others&gt;" in text


def test_the_page_says_what_limits_its_figures(report):
    text = report[0].read_text("utf-8")
    for words in (
        "All images and annotators are simulated", "quick run", "random weights",
        "optimistic", "accuracy 0.9148, kappa 0.852",
    ):  # fmt: skip
        assert words in text


def test_table_1_stands_beside_the_paper(report):
    table = pd.read_csv(report[0].parent / "table1.csv", keep_default_na=False)
    paper = table[(table["protocol"] == "paper") & (table["paper_method"] != "")]
    assert len(paper) == len(TABLE_1)
    by_name = paper.set_index("paper_method")
    for row in TABLE_1:
        one = by_name.loc[row.method]
        assert float(one["paper_saturation"]) == row.saturation
        assert float(one["paper_best_epoch"]) == row.best
        assert 60 < float(one["saturation"]) < 95
    # one network stands for both
    twice = by_name.loc[["U+ResNet18 (69)", "U+ResNet18 (66)"], "saturation"]
    assert twice.nunique() == 1


def test_accuracy_and_intervals_are_those_of_the_cells(report):
    summary = report[1]
    one = summary["honest"]["methods"]["inceptionv3_139"]
    confusion = np.array(one["confusion"])
    assert confusion.sum() == 2 * 120
    assert one["pooled"]["accuracy"] == pytest.approx(np.trace(confusion) / 240)
    low, high = one["intervals"]["accuracy"]
    assert low < one["pooled"]["accuracy"] < high
    assert json.loads((report[0].parent / "summary.json").read_text()) is not None


def test_table_2_and_figure_4_are_written(report):
    folder = report[0].parent
    table = pd.read_csv(folder / "table2.csv")
    paper = table[table["source"] == "Seong & Park, recomputed"].set_index("true class")
    assert round(paper.loc["inhibitory", "sensitivity"], 4) == 0.6176
    assert set(table["source"]) == {
        "Seong & Park, recomputed", "protocol paper, inceptionv3_139",
        "protocol honest, inceptionv3_139",
    }  # fmt: skip
    assert (folder / "figure4.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "figure4.png").read_bytes().startswith(b"\x89PNG")
