"""The units of an experiment: calls that other processes run, with plain arguments."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.config import ClassifierTrainingConfig, DeviceConfig
from napari_cellid.config.evaluation import EvaluationConfig
from napari_cellid.crossvalidation.baselines import (
    predict_baseline,
    predict_small_network,
)
from napari_cellid.crossvalidation.cells import read_cells
from napari_cellid.crossvalidation.detections import (
    outlines_of_fold,
    read_detections,
)
from napari_cellid.crossvalidation.features import FeatureFiles, feature_key
from napari_cellid.crossvalidation.folds import make_folds
from napari_cellid.crossvalidation.hand_features import FEATURES, hand_features
from napari_cellid.crossvalidation.layout import (
    CELLS_FILE,
    DETECTIONS_FILE,
    EXPERIMENT_FILE,
    FEATURES_FOLDER,
)
from napari_cellid.crossvalidation.methods import NetworkMethod
from napari_cellid.crossvalidation.network import (
    compute_features,
    load_input,
    n_cut,
    rounded_rows,
    train_fold,
)
from napari_cellid.device import choose_device
from napari_cellid.json_file import read_json
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config.evaluation import ProtocolName
    from napari_cellid.crossvalidation.cells import EvaluationCells
    from napari_cellid.crossvalidation.detections import Detections
    from napari_cellid.crossvalidation.folds import Fold
    from napari_cellid.crossvalidation.methods import BaselineName
    from napari_cellid.crossvalidation.network import NetworkInput


def run_features(
    folder: str, method: dict[str, Any], cuts: list[int], device: dict[str, Any]
) -> dict[str, Any]:
    """Compute the features of frozen layers (a unit of work)."""
    one = NetworkMethod(**method)
    chosen = choose_device(DeviceConfig(**device))
    files = _files(folder, one)
    written = compute_features(_input(folder, one), cuts, files, chosen)
    return {"files": written}


def run_network(
    folder: str,
    protocol: ProtocolName,
    seed: int,
    fold: int,
    method: dict[str, Any],
    device: dict[str, Any],
) -> dict[str, Any]:
    """Train and test a network in one fold (a unit of work)."""
    one = NetworkMethod(**method)
    cells, config = _load(folder)
    rows = _fold(folder, protocol, seed, fold)
    settings = config.model_copy(update={"plan": one.plan, "seed": seed})
    outlines = _outlines(folder, protocol, seed, fold)
    prepared = _input(folder, one)
    cut = n_cut(one, settings)
    # where a file is missing, as on another computer, the layers run in every step
    files = _files(folder, one)
    found = train_fold(
        prepared,
        rows,
        settings,
        files if cut and files.path(cut).exists() else None,
        choose_device(DeviceConfig(**device)),
        outlines,
    )
    values = {which: _divided(found[which], rows) for which in ("fixed", "chosen")}
    return {
        **_about(rows, cells, outlines),
        "epochs": found["epochs"],
        **values,
        "start": prepared.start.origin.get("name", one.start),
    }


def run_baseline(
    folder: str, protocol: ProtocolName, seed: int, fold: int, name: BaselineName
) -> dict[str, Any]:
    """Fit and test a baseline in one fold (a unit of work)."""
    cells, _ = _load(folder)
    rows = _fold(folder, protocol, seed, fold)
    outlines = _outlines(folder, protocol, seed, fold)
    # the outlines come after the cells
    both = np.concatenate([rows.test, outlines + len(cells.table)])
    unseen = replace(rows, test=both)
    found: NDArray[np.float64] | None
    if name == "small CNN":
        patches = _patches(folder)
        found = predict_small_network(patches, cells.target, unseen, seed)
    else:
        study = _study(folder)
        names = study.config.state_names
        index = {
            state: cells.classes.index(one)
            for state, one in names.items()
            if one in cells.classes
        }
        features = _hand_features(folder)
        found = predict_baseline(name, features, cells.target, unseen, index, seed)
    about = _about(rows, cells, outlines)
    if found is None:
        return {**about, "fixed": None, "chosen": None}
    whole = {"epoch": 0, "probabilities": rounded_rows(found)}
    values = _divided(whole, rows)
    return {**about, "fixed": values, "chosen": values}


def _divided(values: dict[str, Any], rows: Fold) -> dict[str, Any]:
    """Probabilities of the test cells, and of the outlines after them."""
    both, n = values["probabilities"], len(rows.test)
    return {**values, "probabilities": both[:n], "outlines": both[n:]}


def _about(
    rows: Fold, cells: EvaluationCells, outlines: NDArray[np.int64]
) -> dict[str, Any]:
    return {
        "fold": rows.name,
        "rows": rows.test.tolist(),
        "outlines": outlines.tolist(),
        "truth": cells.target[rows.test].tolist(),
        "n_train": len(rows.train),
        "n_inner": len(rows.inner),
    }


@lru_cache(maxsize=2)
def _load(folder: str) -> tuple[EvaluationCells, ClassifierTrainingConfig]:
    about = read_json(Path(folder) / EXPERIMENT_FILE)
    cells = read_cells(Path(folder) / CELLS_FILE, tuple(about["classes"]))
    return cells, ClassifierTrainingConfig(**about["training"])


@lru_cache(maxsize=2)
def _evaluation_config(folder: str) -> EvaluationConfig:
    return EvaluationConfig(**read_json(Path(folder) / EXPERIMENT_FILE)["config"])


@lru_cache(maxsize=2)
def _study(folder: str) -> Study:
    return Study.open(Path(read_json(Path(folder) / EXPERIMENT_FILE)["study"]))


def _fold(folder: str, protocol: ProtocolName, seed: int, fold: int) -> Fold:
    cells, _ = _load(folder)
    return make_folds(cells, protocol, _evaluation_config(folder).folds, seed)[fold]


@lru_cache(maxsize=2)
def _detections(folder: str) -> Detections:
    return read_detections(Path(folder) / DETECTIONS_FILE)


def _outlines(
    folder: str, protocol: ProtocolName, seed: int, fold: int
) -> NDArray[np.int64]:
    cells, _ = _load(folder)
    place = (protocol, seed, fold, _evaluation_config(folder).folds)
    rows = _fold(folder, protocol, seed, fold)
    return outlines_of_fold(_detections(folder), rows, cells, place)


# one at a time: each holds a network and the images of all recordings
@lru_cache(maxsize=1)
def _input(folder: str, method: NetworkMethod) -> NetworkInput:
    cells, config = _load(folder)
    spotlight = _evaluation_config(folder).spotlight_px
    found = _detections(folder)
    return load_input(_study(folder), cells, found, method, config, spotlight)


@lru_cache(maxsize=1)
def _patches(folder: str) -> Any:
    method = NetworkMethod("patches", "resnet18", "resnet18_69", "random")
    cells, config = _load(folder)
    # patches alone: the size of a network's input does not matter
    config = config.model_copy(update={"input_size": 0})
    found = _detections(folder)
    prepared = load_input(_study(folder), cells, found, method, config, 0.0)
    return prepared.samples.cells


@lru_cache(maxsize=1)
def _hand_features(folder: str) -> NDArray[np.float64]:
    cells, _ = _load(folder)
    study = _study(folder)
    found = np.zeros((len(cells.table), len(FEATURES)))
    for name, part in cells.table.groupby("recording", sort=False):
        recording = study.recording(str(name))
        found[part.index] = hand_features(recording.planes(), recording.labels(), part)
    return np.concatenate([found, _detections(folder).features])


def _files(folder: str, method: NetworkMethod) -> FeatureFiles:
    return FeatureFiles(
        Path(folder) / FEATURES_FOLDER, feature_key(**method.input_arguments)
    )
