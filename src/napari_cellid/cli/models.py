"""napari-cellid models: which models there are, and what each is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.options import add_output_style

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator
    from pathlib import Path

    from napari_cellid.cli.report import Report
    from napari_cellid.models import ModelCard

_TASKS = {"segment": "outlines cells", "classify": "tells cell classes"}


def add_commands(commands: Any) -> None:
    """Add models, with its list and show, to the subparsers."""
    what = "list the models that come with napari-cellid, or show one"
    parser = commands.add_parser(
        "models", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.set_defaults(run=run_list)
    add_output_style(parser)
    actions = parser.add_subparsers(title="what to do", metavar="ACTION")
    _action(actions, "list", "list the models").set_defaults(run=run_list)
    show = _action(actions, "show", "show what a model is and where it comes from")
    show.add_argument("model", metavar="NAME", help="name or folder of a model")
    show.set_defaults(run=run_show)


def run_list(arguments: Namespace, report: Report) -> None:
    """List the models that come with the package."""
    from napari_cellid.models import DEFAULTS, SHIPPED, list_models

    found = list_models(SHIPPED)
    values, lines = [], []
    for folder, card in found:
        is_default = DEFAULTS[card.task] == folder.name
        about = {"name": folder.name, "task": card.task, "default": is_default}
        values.append({**about, "folder": str(folder), "description": card.description})
        star = " (default)" if is_default else ""
        lines.append(f"{folder.name}  {_TASKS[card.task]}{star}: {card.description}")
    report.result(
        {"models": values}, lines or ["No models come with this installation."]
    )


def run_show(arguments: Namespace, report: Report) -> None:
    """Show one model."""
    from napari_cellid.models import find_model, load_card

    folder = find_model(arguments.model, "segment")
    card = load_card(folder)
    values = {"folder": str(folder), **card.model_dump(mode="json")}
    report.result(values, list(_describe(folder, card)))


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
    yield f"sees           {card.combination} of the channels at {size}"
    yield f"folder         {folder}"
    yield f"weights        sha256 {card.weights_sha256}"
    yield f"licence        {card.licence or 'not stated'}"
    for title in ("training", "metrics", "versions"):
        yield from _block(title, getattr(card, title))


def _block(title: str, values: dict[str, Any]) -> Iterator[str]:
    if values:
        yield f"\n{title}"
    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value)
        yield f"  {name}: {text}"


def _inline(settings: dict[str, Any]) -> str:
    shown = {name: v for name, v in settings.items() if name != "architecture"}
    said = ", ".join(f"{name} {value}" for name, value in shown.items())
    return f" ({said})" if said else ""


def _action(actions: Any, name: str, what: str) -> ArgumentParser:
    parser: ArgumentParser = actions.add_parser(
        name, help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    add_output_style(parser)
    return parser
