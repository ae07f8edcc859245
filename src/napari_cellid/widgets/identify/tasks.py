"""The steps that the Identify dock runs in the background."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.identify import classify_rois, identify_cells
from napari_cellid.io.results import write_cell_types, write_results
from napari_cellid.io.rois import read_rois
from napari_cellid.io.suite2p.folder import check_outside
from napari_cellid.progress import Progress, WholeProgress
from napari_cellid.recording.diameter import with_diameter
from napari_cellid.report.roi_notes import roi_notes
from napari_cellid.segmentation.outline_edits import resegment
from napari_cellid.widgets._shared.torch_import import announce_torch
from napari_cellid.widgets.identify.loaded_models import (
    LoadedModels,
    load_models,
    load_only_classifier,
)
from napari_cellid.widgets.session.result_layer import ShownRois

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from napari_cellid.config import DeviceConfig, IdentifyConfig, SegmentConfig
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.progress import Step
    from napari_cellid.recording import Recording
    from napari_cellid.segmentation.diameter_estimate import DiameterEstimate
    from napari_cellid.segmentation.outline_edits import LabelledCells
    from napari_cellid.widgets.identify.loaded_models import Naming
    from napari_cellid.widgets.identify.roi_choice import ChosenRois
    from napari_cellid.widgets.session.result_layer import ShownResult


@dataclass(frozen=True, eq=False)
class RunOutcome:
    """What a run made: its result, what the ROIs are, and models for the next run."""

    result: IdentifyResult
    models: LoadedModels
    rois: ShownRois | None = None


def run_identify(
    recording: Recording,
    folders: tuple[Path | None, Path | None],
    loaded: LoadedModels,
    config: IdentifyConfig,
    naming: Naming = (None, None),
    rois: ChosenRois | None = None,
) -> Step[RunOutcome]:
    """Identify cells, after loading the models that are not in memory yet.

    Parameters
    ----------
    recording
        The recording; it must have a pixel size.
    folders
        Folder of the model that outlines cells, None for the default one; and of the
        model that classifies them, None to outline them only.
    loaded
        Models of the last run.
    config
        Settings.
    naming
        Settings that name the classes, and the folder of the study's own models.
    rois
        ROIs that are classified; None to outline cells.
    """
    whole = WholeProgress({"loading": 1.0, "run": 9.0})
    step = _load(folders, loaded, naming, with_segmenter=rois is None)
    models = yield from whole.part("loading", step)
    if rois is not None:
        run = _classify_rois(recording, rois, models, config)
        return (yield from whole.part("run", run))
    if models.segmenter is None:
        raise RuntimeError("No model was loaded.")
    identify = identify_cells(recording, models.segmenter, models.classifier, config)
    result = yield from whole.part("run", identify)
    return RunOutcome(result, models)


def _load(
    folders: tuple[Path | None, Path | None],
    loaded: LoadedModels,
    naming: Naming,
    *,
    with_segmenter: bool,
) -> Step[LoadedModels]:
    """Load the models of a run; ROIs need none that outlines cells."""
    yield from announce_torch()
    yield Progress("Loading models")
    if with_segmenter:
        return load_models(*folders, loaded, naming)
    return load_only_classifier(folders[1], loaded, naming)


def _classify_rois(
    recording: Recording,
    rois: ChosenRois,
    models: LoadedModels,
    config: IdentifyConfig,
) -> Step[RunOutcome]:
    """Classify ROIs; those of ImageJ are drawn on the field of the recording."""
    if models.classifier is None:
        raise InputError(
            f"ROIs of {rois.file.program} are classified in two channels by a model; "
            "choose the red and the green layer, and a model under 'Classify with'."
        )
    file = rois.file
    if file.rois.shape != recording.shape:
        file = read_rois(file.path, recording.shape)
    found = yield from classify_rois(recording, file.rois, models.classifier, config)
    if rois.accepted_only:
        found = found.without_rejected()
    result = found.result
    notes = tuple(dict.fromkeys((*result.notes, *file.notes, *roi_notes(found.table))))
    result = replace(
        result,
        planes=replace(result.planes, notes=notes),
        run=result.run | file.record(),
    )
    return RunOutcome(result, models, ShownRois(file, found.table))


def run_estimate(
    recording: Recording,
    segmenter_folder: Path | None,
    loaded: LoadedModels,
    config: DeviceConfig,
) -> Step[tuple[DiameterEstimate, LoadedModels]]:
    """Estimate the diameter of somata, after loading the model that outlines cells.

    Parameters
    ----------
    recording
        The recording, without a diameter.
    segmenter_folder, loaded
        As for `run_identify`.
    config
        Device and precision.

    Returns
    -------
    The estimate, and the models for the next run.
    """
    yield from announce_torch()
    yield Progress("Loading models")
    # the classifier of the last run stays in memory
    models = load_models(
        segmenter_folder, loaded.classifier_folder, loaded, loaded.naming
    )
    from napari_cellid.segmentation.diameter_estimate import estimate_recording_diameter

    if models.segmenter is None:
        raise RuntimeError("No model was loaded.")
    device = choose_device(config)
    step = estimate_recording_diameter(recording, models.segmenter, device)
    estimate = yield from step
    # an estimate that contradicts the pixel size is refused now, not at the next run
    with_diameter(recording, estimate.diameter_px)
    return estimate, models


def save_files(
    result: IdentifyResult, folder: Path, rois: ShownRois | None = None
) -> Step[Path]:
    """Write the result files; returns the folder that they are in.

    Parameters
    ----------
    result
        Is written.
    folder
        A folder of the recording's name is made in it.
    rois
        ROIs of another program, whose table is written, too.

    Raises
    ------
    InputError
        If they cannot be written, or the folder is one of suite2p.
    """
    yield Progress("Saving results")
    if rois is None:
        return write_results(result, folder)
    check_outside(folder, rois.file.path)
    return write_results(result, folder, more=partial(write_cell_types, rois.table))


def resegment_result(
    result: ShownResult, before: LabelledCells, config: SegmentConfig
) -> Step[LabelledCells]:
    """Outline the cells of a result with other settings.

    Parameters
    ----------
    result
        The result; its probability maps are used again.
    before
        The cells as they are now.
    config
        The new settings.

    Returns
    -------
    The new cells. Those whose classes must be predicted again are marked as stale.
    """
    yield Progress("Outlining cells")
    segmentation = result.run_result.segmentation
    if segmentation is None:
        return before
    classifier = result.classifier
    patch_um = None if classifier is None else classifier.card.pixel_size_um
    by_outline = classifier is not None and classifier.uses_outlines
    planes = result.run_result.planes
    return resegment(
        before, segmentation, planes, config, patch_um, by_outline=by_outline
    )


def classify_stale_cells(
    result: ShownResult, cells: LabelledCells
) -> Step[pd.DataFrame]:
    """Predict the classes of the cells that changed; returns their rows."""
    from napari_cellid.classification.base import classify_cells

    rows = cells.cells[cells.cells["label"].isin(list(cells.stale))]
    if result.classifier is None:
        return rows
    return (
        yield from classify_cells(
            result.run_result.planes,
            cells.labels,
            rows,
            result.classifier,
            result.config.classify,
            choose_device(result.config.device),
        )
    )
