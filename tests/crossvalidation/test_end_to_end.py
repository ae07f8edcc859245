"""From images to classes: missed cells and superfluous outlines count."""

import numpy as np
import pandas as pd
import pytest

from napari_cellid.batch.schedulers import HereScheduler
from napari_cellid.cells.measure import measure
from napari_cellid.config import ClassifierTrainingConfig, DeviceConfig
from napari_cellid.config.evaluation import EvaluationConfig
from napari_cellid.crossvalidation.cells import EvaluationCells, collect_cells
from napari_cellid.crossvalidation.detections import (
    Detections,
    compare_outlines,
    outlines_of_fold,
    read_comparisons,
    read_detections,
    write_detections,
)
from napari_cellid.crossvalidation.end_to_end import (
    summarise_end_to_end,
    summarise_outlines,
)
from napari_cellid.crossvalidation.experiment import (
    Experiment,
    run_experiment,
)
from napari_cellid.crossvalidation.experiment_file import save_experiment
from napari_cellid.crossvalidation.folds import make_folds
from napari_cellid.crossvalidation.methods import plan_methods
from napari_cellid.crossvalidation.summary import summarise
from napari_cellid.errors import InputError
from napari_cellid.evaluation.detection import DetectionCounts, count_detections
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.report.evaluation import write_report

pytestmark = pytest.mark.usefixtures("narrow_networks")

SIDE = 8
#: corners of four true cells; the first three are cells of the evaluation
CORNERS = [(4, 4), (4, 30), (30, 4), (30, 30)]


def _squares(corners, shape=(1, 64, 64)):
    labels = np.zeros(shape, np.int32)
    for k, (y, x) in enumerate(corners, 1):
        labels[0, y : y + SIDE, x : x + SIDE] = k
    return labels


def _planes():
    rng = np.random.default_rng(0)
    red, green = rng.random((2, 1, 64, 64)).astype(np.float32)
    return MeanPlanes("r", red, green, pixel_size_um=1.0)


def _cells():
    table = measure(_squares(CORNERS), _planes()).iloc[:3]
    table = table.assign(recording="r", animal="m", group="m")
    return EvaluationCells(table.assign(**{"class": ["a", "b", "a"]}), ("a", "b"))


@pytest.fixture
def comparison():
    # the first is moved by 2 px, the second is missed, the third is the same to the
    # pixel, the fourth is of no known class; and two superfluous outlines
    found = _squares([(6, 4), (30, 4), (30, 30), (50, 10), (50, 40)])
    cells = _cells()
    return compare_outlines(_planes(), found, _squares(CORNERS), cells.table)


def test_outlines_are_compared_with_the_true_ones(comparison):
    assert comparison["centroids"] == 3
    assert comparison["identical"] == 2
    assert comparison["share"] == 0.75
    # of two superfluous outlines as large a share as of four cells: 1.5, rounded
    assert comparison["outlines"]["row"].count(-1) == 2
    assert [k for k in comparison["outlines"]["row"] if k >= 0] == [0, 2]
    assert len(comparison["features"]) == 4
    metrics = summarise_outlines({"r": comparison | {"model": "unet"}})
    # 6 of 8 rows of the first outline overlap: 48 / 80 of the union
    overlap, true, found = 48 + 2 * 64, 4 * 64, 5 * 64
    assert metrics["dice"] == pytest.approx(2 * overlap / (true + found), abs=1e-6)
    assert metrics["iou"] == pytest.approx(overlap / (true + found - overlap), abs=1e-6)
    wrong = true + found - 2 * overlap
    assert metrics["pixel_accuracy"] == pytest.approx(1 - wrong / 4096, abs=1e-6)
    assert metrics["background_accuracy"] == pytest.approx(1 - true / 4096)
    assert metrics["average_precision"] == pytest.approx(3 / (5 + 4 - 3))
    assert metrics["centroid_f1"] == pytest.approx(6 / 9, abs=1e-6)
    assert metrics["count_error"] == 0.25
    assert not metrics["same_outlines"]


def test_the_same_outlines_are_noticed():
    truth = _squares(CORNERS)
    found = compare_outlines(_planes(), truth, truth, _cells().table)
    metrics = summarise_outlines({"r": found | {"model": "unet"}})
    assert metrics["same_outlines"]
    assert metrics["pixel_accuracy"] == metrics["dice"] == metrics["f1"] == 1


def test_nothing_found_has_no_metrics_that_divide_by_nothing():
    empty = np.zeros((1, 64, 64), np.int32)
    found = compare_outlines(_planes(), empty, _squares(CORNERS), _cells().table)
    assert found["outlines"]["row"] == [] and found["features"] == []
    metrics = summarise_outlines({"r": found | {"model": "unet"}})
    assert metrics["recall"] == metrics["dice"] == 0 and metrics["precision"] is None
    assert metrics["pixel_accuracy"] == metrics["background_accuracy"]
    assert DetectionCounts().pixel_metrics()["iou"] is None


