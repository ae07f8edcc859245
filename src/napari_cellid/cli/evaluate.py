"""Cross-validation: napari-cellid evaluate and reproduce."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from napari_cellid.cli.arguments import check_writable
from napari_cellid.cli.parser import add_output_style
from napari_cellid.cli.settings_options import (
    add_settings,
    given_settings,
    read_settings,
)
from napari_cellid.config import (
    ClassifierTrainingConfig,
    DeviceConfig,
    PlanName,
    SimulationConfig,
)
from napari_cellid.config.animals import AnimalsConfig
from napari_cellid.config.evaluation import (
    QUICK,
    QUICK_DEVICE,
    EvaluationConfig,
    ProtocolName,
)
from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end
from napari_cellid.report.table import count_text

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from napari_cellid.cli.console import Console
    from napari_cellid.crossvalidation.experiment import Experiment
    from napari_cellid.crossvalidation.methods import NetworkMethod
    from napari_cellid.study.study import Study

#: settings of a training that folds do not use, or that other options set
_WITHOUT = (
    "plan", "epochs", "input_size", "patience", "replay", "replay_weight", "cache_gb",
    "seed",
)  # fmt: skip
#: networks whose starting weights can be named
_NETWORKS = ("inception_v3", "resnet18", "resnet50")
#: sizes of the simulated study that can be given; everything else has its default
_SIZES = ("animals", "recordings", "height", "width", "n_planes")
#: settings of the simulated study of a quick run
_QUICK_ANIMALS = {"animals": 4, "recordings": 2}
#: simulated cells are those that a person would outline
_FIELD = {"outlined": "visible"}
_QUICK_FIELD = {
    "height": 160, "width": 160, "n_planes": 1, "inhibitory_fraction": 0.3
}  # fmt: skip


def add_commands(commands: Any) -> None:
    """Add evaluate and reproduce to the subparsers."""
    what = "cross-validate finetuning plans and simple methods on a study"
    evaluate = commands.add_parser(
        "evaluate", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    evaluate.add_argument("study", type=Path, metavar="STUDY", help="the study")
    evaluate.add_argument(
        "--plans", nargs="+", choices=get_args(PlanName), metavar="PLAN",
        default=["inceptionv3_249"],
        help=f"plans that are compared: {', '.join(get_args(PlanName))}",
    )  # fmt: skip
    _add_common(evaluate, ["honest"])
    evaluate.set_defaults(run=run_evaluate)
    what = "repeat the experiment of Seong & Park: Table 1, Table 2 and Figure 4"
    reproduce = commands.add_parser("reproduce", help=what, description=f"{what}.")
    reproduce.add_argument(
        "study", type=Path, metavar="STUDY", nargs="?",
        help="a study of labelled cells; without it, animals and annotators are "
        "simulated",
    )  # fmt: skip
    reproduce.add_argument(
        "--blocks", action="store_true",
        help="also retrain from the beginning of the block into which a number of the "
        "paper falls",
    )  # fmt: skip
    reproduce.add_argument(
        "--quick", action="store_true",
        help="small images and few cells, folds and epochs: shows in a few minutes "
        "that it works",
    )  # fmt: skip
    _add_common(reproduce, ["paper", "honest"])
    simulated = AnimalsConfig, SimulationConfig
    names = {name for config in simulated for name in config.model_fields}
    title = "simulated animals, where no STUDY is given"
    add_settings(reproduce, title, *simulated, without=names.difference(_SIZES))
    reproduce.set_defaults(run=run_reproduce)


def _add_common(parser: ArgumentParser, protocols: list[str]) -> None:
    parser.add_argument(
        "--out", type=Path, metavar="DIR", required=True,
        help="folder of the results and the report; the same command goes on where it "
        "was interrupted",
    )  # fmt: skip
    parser.add_argument(
        "--protocols", nargs="+", choices=get_args(ProtocolName), default=protocols,
        help="paper: folds at random by patch, which is optimistic; honest: groups are "
        "kept together; leave-one-out: one animal at a time",
    )  # fmt: skip
    parser.add_argument(
        "--weights", nargs="+", metavar="NETWORK=START", default=[],
        help="starting weights of inception_v3, resnet18 and resnet50: imagenet "
        "(downloaded once), random, shipped, a model folder, or a state dict "
        "(default: imagenet)",
    )  # fmt: skip
    parser.add_argument(
        "--no-baselines", action="store_true",
        help="leave out the simple methods, with which networks are compared",
    )  # fmt: skip
    parser.add_argument(
        "--variants", action="store_true",
        help="also compare patches of 25 and 51 px, input without the blue channel, "
        "cells that are masked out, and networks from random weights",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, default=1, metavar="N",
        help="processes on this computer",
    )  # fmt: skip
    parser.add_argument(
        "--scheduler", default="", metavar="ADDRESS",
        help="address of a Dask scheduler, such as tcp://host:8786, whose workers see "
        "the study and DIR under the same paths",
    )  # fmt: skip
    add_settings(parser, "evaluation", EvaluationConfig)
    add_settings(parser, "training", ClassifierTrainingConfig, without=_WITHOUT)
    add_settings(parser, "device", DeviceConfig)
    add_output_style(parser)


def run_evaluate(arguments: Namespace, console: Console) -> None:
    """Cross-validate plans on a study."""
    from napari_cellid.crossvalidation.simulated_study import is_simulated
    from napari_cellid.study.study import Study

    study = Study.open(arguments.study)
    console.notes(study.problems)
    check_writable(arguments.out)
    experiment = _experiment(
        arguments, study, arguments.plans, read_settings(arguments, EvaluationConfig)
    )
    title = f"Cross-validation of {study.path.name}"
    _run(arguments, console, experiment, title, simulated=is_simulated(study))


def run_reproduce(arguments: Namespace, console: Console) -> None:
    """Repeat the paper's experiment, on a study or on simulated animals."""
    from napari_cellid.crossvalidation.paper import BLOCK_PLANS, TABLE_1
    from napari_cellid.crossvalidation.simulated_study import is_simulated
    from napari_cellid.study.study import Study

    check_writable(arguments.out)
    given = given_settings(arguments, EvaluationConfig)
    config = EvaluationConfig(**(QUICK if arguments.quick else {}) | given)
    if arguments.study is None:
        study = _simulate(arguments, console)
    else:
        _check_not_simulated(arguments)
        study = Study.open(arguments.study)
    console.notes(study.problems)
    plans = [row.plan for row in TABLE_1]
    if arguments.blocks:
        plans += BLOCK_PLANS
    experiment = _experiment(arguments, study, plans, config)
    title = "The experiment of Seong & Park, repeated"
    simulated = is_simulated(study)
    _run(arguments, console, experiment, title, simulated=simulated)


