"""napari-cellid demo: the main job on a simulated sample, start to end."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.arguments import check_models, check_writable
from napari_cellid.cli.identify import describe, load_models, outline
from napari_cellid.cli.model_options import add_models
from napari_cellid.cli.parser import add_out, add_output_style
from napari_cellid.cli.settings_options import add_settings
from napari_cellid.cli.signals import restore_default_signals
from napari_cellid.config import SAMPLE, DeviceConfig
from napari_cellid.progress import run_to_end

if TYPE_CHECKING:
    from argparse import Namespace

    from napari_cellid.classification.patch import PatchClassifier
    from napari_cellid.cli.console import Console
    from napari_cellid.cli.identify import RequestedModels
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.recording import Recording

_OUT = Path("napari-cellid-demo")


def add_commands(commands: Any) -> None:
    """Add demo to the subparsers."""
    parser = commands.add_parser(
        "demo",
        help="identify the cells of a simulated sample",
        description="Simulates a recording of three planes, outlines and classifies "
        "its cells, compares them with the known truth, and opens napari if there is a "
        "display.",
    )
    parser.set_defaults(run=run_demo)
    add_out(parser, "folder for the sample and the results", default=_OUT)
    parser.add_argument("--no-window", action="store_true", help="do not open napari")
    add_models(parser, "segmenter", "classifier")
    add_output_style(parser)
    add_settings(parser, "settings", DeviceConfig)


def run_demo(arguments: Namespace, console: Console) -> None:
    """Simulate and identify a sample, compare with the truth, and show the result."""
    from napari_cellid.evaluation.scoring import score_result
    from napari_cellid.io.base import ReadOptions
    from napari_cellid.io.registry import read_recording
    from napari_cellid.io.results import write_results
    from napari_cellid.simulation.field import simulate
    from napari_cellid.simulation.write import write_field

    started = time.perf_counter()
    requested = _models(arguments)
    check_models(requested)
    check_writable(arguments.out)
    field = run_to_end(simulate(SAMPLE), console.progress)
    sample = arguments.out / "sample"
    run_to_end(write_field(field, sample))
    recording = read_recording(
        sample / "red.tif", sample / "green.tif", options=ReadOptions(name="simulated")
    )
    models = load_models(requested, console)
    result = run_to_end(outline(recording, models, arguments), console.progress)
    folder = write_results(result, arguments.out)
    agreement = score_result(result.cells, field)
    values, lines = describe(result, folder, started)
    values |= {"sample": str(sample), "simulated_truth": asdict(agreement)}
    lines[1:1] = [
        str(agreement),
        f"Sample: {sample} (simulated images and their truth)",
    ]
    console.notes(result.notes)
    console.result(values, lines)
    if has_display() and not arguments.no_window:
        _show(result, recording, models["classify"], console)


def has_display() -> bool:
    """Whether a window can be opened."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def _show(
    result: IdentifyResult,
    recording: Recording,
    classifier: PatchClassifier,
    console: Console,
) -> None:
    from napari_cellid.widgets.identify.open_results import show_results

    restore_default_signals()
    try:
        show_results(result, recording, classifier)
    except ImportError as error:
        # the results are written, so this is no failure
        console.notes([f"napari was not opened: {error}"])


def _models(arguments: Namespace) -> RequestedModels:
    return {"segment": arguments.segmenter, "classify": arguments.classifier}
