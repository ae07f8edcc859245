"""Trainings of a study: napari-cellid runs list, show, compare, stop and use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.parser import add_output_style
from napari_cellid.errors import InputError
from napari_cellid.report.table import count_text
from napari_cellid.report.training import epoch_line, state_label
from napari_cellid.report.training_tables import result_lines

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from napari_cellid.cli.console import Console
    from napari_cellid.training.run import Run

_RUN = "folder STUDY/runs/NAME of the training"


def add_commands(commands: Any) -> None:
    """Add runs, with its actions, to the subparsers."""
    what = "list, show, compare, stop and use trainings of a study"
    parser = commands.add_parser(
        "runs", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    actions = parser.add_subparsers(title="what to do", metavar="ACTION", required=True)
    action = _action(actions, "list", "list the trainings of a study", run_list)
    action.add_argument("study", type=Path, metavar="STUDY", help="folder of the study")
    action = _action(actions, "show", "show a training", run_show)
    action.add_argument("training", type=Path, metavar="RUN", help=_RUN)
    action = _action(actions, "compare", "compare trainings", run_compare)
    action.add_argument("trainings", type=Path, nargs="+", metavar="RUN", help=_RUN)
    what = "stop a training; the best epoch is kept"
    action = _action(actions, "stop", what, run_stop)
    action.add_argument("training", type=Path, metavar="RUN", help=_RUN)
    action.add_argument(
        "--force", action="store_true",
        help="mark the training as interrupted, because its process is gone",
    )  # fmt: skip
    what = "activate the model of a training for the study; the old model stays"
    action = _action(actions, "use", what, run_use)
    action.add_argument("training", type=Path, metavar="RUN", help=_RUN)
    action.add_argument(
        "--name",
        metavar="NAME",
        help="name of the model (default: that of the training)",
    )


def run_list(arguments: Namespace, console: Console) -> None:
    """List the trainings of a study."""
    from napari_cellid.study.study import Study
    from napari_cellid.training.run_list import list_runs

    runs = list_runs(Study.open(arguments.study.absolute()).runs)
    values = [_values(run) for run in runs]
    lines = [f"{_title(run)}; {_state(run)}" for run in runs]
    console.result({"runs": values}, lines or ["No training yet."])


def run_show(arguments: Namespace, console: Console) -> None:
    """Show settings, epochs and figures of a training."""
    from napari_cellid.training.report_file import read_report
    from napari_cellid.training.run import Run
    from napari_cellid.training.run_list import is_epoch

    run = Run.open(arguments.training.absolute())
    report, events = read_report(run), run.events()
    lines = [f"{_title(run)}; {_state(run)}", f"Folder: {run.folder}"]
    lines += [
        epoch_line(e) for e in events if e.get("event") == "epoch" and is_epoch(e)
    ]
    lines += result_lines(run.folder, report) if report else []
    values = {**_values(run), "about": run.about, "events": events}
    console.result(values | {"report": report or None}, lines)


def run_compare(arguments: Namespace, console: Console) -> None:
    """Compare the figures of trainings."""
    from napari_cellid.training.report_file import read_report
    from napari_cellid.training.run import Run

    values, lines = [], []
    for folder in arguments.trainings:
        run = Run.open(folder.absolute())
        new = read_report(run).get("new") or {}
        values.append({**_values(run), "new": new or None})
        keys = ("balanced_accuracy", "accuracy", "f1", "dice")
        metrics = [f"{k.replace('_', ' ')} {new[k]:.3f}" for k in keys if new.get(k)]
        lines.append(f"{_title(run)}; {', '.join(metrics) or _state(run)}")
    console.result({"runs": values}, lines)


def run_stop(arguments: Namespace, console: Console) -> None:
    """Ask a training to stop."""
    from napari_cellid.training.run import Run

    run = Run.open(arguments.training.absolute())
    if run.state().state != "running":
        raise InputError(
            f"The training {run.name} is not running, so it cannot be stopped."
        )
    if arguments.force:
        run.mark_interrupted()
        console.result(_values(run), [f"{run.name} is interrupted; resume it."])
        return
    state = run.state()
    run.request_stop()
    if state.clock_note:
        console.notes(
            [
                f"{run.name} is running in {state.process}{state.clock_note}; if that "
                "process is gone, repeat this with --force."
            ]
        )
    console.result(_values(run), [f"{run.name} stops at its next step."])


def run_use(arguments: Namespace, console: Console) -> None:
    """Activate the model of a training for the study."""
    from napari_cellid.retrain.active_model import activate_run
    from napari_cellid.study.study import Study
    from napari_cellid.training.run import Run

    run = Run.open(arguments.training.absolute())
    study = Study.open(run.folder.parent.parent)
    name = arguments.name or run.name
    activate_run(study, run, name)
    console.result(
        {"study": str(study.path), "model": str(study.models / name)},
        [f"{study.path} uses the model {name} from now on."],
    )


def _title(run: Run) -> str:
    settings = run.about.get("settings", {})
    if run.task == "segment":
        return f"{run.name}: outlines, {count_text(settings.get('epochs'), 'epoch')}"
    start = run.about.get("start", {}).get("name", "")
    return f"{run.name}: classes, {settings.get('plan')} from {start}"


def _state(run: Run) -> str:
    state = run.state()
    return state_label(state.state, state.error)


def _values(run: Run) -> dict[str, Any]:
    return {
        "name": run.name,
        "folder": str(run.folder),
        "task": run.task,
        "made": run.about.get("made"),
        "state": run.state().state,
    }


def _action(actions: Any, name: str, what: str, run: Any) -> ArgumentParser:
    parser: ArgumentParser = actions.add_parser(
        name, help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.set_defaults(run=run)
    add_output_style(parser)
    return parser
