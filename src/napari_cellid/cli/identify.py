"""The main job: napari-cellid identify and segment."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.arguments import (
    check_models,
    note_one_channel,
    open_requested_recording,
)
from napari_cellid.cli.destination import (
    add_destination,
    check_destination,
    require_destination,
)
from napari_cellid.cli.model_options import add_models, add_scheme
from napari_cellid.cli.output import (
    check_images_of_study,
    open_study,
    write_to_destination,
)
from napari_cellid.cli.parser import add_output_style
from napari_cellid.cli.recording_options import AUTO, add_recording
from napari_cellid.cli.settings_options import add_settings, given_settings
from napari_cellid.cli.study_models import ClassNaming, class_naming, requested_models
from napari_cellid.config import (
    NO_CLASS_TEXT,
    ClassifyConfig,
    DeviceConfig,
    FramesConfig,
    IdentifyConfig,
    RegistrationConfig,
    SegmentConfig,
)
from napari_cellid.progress import Progress, run_to_end
from napari_cellid.report.table import count_text, counts_text

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pandas as pd

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.cli.console import Console
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.models.card import Task
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes, Recording
    from napari_cellid.segmentation.predict import Segmenter
    from napari_cellid.study.study import Study

    #: name or folder of the model of each task, None for the default
    RequestedModels = dict[Task, str | None]

#: defaults that come from the model
_OWN = {"threshold": "the model's own"}


def add_commands(commands: Any) -> None:
    """Add identify and segment to the subparsers."""
    parser = add_command(
        commands, "identify", "outline and classify all cells", run_identify
    )
    add_models(parser, "segmenter", "classifier", of_study=True)
    add_settings(
        parser, "settings", RegistrationConfig, SegmentConfig, ClassifyConfig,
        DeviceConfig, FramesConfig, defaults=_OWN,
    )  # fmt: skip
    parser = add_command(
        commands, "segment", "outline all cells, without classifying them", run_segment
    )
    add_models(parser, "segmenter", of_study=True)
    add_settings(
        parser, "settings", RegistrationConfig, SegmentConfig, DeviceConfig,
        FramesConfig, defaults=_OWN,
    )  # fmt: skip


def run_identify(arguments: Namespace, console: Console) -> None:
    """Outline and classify the cells; with one channel only outline them."""
    started = time.perf_counter()
    recording = prepare(arguments, console)
    requested = requested_models(arguments, "segment")
    if recording.red is not None and recording.green is not None:
        requested |= requested_models(arguments, "classify")
    naming = class_naming(arguments, needs_scheme="classify" in requested)
    models = load_models(requested, console, naming)
    recording = with_scale(recording, models, arguments, console)
    # after the models, because a new study gets their classes
    study = open_study(arguments, models.get("classify"))
    check = check_images_of_study(study, arguments, recording)
    step = outline(note_one_channel(recording), models, arguments, check)
    result = with_folders(run_to_end(step, console.progress), requested)
    save(result, study, arguments, console, started)


def run_segment(arguments: Namespace, console: Console) -> None:
    """Outline the cells."""
    started = time.perf_counter()
    recording = prepare(arguments, console)
    requested = requested_models(arguments, "segment")
    models = load_models(requested, console)
    recording = with_scale(recording, models, arguments, console)
    study = open_study(arguments)
    check = check_images_of_study(study, arguments, recording)
    step = outline(recording, models, arguments, check)
    result = with_folders(run_to_end(step, console.progress), requested)
    save(result, study, arguments, console, started)


def load_models(
    requested: RequestedModels, console: Console, naming: ClassNaming | None = None
) -> dict[Task, Any]:
    """Load the models of some tasks; their cards are checked first.

    `naming` names the classes; without it they have the names of the model.
    """
    check_models(requested)
    console.progress(Progress("Loading models", 0, len(requested)))
    from napari_cellid.classification.loader import load_classifier
    from napari_cellid.segmentation.predict import load_segmenter

    models: dict[Task, Segmenter | CellClassifier] = {}
    for task, model in requested.items():
        if task == "segment":
            models[task] = load_segmenter(model)
        else:
            models[task] = load_classifier(model, *(naming or ClassNaming()))
        console.progress(Progress("Loading models", len(models), len(requested)))
    return models


def with_folders(result: IdentifyResult, requested: RequestedModels) -> IdentifyResult:
    """The result, whose record says where the user's own models lie."""
    from napari_cellid.models.registry import find_model
    from napari_cellid.run_record import with_model_folders

    folders = {
        task: find_model(model, task).absolute() for task, model in requested.items()
    }
    return replace(result, run=with_model_folders(result.run, folders))


def outline(
    recording: Recording,
    models: dict[Task, Any],
    arguments: Namespace,
    check: Callable[[MeanPlanes], object] | None = None,
) -> Step[IdentifyResult]:
    """Run the main job with loaded models and the settings of the command line.

    `check` is called with the mean images, to refuse them before the slow work.
    """
    from napari_cellid.identify import identify_cells

    segmenter: Segmenter = models["segment"]
    config = read_config(arguments, {"threshold": segmenter.card.threshold})
    return identify_cells(recording, segmenter, models.get("classify"), config, check)


