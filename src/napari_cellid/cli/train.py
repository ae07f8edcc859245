"""Training: napari-cellid train classifier, segmenter and resume."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.model_options import add_scheme
from napari_cellid.cli.parser import add_output_style
from napari_cellid.cli.settings_options import (
    add_settings,
    given_settings,
    read_settings,
)
from napari_cellid.cli.signals import ENDING
from napari_cellid.config import (
    RECIPES,
    ClassifierTrainingConfig,
    DeviceConfig,
    SegmenterTrainingConfig,
    SplitConfig,
    VoteConfig,
)
from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end
from napari_cellid.report.table import count_text
from napari_cellid.report.training_tables import result_lines

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from napari_cellid.cli.console import Console
    from napari_cellid.retrain.request import RetrainRequest
    from napari_cellid.study.study import Study
    from napari_cellid.training.run import Run

_START = {
    "classifier": "starting weights: shipped, a model of the study by name, a model "
    "folder, imagenet (downloaded once), random, or a state dict (.safetensors, .pth) "
    "(default: the model that comes with napari-cellid)",
    "segmenter": "starting weights: shipped, a model of the study by name, a model "
    "folder, or random (default: the model that comes with napari-cellid)",
}


def add_commands(commands: Any) -> None:
    """Add train, with classifier, segmenter and resume, to the subparsers."""
    what = "train on the decided cells or corrected outlines of a study"
    parser = commands.add_parser(
        "train", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    kinds = parser.add_subparsers(title="what to train", metavar="WHAT", required=True)
    classifier = _command(
        kinds, "classifier", "train a classifier on decided cells", run_classifier
    )
    add_scheme(classifier, "that of the study")
    classifier.add_argument(
        "--recipe", choices=RECIPES, default="paper",
        help="defaults of the settings: as in the paper (default), or for a few "
        "hundred cells of a new laboratory",
    )  # fmt: skip
    add_settings(classifier, "training", ClassifierTrainingConfig)
    own = dict.fromkeys(VoteConfig.model_fields, "the study's own")
    add_settings(
        classifier, "votes, in place of the study's rule", VoteConfig, defaults=own
    )
    add_settings(classifier, "what is held out", SplitConfig)
    add_settings(classifier, "device", DeviceConfig)
    segmenter = _command(
        kinds, "segmenter",
        "train the network that outlines cells on the outlines of a study",
        run_segmenter,
    )  # fmt: skip
    segmenter.add_argument(
        "--recordings", nargs="+", metavar="NAME",
        help="recordings to train on, whose outlines are correct (default: all of the "
        "study)",
    )  # fmt: skip
    add_settings(segmenter, "training", SegmenterTrainingConfig)
    add_settings(segmenter, "what is held out", SplitConfig)
    add_settings(segmenter, "device", DeviceConfig)
    what = "resume an interrupted training"
    resume = kinds.add_parser(
        "resume", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    resume.add_argument(
        "training", type=Path, metavar="RUN", help="its folder, STUDY/runs/NAME"
    )
    resume.add_argument(
        "--force", action="store_true",
        help="resume although the training seems to be running, because its process "
        "is gone",
    )  # fmt: skip
    resume.set_defaults(run=run_resume)
    add_settings(resume, "device", DeviceConfig)
    add_output_style(resume)


def run_classifier(arguments: Namespace, console: Console) -> None:
    """Train a classifier on the cells that people decided."""
    from napari_cellid.retrain.request import ClassifierRequest

    study = _open_study(arguments, console)
    if arguments.scheme is not None:
        from napari_cellid.study.scheme import save_scheme

        study = save_scheme(study, arguments.scheme)
    rule = given_settings(arguments, VoteConfig)
    settings = given_settings(arguments, ClassifierTrainingConfig)
    request = ClassifierRequest(
        start=arguments.start or "",
        # the recipe gives defaults: what the command line states goes before it
        settings=ClassifierTrainingConfig(**RECIPES[arguments.recipe] | settings),
        split=read_settings(arguments, SplitConfig),
        rule=study.config.vote.model_copy(update=rule) if rule else None,
        name=arguments.name or "",
    )
    _start(study, request, arguments, console)


def run_segmenter(arguments: Namespace, console: Console) -> None:
    """Train a U-Net on corrected outlines."""
    from napari_cellid.retrain.request import SegmenterRequest

    study = _open_study(arguments, console)
    request = SegmenterRequest(
        start=arguments.start or "",
        settings=read_settings(arguments, SegmenterTrainingConfig),
        split=read_settings(arguments, SplitConfig),
        recordings=tuple(arguments.recordings or ()),
        name=arguments.name or "",
    )
    _start(study, request, arguments, console)


def run_resume(arguments: Namespace, console: Console) -> None:
    """Resume a training that is not finished."""
    from napari_cellid.study.study import Study
    from napari_cellid.training.run import Run

    folder = arguments.training.absolute()
    run = Run.open(folder)
    study = Study.open(folder.parent.parent)
    if run.state().state == "finished":
        raise InputError(
            f"The training {run.name} is finished already; use its model with "
            "napari-cellid runs use, or start a new training."
        )
    device = read_settings(arguments, DeviceConfig)
    _train(study, run, device, console, force=arguments.force)


def _open_study(arguments: Namespace, console: Console) -> Study:
    from napari_cellid.study.study import Study

    study = Study.open(arguments.study.absolute())
    console.notes(study.problems)
    return study


def _start(
    study: Study, request: RetrainRequest, arguments: Namespace, console: Console
) -> None:
    """Start a training, or estimate its duration."""
    from napari_cellid.retrain.job import estimate, start

    device = read_settings(arguments, DeviceConfig)
    if arguments.estimate:
        estimated = run_to_end(estimate(study, request, device))
        _print_estimate(estimated, console)
        return
    _train(study, start(study, request), device, console)


def _train(
    study: Study,
    run: Run,
    device: DeviceConfig,
    console: Console,
    *,
    force: bool = False,
) -> None:
    from napari_cellid.retrain.job import resume

    console.notes(
        [f"The training is {run.folder}; Ctrl-C stops it and keeps the best epoch."]
    )
    with _stop_on_signals(run):
        step = resume(study, run, device, force=force)
        result = run_to_end(step, console.progress)
    console.notes(result.notes)
    values = {"run": run.name, "folder": str(run.folder), "state": result.state}
    lines = result_lines(run.folder, result.report) if result.report else []
    console.result(values | {"report": result.report or None}, lines)


@contextmanager
def _stop_on_signals(run: Run) -> Iterator[None]:
    """Stop the training in order on a signal to end; a second one kills it."""
    before: dict[signal.Signals, Any] = {}

    def ask(_number: int, _frame: object) -> None:
        for number, handler in before.items():
            signal.signal(number, handler)
        run.request_stop()

    for number in ENDING:
        try:
            before[number] = signal.signal(number, ask)
        except ValueError:
            # signals exist only in the main thread
            break
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_estimate(values: dict[str, Any], console: Console) -> None:
    minutes = max(round(values["seconds"] / 60), 1)
    console.result(
        values,
        [
            f"About {count_text(minutes, 'minute')} on this computer "
            f"({values['device']})."
        ],
    )


def _command(commands: Any, name: str, what: str, run: Any) -> ArgumentParser:
    parser: ArgumentParser = commands.add_parser(
        name, help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.set_defaults(run=run)
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of the study")
    parser.add_argument("--start", metavar="MODEL", help=_START[name])
    parser.add_argument(
        "--run", dest="name", metavar="NAME",
        help="name of the training, a folder in STUDY/runs (default: date and time)",
    )  # fmt: skip
    parser.add_argument(
        "--estimate", action="store_true",
        help="estimate the duration from a trial of two seconds; train nothing",
    )  # fmt: skip
    add_output_style(parser)
    return parser