def _check_not_simulated(arguments: Namespace) -> None:
    given = given_settings(arguments, AnimalsConfig)
    for name in given | given_settings(arguments, SimulationConfig):
        raise InputError(
            f"--{name.replace('_', '-')} is about simulated animals, but the study "
            f"{arguments.study} was given; leave out one of the two."
        )


def _simulate(arguments: Namespace, console: Console) -> Study:
    from napari_cellid.crossvalidation.simulated_study import make_simulated_study
    from napari_cellid.simulation.animals import Cohort

    animals = given_settings(arguments, AnimalsConfig)
    field = _FIELD | given_settings(arguments, SimulationConfig)
    if arguments.quick:
        animals, field = _QUICK_ANIMALS | animals, _QUICK_FIELD | field
    cohort = Cohort(seed=0, spread=AnimalsConfig(**animals), fixed=field)
    step = make_simulated_study(arguments.out / "study", cohort)
    return run_to_end(step, console.progress)


def _experiment(
    arguments: Namespace, study: Study, plans: list[PlanName], config: EvaluationConfig
) -> Experiment:
    from napari_cellid.crossvalidation.cells import collect_cells
    from napari_cellid.crossvalidation.experiment import Experiment
    from napari_cellid.crossvalidation.methods import BASELINES

    # the paper does not weight rare classes
    given = {"balance": "none"} | given_settings(arguments, ClassifierTrainingConfig)
    training = ClassifierTrainingConfig(
        **given, epochs=config.epochs, input_size=config.input_size, replay=0
    )
    return Experiment(
        folder=arguments.out,
        study=study.path,
        cells=collect_cells(study, config),
        config=config,
        training=training,
        methods=tuple(_methods(arguments, plans)),
        baselines=() if arguments.no_baselines else tuple(BASELINES),
        protocols=tuple(dict.fromkeys(arguments.protocols)),
    )


def _methods(arguments: Namespace, plans: list[PlanName]) -> list[NetworkMethod]:
    from napari_cellid.crossvalidation.methods import plan_methods, variant_methods
    from napari_cellid.crossvalidation.paper import TABLE_1

    quick = getattr(arguments, "quick", False)
    # a quick run must not wait for weights of 100 MB
    starts = dict.fromkeys(_NETWORKS, "random" if quick else "imagenet")
    starts |= _read_starts(arguments.weights)
    methods = plan_methods(plans, starts)
    if not arguments.variants:
        return methods
    # the paper's best plan, wherever it stands among them
    best = [one for one in methods if one.plan == TABLE_1[-1].plan]
    return [*methods, *variant_methods([*methods, *best][-1], methods)]


def _read_starts(texts: list[str]) -> dict[str, str]:
    starts = {}
    for text in texts:
        network, _, start = text.partition("=")
        if network not in _NETWORKS or not start:
            raise InputError(
                f"--weights {text} was given, but NETWORK=START is needed, with a "
                f"network of {', '.join(_NETWORKS)}; such as resnet18=random."
            )
        path = Path(start).expanduser()
        # workers may run in other folders
        starts[network] = str(path.absolute()) if path.exists() else start
    return starts


def _run(
    arguments: Namespace,
    console: Console,
    experiment: Experiment,
    title: str,
    *,
    simulated: bool,
) -> None:
    from napari_cellid.batch.schedulers import open_scheduler
    from napari_cellid.crossvalidation.experiment import run_experiment
    from napari_cellid.crossvalidation.experiment_file import save_experiment
    from napari_cellid.crossvalidation.summary import summarise
    from napari_cellid.report.evaluation import write_report
    from napari_cellid.report.evaluation_text import findings

    experiment = save_experiment(experiment)
    quick = getattr(arguments, "quick", False)
    given = given_settings(arguments, DeviceConfig)
    device = DeviceConfig(**(QUICK_DEVICE if quick else {}) | given)
    with open_scheduler(arguments.scheduler, arguments.workers) as scheduler:
        step = run_experiment(experiment, scheduler, device)
        results = run_to_end(step, console.progress)
    summary = summarise(experiment, results)
    page = write_report(
        experiment, summary, title=title, simulated=simulated, quick=quick
    )
    accuracies = {
        protocol: {
            name: one["accuracy"]["chosen"]["mean"]
            for name, one in part["methods"].items()
        }
        for protocol, part in summary.items()
    }
    console.result(
        {"report": str(page), "simulated": simulated, "accuracy": accuracies},
        [
            f"{count_text(len(experiment.cells.table), 'cell')}, "
            f"{count_text(len(results), 'fold')} of all methods"
            f"{', simulated' if simulated else ''}.",
            *findings(summary),
            f"Report: {page}",
        ],
    )