def test_pixels_of_parts_add_up():
    found, truth = _squares([(6, 4)]), _squares(CORNERS)
    whole = count_detections(found, truth)
    assert (whole.true_px, whole.compared_px) == (4 * 64, 4096)
    assert (whole + whole).compared_px == 2 * 4096


def test_missed_and_superfluous_outlines_are_counted():
    cells = _cells()
    table = pd.DataFrame(
        {"recording": "r", "plane": 0, "y": 0.0, "x": 0.0, "row": [0, 2, -1, -1]}
    )
    detections = Detections(table, np.zeros((4, 10)))
    a, b = [0.9, 0.1], [0.2, 0.8]
    part = {
        "rows": [0, 1, 2], "outlines": [0, 1, 2, 3],
        "chosen": {"outlines": [a, b, b, a]},
    }  # fmt: skip
    found = summarise_end_to_end([part], "chosen", cells, detections)
    # rows: a, b, no cell; columns: called a, called b, missed
    assert found["confusion"] == [[1, 1, 0], [0, 0, 1], [1, 1, 0]]
    assert (found["missed"], found["superfluous"]) == (1, 2)
    assert found["found"] == pytest.approx(2 / 3)
    assert found["correct"] == pytest.approx(1 / 3)
    assert found["correct_of_found"] == 0.5
    # a: one of two cells, and of two that are called so
    assert found["by_class"]["a"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert found["by_class"]["b"]["f1"] == 0
    assert found["macro_f1"] == 0.25


@pytest.mark.parametrize("protocol", ["paper", "honest", "leave-one-out"])
def test_each_outline_is_tested_once(simulated, protocol):
    config = EvaluationConfig(folds=3, groups="animal", cells=60)
    cells = collect_cells(simulated, config)
    names = cells.table["recording"].unique()
    row = np.concatenate([np.arange(0, 60, 2), np.full(4 * len(names), -1)])
    recording = np.concatenate(
        [cells.table["recording"].to_numpy()[::2], np.repeat(names, 4)]
    )
    table = pd.DataFrame(
        {"recording": recording, "plane": 0, "y": 1.0, "x": 1.0, "row": row}
    )
    detections = Detections(table, np.zeros((len(table), 10)))
    tested = []
    for k, fold in enumerate(make_folds(cells, protocol, 3, 0)):
        here = outlines_of_fold(detections, fold, cells, (protocol, 0, k, 3))
        assert set(row[here]) - {-1} <= set(fold.test)
        if protocol != "paper":
            assert set(recording[here]) <= set(cells.table["recording"][fold.test])
        tested += here.tolist()
    assert sorted(tested) == list(range(len(table)))


def test_outlines_are_written_and_read(tmp_path, comparison):
    path = tmp_path / "detections.json"
    assert len(read_detections(path)) == 0
    assert read_detections(path).features.shape == (0, 10)
    write_detections(path, {"r": comparison})
    found = read_detections(path)
    assert found.table["row"].tolist() == comparison["outlines"]["row"]
    assert found.features.shape == (4, 10)
    path.write_text("{", "utf-8")
    with pytest.raises(InputError, match="cannot be read; remove the file"):
        read_comparisons(path)


@pytest.mark.usefixtures("quick_baselines")
def test_methods_classify_the_outlines_of_the_unet(simulated, tmp_path):
    config = EvaluationConfig(folds=3, seeds=1, groups="animal", cells=60)
    training = ClassifierTrainingConfig(epochs=1, input_size=32, replay=0)
    experiment = Experiment(
        tmp_path, simulated.path, collect_cells(simulated, config), config, training,
        tuple(plan_methods(["resnet18_69"], {"resnet18": "random"})),
        ("majority", "two thresholds", "small CNN"), ("honest",),
    )  # fmt: skip
    save_experiment(experiment)
    device = DeviceConfig(device="cpu", precision="fp32")
    results = run_to_end(run_experiment(experiment, HereScheduler(), device))
    summary = summarise(experiment, results)
    methods = summary["honest"]["methods"]
    totals = {tuple(np.sum(m["end_to_end"]["confusion"], 1)) for m in methods.values()}
    # the same cells and outlines for each method, and each true cell once
    (total,) = totals
    count = np.bincount(experiment.cells.target)
    assert total[:3] == tuple(count)
    rule = methods["two thresholds"]["end_to_end"]
    assert rule["found"] > 0.7
    assert rule["correct"] <= rule["found"]
    assert rule["macro_f1"] > methods["majority"]["end_to_end"]["macro_f1"]
    page = write_report(experiment, summary, title="E", simulated=True)
    text = page.read_text("utf-8")
    assert "From images to classes" in text and "trained on fields of the same" in text
    table = pd.read_csv(tmp_path / "end_to_end.csv").set_index("method")
    assert table.loc["two thresholds", "missed"] == rule["missed"]
    outlines = pd.read_csv(tmp_path / "outlines.csv").set_index("metric")
    assert outlines.loc["pixel accuracy", "paper"] == 0.932
    assert 0 < outlines.loc["pixel accuracy", "value"] < 1
