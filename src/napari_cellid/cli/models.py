"""napari-cellid models: list the models, and show the card of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.parser import add_output_style
from napari_cellid.report.training_tables import class_lines

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from napari_cellid.cli.console import Console
    from napari_cellid.models.card import ModelCard, Task

_TASKS = {"segment": "outlines cells", "classify": "classifies cells"}
#: titles of the models of a task in the list
_TITLES = {
    "segment": "Models that outline cells:",
    "classify": "Models that classify cells:",
}
#: entries about the training of a model that only its makers can use
_INTERNAL = ("command", "fields_sha256", "start_sha256")
#: longer values of a card are printed on several lines
_WIDE = 100


def add_commands(commands: Any) -> None:
    """Add models, with its list and show, to the subparsers."""
    what = "list the models of napari-cellid and of a study, or describe one of them"
    parser = commands.add_parser(
        "models", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    # without an action the models are listed
    parser.set_defaults(run=run_list, study=None)
    add_output_style(parser)
    actions = parser.add_subparsers(title="what to do", metavar="ACTION")
    listing = _action(actions, "list", "list the models")
    listing.add_argument(
        "study", nargs="?", type=Path, metavar="STUDY",
        help="also list the models of this study",
    )  # fmt: skip
    listing.set_defaults(run=run_list)
    show = _action(
        actions, "show", "describe a model: its task, training data and accuracy"
    )
    show.add_argument(
        "model", metavar="NAME",
        help="name or folder of a model, or folder of a training run",
    )  # fmt: skip
    show.add_argument(
        "--study", type=Path, metavar="STUDY", help="study that NAME is a model of"
    )
    show.set_defaults(run=run_show)


def run_list(arguments: Namespace, console: Console) -> None:
    """List the models that come with the package, and those of a study."""
    from napari_cellid.models.registry import (
        DEFAULTS,
        ENSEMBLE,
        SHIPPED_MODELS,
        default_model,
        shipped_ensemble,
    )
    from napari_cellid.models.store import list_models

    used = {task: SHIPPED_MODELS / default_model(task) for task in DEFAULTS}
    models = list_models(SHIPPED_MODELS)
    ensemble = shipped_ensemble()
    if ensemble is not None:
        # it has no folder of its own, but can be named like one that has
        models.append((SHIPPED_MODELS / ENSEMBLE, ensemble))
    if arguments.study is not None:
        used, own = _of_study(arguments.study)
        models += own
    values: list[dict[str, Any]] = []
    lines: dict[Task, list[str]] = {}
    for folder, card in models:
        is_default = used.get(card.task) == folder
        about = {"name": folder.name, "task": card.task, "default": is_default}
        place = str(folder) if folder.is_dir() else None
        values.append({**about, "folder": place, "description": card.description})
        default = " (default)" if is_default else ""
        lines.setdefault(card.task, [_TITLES[card.task]]).append(
            f"  {folder.name}{default}: {card.description or 'no description'}"
        )
    rows = [line for task in DEFAULTS for line in lines.get(task, [])]
    console.result(
        {"models": values}, rows or ["No models come with this installation."]
    )


def run_show(arguments: Namespace, console: Console) -> None:
    """Show one model."""
    from napari_cellid.models.registry import find_model
    from napari_cellid.models.store import CARD_FILE, load_card

    model = arguments.model
    if arguments.study is not None:
        from napari_cellid.retrain.active_model import resolve_model
        from napari_cellid.study.study import Study

        study = Study.open(arguments.study.absolute())
        # the task only matters where no name is given
        model = resolve_model(study, model, "segment")
    if (Path(model) / "model" / CARD_FILE).is_file():
        # the folder of a run
        model = str(Path(model) / "model")
    folder = find_model(model, "segment")
    card = load_card(folder)
    values = {"folder": str(folder), **card.model_dump(mode="json")}
    console.result(values, list(_describe(folder, card)))


def _of_study(path: Path) -> tuple[dict[Task, Path], list[tuple[Path, ModelCard]]]:
    """Return the active models of a study, and all its own models."""
    from napari_cellid.models.registry import (
        DEFAULTS,
        SHIPPED_MODELS,
        default_model,
    )
    from napari_cellid.retrain.active_model import current_model, study_models
    from napari_cellid.study.study import Study

    study = Study.open(path.absolute())
    used = {task: current_model(study, task) for task in DEFAULTS}
    if not study.config.models.classify:
        used["classify"] = SHIPPED_MODELS / default_model("classify")
    return used, [m for task in DEFAULTS for m in study_models(study, task)]


def _describe(folder: Path, card: ModelCard) -> Iterator[str]:
    yield f"{card.name}: {_TASKS[card.task]}"
    if card.description:
        yield card.description
    yield ""
    size = f"{card.pixel_size_um:g} µm per pixel"
    if card.task == "classify":
        size += f"; patches of {card.patch_size} x {card.patch_size} pixels"
        size += f", enlarged to {card.input_size}"
    yield f"architecture   {card.architecture}{_inline(card.settings)}"
    yield f"classes        {', '.join(card.classes)}"
    yield f"input          {card.combination} of the channels at {size}"
    yield f"folder         {folder}"
    yield f"weights        sha256 {card.weights_sha256}"
    yield f"licence        {card.licence or 'not stated'}"
    training = {k: v for k, v in card.training.items() if k not in _INTERNAL}
    yield from _block("training", training)
    metrics = dict(card.metrics)
    by_class = metrics.pop("by_class", None)
    yield from _block("metrics", metrics)
    if _has_figures(by_class):
        yield ""
        yield from class_lines(by_class)
    yield from _block("versions", card.versions)


def _has_figures(by_class: Any) -> bool:
    """Whether there are figures for each class, as retraining writes them."""
    names = {"n", "sensitivity", "specificity", "precision", "f1"}
    return isinstance(by_class, dict) and all(
        isinstance(figures, dict) and names <= set(figures)
        for figures in by_class.values()
    )


def _block(title: str, values: dict[str, Any], depth: int = 0) -> Iterator[str]:
    space = "  " * depth
    if values:
        yield f"{space}{title}" if depth else f"\n{title}"
    for name, value in values.items():
        if isinstance(value, dict) and len(json.dumps(value)) > _WIDE:
            yield from _block(f"{name}:", value, depth + 1)
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            yield f"{space}  {name}: {text}"


def _inline(settings: dict[str, Any]) -> str:
    shown = {name: v for name, v in settings.items() if name != "architecture"}
    text = ", ".join(f"{name} {value}" for name, value in shown.items())
    return f" ({text})" if text else ""


def _action(actions: Any, name: str, what: str) -> ArgumentParser:
    parser: ArgumentParser = actions.add_parser(
        name, help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    add_output_style(parser)
    return parser
