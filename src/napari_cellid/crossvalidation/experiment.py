"""An experiment: methods, protocols, seeds and folds as units of work.

An experiment is a folder. `experiment.json` and `cells.csv` say what is run, `features`
holds the output of frozen layers while it runs, and `units` one result a fold.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_cellid.batch.run import run_units
from napari_cellid.batch.unit import Unit, UnitStore
from napari_cellid.classification.finetuning import (
    PLANS,
    STAGES,
    n_frozen_stages,
)
from napari_cellid.crossvalidation.detection_calls import run_detection
from napari_cellid.crossvalidation.detections import write_detections
from napari_cellid.crossvalidation.features import feature_key
from napari_cellid.crossvalidation.fold_calls import (
    run_baseline,
    run_features,
    run_network,
)
from napari_cellid.crossvalidation.folds import make_folds
from napari_cellid.crossvalidation.layout import (
    DETECTIONS_FILE,
    FEATURES_FOLDER,
    UNITS_FOLDER,
)
from napari_cellid.crossvalidation.network import EPOCHS, n_cut
from napari_cellid.retrain.active_model import current_model
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from napari_cellid.batch.schedulers import Scheduler
    from napari_cellid.config import ClassifierTrainingConfig, DeviceConfig
    from napari_cellid.config.evaluation import EvaluationConfig, ProtocolName
    from napari_cellid.crossvalidation.cells import EvaluationCells
    from napari_cellid.crossvalidation.methods import BaselineName, NetworkMethod
    from napari_cellid.progress import Step

#: stages that cost next to nothing, and the cost of the last layer in blocks
_WITHOUT_COST = ("avgpool", "dropout", "fc", "maxpool")
_LAST_LAYER = 0.06


@dataclass(frozen=True, eq=False)
class Experiment:
    """What is run.

    Parameters
    ----------
    folder
        Folder of the experiment.
    study
        Folder of the study.
    cells
        The cells.
    config
        Folds, seeds and input.
    training
        Settings of the training of networks; `plan` and `seed` are those of each unit.
    methods
        Networks.
    baselines
        Names of the baselines.
    protocols
        Names of the protocols.
    """

    folder: Path
    study: Path
    cells: EvaluationCells
    config: EvaluationConfig
    training: ClassifierTrainingConfig
    methods: tuple[NetworkMethod, ...]
    baselines: tuple[BaselineName, ...]
    protocols: tuple[ProtocolName, ...]

    def seeds(self, protocol: ProtocolName) -> range:
        """Seeds of a protocol; the paper and leave-one-out are run once."""
        return range(self.config.seeds if protocol == "honest" else 1)


def run_experiment(
    experiment: Experiment, scheduler: Scheduler, device: DeviceConfig
) -> Step[dict[str, dict[str, Any]]]:
    """Run what has no result yet: features of frozen layers first, then the folds.

    Returns
    -------
    The result of each fold, by the name of its unit.

    Raises
    ------
    InputError
        If weights or images cannot be read, or the folder cannot be written.
    """
    store = UnitStore(experiment.folder / UNITS_FOLDER)
    yield from _detect(experiment, store, scheduler, device)
    folds = fold_units(experiment, device)
    left = [unit for unit in folds if store.load(unit) is None]
    if left:
        yield from run_units(
            feature_units(experiment, device, left),
            UnitStore(experiment.folder / FEATURES_FOLDER),
            scheduler,
            stage="Running the frozen layers",
        )
    results = yield from run_units(folds, store, scheduler, stage="Training folds")
    # they are large, and nothing needs them any more
    shutil.rmtree(experiment.folder / FEATURES_FOLDER, ignore_errors=True)
    return results


def _detect(
    experiment: Experiment,
    store: UnitStore,
    scheduler: Scheduler,
    device: DeviceConfig,
) -> Step[None]:
    """Outline the recordings with the U-Net, for the folds."""
    units = detection_units(experiment, device)
    if not units:
        return
    results = yield from run_units(
        units, store, scheduler, stage="Outlining recordings"
    )
    path = experiment.folder / DETECTIONS_FILE
    found = {unit.arguments["recording"]: results[unit.name] for unit in units}
    write_detections(path, found)


def detection_units(experiment: Experiment, device: DeviceConfig) -> list[Unit]:
    """A unit for each recording, with the U-Net that the study uses."""
    if not experiment.config.end_to_end:
        return []
    model = current_model(Study.open(experiment.study), "segment")
    common = {
        "folder": str(experiment.folder.absolute()),
        "model": str(model),
        "device": device.model_dump(),
    }
    names = experiment.cells.table["recording"].unique()
    return [
        Unit(f"outlines_{k:03d}", run_detection, common | {"recording": str(name)})
        for k, name in enumerate(names)
    ]


def fold_units(experiment: Experiment, device: DeviceConfig) -> list[Unit]:
    """A unit for each method, protocol, seed and fold."""
    units: list[Unit] = []
    for protocol in experiment.protocols:
        for seed in experiment.seeds(protocol):
            folds = make_folds(
                experiment.cells, protocol, experiment.config.folds, seed
            )
            for k, fold in enumerate(folds):
                common = {"protocol": protocol, "seed": seed, "fold": k}
                n = len(fold.train)
                units += _units_of_fold(experiment, device, common, n)
    return units


def _units_of_fold(
    experiment: Experiment,
    device: DeviceConfig,
    place: dict[str, Any],
    n_train: int,
) -> Iterator[Unit]:
    common = {"folder": str(experiment.folder.absolute()), **place}
    for method in experiment.methods:
        arguments = {
            "method": method.as_arguments(), "device": device.model_dump()
        }  # fmt: skip
        name = unit_name(**place, method=method.name)
        weight = _weight(method, experiment, n_train)
        yield Unit(name, run_network, common | arguments, weight)
    for baseline in experiment.baselines:
        name = unit_name(**place, method=baseline)
        yield Unit(name, run_baseline, common | {"name": baseline}, n_train / 100)


def unit_name(protocol: str, seed: int, fold: int, method: str) -> str:
    """Name of the unit of a fold, which is that of its file."""
    plain = method.replace(" ", "_").replace(",", "")
    return f"{protocol}_{seed}_{fold:02d}_{plain}"


def feature_units(
    experiment: Experiment, device: DeviceConfig, left: Sequence[Unit]
) -> list[Unit]:
    """A unit for each network and kind of input that folds without a result need."""
    needed = {
        unit.arguments["method"]["name"] for unit in left if "method" in unit.arguments
    }
    cuts: dict[str, set[int]] = {}
    methods = {}
    for method in experiment.methods:
        cut = n_cut(method, experiment.training)
        if cut and method.name in needed:
            key = feature_key(**method.input_arguments)
            cuts.setdefault(key, set()).add(cut)
            methods[key] = method
    return [
        Unit(
            f"features_{k}",
            run_features,
            {
                "folder": str(experiment.folder.absolute()),
                "method": methods[key].as_arguments(),
                "cuts": sorted(cuts[key]),
                "device": device.model_dump(),
            },
        )
        for k, key in enumerate(sorted(cuts))
    ]


def _weight(method: NetworkMethod, experiment: Experiment, n_train: int) -> float:
    """Rough cost of a fold; the blocks that are trained determine it."""
    epochs = experiment.training.epochs or EPOCHS[method.architecture]
    frozen = n_frozen_stages(PLANS[method.plan], method.architecture)
    trained = STAGES[method.architecture][frozen:]
    n_blocks = sum(stage not in _WITHOUT_COST for stage in trained)
    return n_train * epochs * (_LAST_LAYER + n_blocks)
