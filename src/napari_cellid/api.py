"""Calls for scripts: each runs to its end and returns its result."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_cellid import identify
from napari_cellid.config import (
    DeviceConfig,
    IdentifyConfig,
    Scheme,
    StudyConfig,
    parse_scheme,
)
from napari_cellid.errors import InputError
from napari_cellid.io import registry
from napari_cellid.io.base import ReadOptions
from napari_cellid.progress import run_to_end
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from napari_cellid.progress import Progress
    from napari_cellid.recording import Recording
    from napari_cellid.retrain.job import RetrainResult
    from napari_cellid.retrain.request import RetrainRequest


def read_recording(
    red: str | Path | None = None,
    green: str | Path | None = None,
    *,
    both: str | Path | None = None,
    pixel_size_um: float | None = None,
    diameter_px: float | Literal["auto"] | None = None,
    options: ReadOptions | None = None,
) -> Recording:
    """Open a recording; its images are read only when needed.

    Parameters
    ----------
    red, green
        File of each channel; None if there is no such channel.
    both
        A file with both channels, instead of `red` and `green`.
    pixel_size_um
        Edge of a pixel in µm, if the files do not contain it.
    diameter_px
        Diameter of a usual soma in px, to scale the images for the models by it; "auto"
        estimates it with the default model, which reads the images.
    options
        Everything that the files do not contain, instead of `pixel_size_um` and a
        number of `diameter_px`.

    Returns
    -------
    The recording; its channels are (time, plane, y, x).

    Raises
    ------
    InputError
        If the files cannot be read or do not belong together, or no diameter can be
        estimated.
    """
    given_px = None if isinstance(diameter_px, str) else diameter_px
    estimated = isinstance(diameter_px, str)
    if estimated and diameter_px != "auto":
        raise InputError(
            f"The diameter {diameter_px!r} is no number; give it in px, or 'auto' to "
            "estimate it from the image."
        )
    red, green, both = (
        None if path is None else Path(path) for path in (red, green, both)
    )
    options = options or ReadOptions(pixel_size_um=pixel_size_um, diameter_px=given_px)
    recording = registry.read_recording(red, green, both, options)
    # options can hold a diameter, which then counts
    if estimated and recording.diameter_px is None:
        return _with_estimated_diameter(recording)
    return recording


def _with_estimated_diameter(recording: Recording) -> Recording:
    from napari_cellid.device import choose_device
    from napari_cellid.segmentation.diameter_estimate import with_estimated_diameter
    from napari_cellid.segmentation.predict import load_segmenter

    device = choose_device(DeviceConfig())
    return run_to_end(with_estimated_diameter(recording, load_segmenter(None), device))


def identify_cells(
    recording: Recording,
    *,
    segmenter: str | Path | None = None,
    classifier: str | Path | None = None,
    config: IdentifyConfig | None = None,
    report: Callable[[Progress], object] | None = None,
    scheme: Scheme | str | None = None,
) -> identify.IdentifyResult:
    """Outline and classify the cells of a recording.

    Parameters
    ----------
    recording
        A recording with a pixel size. Without a red and a green channel the cells are
        outlined but not classified.
    segmenter, classifier
        Name or folder of each model; None for the default model.
    config
        Settings; None for the defaults.
    report
        Function that receives the progress.
    scheme
        What red marks, such as "red-interneurons" or "red-subtype=PV"
        (`napari_cellid.config.parse_scheme`), which names the classes. None for the
        labelling of the paper, or for the names of a model that was trained in a study.

    Returns
    -------
    Labels (plane, y, x), the cell table and the record of the run;
    `napari_cellid.io.write_results` writes them to a folder.

    Raises
    ------
    InputError
        If the images or a model cannot be used.
    """
    from napari_cellid.classification.loader import load_classifier
    from napari_cellid.segmentation.predict import load_segmenter

    step = identify.identify_cells(
        recording,
        load_segmenter(segmenter),
        load_classifier(classifier, _naming(scheme)),
        config or IdentifyConfig(),
    )
    return run_to_end(step, report)


def classify_rois(
    path: str | Path,
    recording: Recording,
    *,
    classifier: str | Path | None = None,
    config: IdentifyConfig | None = None,
    report: Callable[[Progress], object] | None = None,
    scheme: Scheme | str | None = None,
) -> identify.RoiResult:
    """Classify the ROIs of suite2p or CaImAn.

    Parameters
    ----------
    path
        A folder of suite2p (`suite2p`, or `plane0` in it), or an HDF5 file of CaImAn.
    recording
        Images of the same planes; `read_recording(both=path, pixel_size_um=...)` opens
        the mean images of suite2p, which does not store the pixel size.
    classifier, config, report, scheme
        As for `identify_cells`.

    Returns
    -------
    `table` has one row an ROI, in the order of the program that made them; `result` is
    like that of `identify_cells`.

    Raises
    ------
    InputError
        If the files cannot be read, or a channel or the pixel size is missing.
    """
    from napari_cellid.classification.loader import load_classifier
    from napari_cellid.io.rois import read_rois

    step = identify.classify_rois(
        recording,
        read_rois(Path(path), recording.shape).rois,
        load_classifier(classifier, _naming(scheme)),
        config or IdentifyConfig(),
    )
    return run_to_end(step, report)


def _naming(scheme: Scheme | str | None) -> StudyConfig | None:
    """Settings that name the classes; None for the names of the model."""
    if isinstance(scheme, str):
        scheme = parse_scheme(scheme)
    return None if scheme is None else StudyConfig.of_scheme(scheme)


def open_study(path: str | Path) -> Study:
    """Open the folder of a study.

    Raises
    ------
    InputError
        If the folder is not a study, was made by a newer version, or `study.toml` has
        an error.
    """
    return Study.open(Path(path))


def add_cells(
    study: Study,
    recording: str,
    middles: ArrayLike,
    *,
    annotator: str,
    segmenter: str | Path | None = None,
    report: Callable[[Progress], object] | None = None,
) -> tuple[int, ...]:
    """Add cells that were missed to a recording of a study, by their middles alone.

    Each outline is grown from the probability map of a U-Net; where that shows no cell,
    or there is no map, it is a disc of the recording's median size. All cells are
    added, or none.

    Parameters
    ----------
    study
        The study.
    recording
        Name of the recording.
    middles
        Rows of (y, x) or (plane, y, x), in pixels.
    annotator
        Who found the cells.
    segmenter
        Name or folder of a U-Net whose map is used; None for the map that the study has
        of the recording.
    report
        Function that receives the progress.

    Returns
    -------
    Permanent number of each cell.

    Warns
    -----
    UserWarning
        If the classifier of the recording is not here, so that the cells have no class.

    Raises
    ------
    InputError
        If a middle is outside the image, inside a cell or given twice, or the cells
        cannot be added.
    """
    from napari_cellid.cells.middles import as_middles
    from napari_cellid.study.add_middles import add_middles
    from napari_cellid.study.run_models import load_run_models

    run = study.recording(recording).run()
    places = as_middles(middles)
    models = load_run_models(study, run, segmenter)
    if models.note:
        warnings.warn(models.note, stacklevel=2)
    step = add_middles(study, recording, places, annotator, models)
    return run_to_end(step, report).numbers


def retrain_model(
    study: Study,
    request: RetrainRequest,
    *,
    device: DeviceConfig | None = None,
    report: Callable[[Progress], object] | None = None,
) -> RetrainResult:
    """Train a model on the answers or outlines of a study and evaluate it.

    Parameters
    ----------
    study
        The study; the run and its model are written to its folder `runs`.
    request
        What to train and how: a `ClassifierRequest` or a `SegmenterRequest`.
    device
        Device and precision; None for the defaults.
    report
        Function that receives the progress.

    Raises
    ------
    InputError
        If there is too little to train on, or the training fails.
    """
    from napari_cellid.retrain import job

    run = job.start(study, request)
    return run_to_end(job.resume(study, run, device or DeviceConfig()), report)
