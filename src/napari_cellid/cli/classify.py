"""napari-cellid classify: classes of cells that the user or a program outlined."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.cli.arguments import require_both_channels
from napari_cellid.cli.identify import (
    add_command,
    load_models,
    prepare,
    read_config,
    save,
    with_scale,
)
from napari_cellid.cli.model_options import add_models
from napari_cellid.cli.output import check_images_of_study, open_study
from napari_cellid.cli.recording_options import AUTO
from napari_cellid.cli.roi_input import open_rois, rois_path
from napari_cellid.cli.roi_output import save_rois
from napari_cellid.cli.settings_options import add_settings
from napari_cellid.cli.study_models import class_naming, requested_models
from napari_cellid.config import (
    ClassifyConfig,
    DeviceConfig,
    FramesConfig,
    RegistrationConfig,
)
from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end

if TYPE_CHECKING:
    from argparse import Namespace

    from napari_cellid.cli.console import Console
    from napari_cellid.recording import Recording


def add_commands(commands: Any) -> None:
    """Add classify to the subparsers."""
    parser = add_command(
        commands,
        "classify",
        "classify cells that you, suite2p or CaImAn outlined",
        run_classify,
    )
    group = parser.add_argument_group(
        "outlines", "of a folder of suite2p as FILE, its ROIs are classified"
    )
    group.add_argument(
        "--labels", type=Path, metavar="L.tif",
        help="your masks as a label image (0 for background, one number per cell), or "
        "ROIs of ImageJ (.roi, .zip)",
    )  # fmt: skip
    group.add_argument(
        "--rois", type=Path, metavar="PATH",
        help="ROIs of suite2p (the folder suite2p or plane0), CaImAn (its HDF5 "
        "file) or ImageJ (.roi, .zip); cell_types.csv says of each, in their order, "
        "what it is",
    )  # fmt: skip
    group.add_argument(
        "--cells-only", action="store_true",
        help="of ROIs: leave those with iscell 0 out of labels.tif, cells.csv and the "
        "study; cell_types.csv has every ROI",
    )  # fmt: skip
    add_models(parser, "classifier", of_study=True)
    add_settings(
        parser, "settings", RegistrationConfig, ClassifyConfig, DeviceConfig,
        FramesConfig,
    )  # fmt: skip


def run_classify(arguments: Namespace, console: Console) -> None:
    """Classify cells whose masks or ROIs the user gives."""
    if arguments.labels is None:
        run_rois(arguments, console)
        return
    if arguments.rois is not None:
        raise InputError(
            "--labels and --rois were given, but each says what the cells are; give "
            "one of them."
        )
    from napari_cellid.identify import classify_labels
    from napari_cellid.io.labels import read_labels

    started = time.perf_counter()
    recording = prepare(arguments, console)
    require_both_channels(recording)
    labels, recording = read_labels(arguments.labels, recording)
    models, recording = _load(recording, arguments, console)
    study = open_study(arguments, models["classify"])
    check = check_images_of_study(study, arguments, recording)
    step = classify_labels(
        recording, labels, models["classify"], read_config(arguments), check
    )
    save(run_to_end(step, console.progress), study, arguments, console, started)


def run_rois(arguments: Namespace, console: Console) -> None:
    """Classify the ROIs of suite2p, CaImAn or ImageJ."""
    from napari_cellid.identify import classify_rois

    started = time.perf_counter()
    path = rois_path(arguments)
    recording, roi_file = open_rois(path, arguments, console)
    models, recording = _load(recording, arguments, console)
    study = open_study(arguments, models["classify"])
    check = check_images_of_study(study, arguments, recording)
    step = classify_rois(
        recording, roi_file.rois, models["classify"], read_config(arguments), check
    )
    result = run_to_end(step, console.progress)
    save_rois(result, roi_file, study, arguments, console, started)


def _load(
    recording: Recording, arguments: Namespace, console: Console
) -> tuple[dict[Any, Any], Recording]:
    """The models, and the recording with the diameter of its somata."""
    requested = requested_models(arguments, "classify")
    if arguments.diameter == AUTO:
        # only a model that outlines cells can estimate their size
        requested |= {"segment": None}
    naming = class_naming(arguments, needs_scheme=True)
    models = load_models(requested, console, naming)
    return models, with_scale(recording, models, arguments, console)