def read_config(
    arguments: Namespace, defaults: Mapping[str, Any] | None = None
) -> IdentifyConfig:
    """Read the settings of the main job; `defaults` are those of the segmentation."""
    given = given_settings(arguments, SegmentConfig)
    return IdentifyConfig(
        registration=RegistrationConfig(
            **given_settings(arguments, RegistrationConfig)
        ),
        segment=SegmentConfig(**{**(defaults or {}), **given}),
        classify=ClassifyConfig(**given_settings(arguments, ClassifyConfig)),
        device=DeviceConfig(**given_settings(arguments, DeviceConfig)),
        frames=FramesConfig(**given_settings(arguments, FramesConfig)),
    )


def describe(
    result: IdentifyResult, folder: Path, started: float
) -> tuple[dict[str, Any], list[str]]:
    """Describe the result: values for programs, lines for people.

    Parameters
    ----------
    result
        Result of the main job.
    folder
        Folder of the written files.
    started
        `time.perf_counter()` at the start of the command.
    """
    from napari_cellid.cells.measure import count_classes
    from napari_cellid.cells.none_of_these import NONE_RECORD, count_none
    from napari_cellid.cells.plane_links import count_cells
    from napari_cellid.io.results import RESULT_FILES

    counts = count_classes(result.cells, result.classes)
    n_none = count_none(result.cells)
    models = {task: model["name"] for task, model in result.run["models"].items()}
    device = result.run["device"]
    seconds = round(time.perf_counter() - started, 1)
    values = {
        "name": result.planes.name,
        "folder": str(folder),
        **{file.partition(".")[0]: str(folder / file) for file in RESULT_FILES},
        "n_cells": count_cells(result.cells),
        "n_outlines": len(result.cells),
        "counts": counts,
        **({NONE_RECORD: n_none} if NONE_RECORD in result.run else {}),
        "models": models,
        "device": device,
        "bleed_through": result.run.get("bleed_through"),
        "known_range": result.run.get("known_range"),
        "seconds": seconds,
    }
    return values, [
        _count_line(result.cells, counts, n_none),
        *filter(None, [result.bleed_through]),
        *(verdict.lines() if (verdict := result.training_verdict) else []),
        f"Results: {folder} ({', '.join(RESULT_FILES)})",
        f"Models: {', '.join(models.values())}; device: {device}; {seconds:g} s.",
    ]


def prepare(arguments: Namespace, console: Console) -> Recording:
    """Open the recording of a command, and check where its results go."""
    require_destination(arguments)
    recording = open_requested_recording(arguments)
    check_destination(arguments, recording)
    # before the work, because an assumption may be wrong
    console.notes(recording.notes)
    return recording


def with_scale(
    recording: Recording,
    models: dict[Task, Any],
    arguments: Namespace,
    console: Console,
) -> Recording:
    """Give the recording the diameter of its somata, if it is to be estimated."""
    if arguments.diameter != AUTO:
        return recording
    from napari_cellid.device import choose_device
    from napari_cellid.segmentation.diameter_estimate import with_estimated_diameter

    device = choose_device(read_config(arguments).device)
    step = with_estimated_diameter(recording, models["segment"], device)
    recording = run_to_end(step, console.progress)
    console.notes(recording.notes)
    return recording


def save(
    result: IdentifyResult,
    study: Study | None,
    arguments: Namespace,
    console: Console,
    started: float,
) -> None:
    """Write the results of a command and describe them."""
    folder, more, notes = write_to_destination(result, study, arguments)
    console.notes([*result.notes, *notes])
    values, lines = describe(result, folder, started)
    console.result(values | more, lines)


def _count_line(cells: pd.DataFrame, counts: dict[str, int], n_none: int) -> str:
    from napari_cellid.cells.plane_links import count_cells

    total = f"Found {count_text(count_cells(cells), 'cell')}"
    if count_cells(cells) < len(cells):
        # classes are counted by outlines, as in every recording
        total += f" with {count_text(len(cells), 'outline')}"
    if not counts:
        return f"{total}."
    shown = counts | ({NO_CLASS_TEXT: n_none} if n_none else {})
    return f"{total}: {counts_text(shown)}."


def add_command(
    commands: Any,
    name: str,
    what: str,
    run: Callable[[Namespace, Console], None],
) -> ArgumentParser:
    """Add a command that reads a recording and writes results."""
    parser: ArgumentParser = commands.add_parser(
        name, help=what, description=f"{what[0].upper()}{what[1:]}."
    )
    parser.set_defaults(run=run)
    add_recording(parser)
    add_scheme(parser, "that of the study or of the model, else emx1-h2b, as the paper")
    add_destination(parser)
    add_output_style(parser)
    return parser
