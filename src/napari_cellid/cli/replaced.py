"""Replaced recordings of a study: napari-cellid replaced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.parser import add_output_style
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from argparse import Namespace

    from napari_cellid.cli.console import Console
    from napari_cellid.study.replaced import ReplacedRecording


def add_commands(commands: Any) -> None:
    """Add replaced to the subparsers."""
    what = "list recordings and outlines that were replaced, or bring one back"
    parser = commands.add_parser(
        "replaced", help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.set_defaults(run=run_replaced)
    parser.add_argument("study", type=Path, metavar="STUDY", help="folder of the study")
    parser.add_argument(
        "--bring-back", metavar="NAME",
        help="put the recording NAME back as it was before it was replaced last; the "
        "present one is kept in the list",
    )  # fmt: skip
    parser.add_argument(
        "--number", type=int, metavar="N",
        help="which one of the list, from 1; without it the last one of NAME",
    )  # fmt: skip
    add_output_style(parser)


def run_replaced(arguments: Namespace, console: Console) -> None:
    """List what was replaced, or bring one back."""
    from napari_cellid.study.recordings import RECORDINGS
    from napari_cellid.study.replaced import bring_back, list_replaced
    from napari_cellid.study.study import Study

    study = Study.open(arguments.study)
    console.notes(study.problems)
    parent = study.path / RECORDINGS
    replaced = list_replaced(parent)
    if arguments.bring_back is None:
        values = [_values(number, one) for number, one in enumerate(replaced, 1)]
        lines = [_line(value) for value in values]
        console.result(
            {"study": str(study.path), "replaced": values},
            lines or ["Nothing was replaced in this study."],
        )
        return
    chosen = _chosen(replaced, arguments.bring_back, arguments.number)
    bring_back(parent, chosen)
    back = Study.open(study.path).recording(chosen.name)
    console.result(
        {"study": str(study.path), "recording": back.name, "cells": chosen.n_cells},
        [
            f"{back.name} is as it was on {_time(chosen)}, with {chosen.n_cells} "
            "cells; answers to them count again."
        ],
    )


def _chosen(
    replaced: list[ReplacedRecording], name: str, number: int | None
) -> ReplacedRecording:
    if number is None:
        of_name = [one for one in replaced if one.name == name]
    elif 1 <= number <= len(replaced) and replaced[number - 1].name == name:
        of_name = [replaced[number - 1]]
    else:
        of_name = []
    if of_name:
        return of_name[-1]
    names = ", ".join(dict.fromkeys(one.name for one in replaced)) or "none"
    which = "" if number is None else f" with the number {number}"
    raise InputError(
        f"No replaced recording {name!r}{which} is kept in this study; choose one of "
        f"the list of napari-cellid replaced ({names})."
    )


def _values(number: int, one: ReplacedRecording) -> dict[str, Any]:
    return {
        "number": number,
        "name": one.name,
        "replaced": one.time.isoformat(timespec="seconds"),
        "cells": one.n_cells,
        "other_images": one.other_images,
    }


def _line(value: dict[str, Any]) -> str:
    what = "other images" if value["other_images"] else "outlines of the same images"
    return (
        f"{value['number']:3}  {value['name']}  replaced {value['replaced']}  "
        f"{value['cells']} cells  {what}"
    )


def _time(one: ReplacedRecording) -> str:
    return one.time.astimezone().isoformat(" ", "seconds")
