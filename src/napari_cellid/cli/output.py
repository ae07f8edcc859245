"""Results are written to their destination: a folder or a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_cellid.naming import clean_name

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.config import RecordingInfo, StudyConfig
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.recording import MeanPlanes, Recording
    from napari_cellid.study.study import Study


def open_study(
    arguments: Namespace, classifier: CellClassifier | None = None
) -> Study | None:
    """Open the study of the results; None without a study.

    Parameters
    ----------
    arguments
        Arguments of the command line.
    classifier
        The model whose classes a new study gets; without it those of --scheme.

    Raises
    ------
    InputError
        If the folder is no study, or the classes are invalid.
    """
    if arguments.study is None:
        return None
    from napari_cellid.study.layout import check_still_there
    from napari_cellid.study.study import Study

    if (arguments.study / "study.toml").exists():
        return Study.open(arguments.study)
    if vars(arguments).get("began_in_study"):
        # a new one in its place would take what belongs to the study
        check_still_there(arguments.study)
    return Study.open_or_new(arguments.study, _new_config(arguments, classifier))


def _new_config(
    arguments: Namespace, classifier: CellClassifier | None
) -> StudyConfig | None:
    """Settings of a new study; None for the defaults."""
    from napari_cellid.config import StudyConfig
    from napari_cellid.study.model_classes import config_for_model

    if classifier is not None:
        return config_for_model(classifier.card)
    return None if arguments.scheme is None else StudyConfig.of_scheme(arguments.scheme)


def write_to_destination(
    result: IdentifyResult,
    study: Study | None,
    arguments: Namespace,
    more: Callable[[Path], None] | None = None,
) -> tuple[Path, dict[str, Any], list[str]]:
    """Write the results to their destination.

    Parameters
    ----------
    result
        Result of the main job.
    study
        The study of the results; None without one.
    arguments
        Arguments of the command line.
    more
        Writes further files into the folder of --out, all or none with the others.

    Returns
    -------
    The folder of the recording, further values for programs, and notes for people.

    Raises
    ------
    InputError
        If the results cannot be written.
    """
    from napari_cellid.io.results import write_results

    if study is None:
        return write_results(result, arguments.out, more=more), {}, []
    from napari_cellid.study.save_results import add_recording
    from napari_cellid.study.saved_result import saved_notes, with_permanent_numbers
    from napari_cellid.study.scheme import save_scheme

    # asked now, because saving writes the study
    made = [f"{study.path} is a new study."] if study.is_new else []
    if arguments.scheme is not None and not study.is_new:
        # only now, so that nothing is written if the images are refused
        study = save_scheme(study, arguments.scheme)
    info = _info(arguments, result.planes.pixel_size_um, result.run["sources"])
    recording = add_recording(study, result, info, replace=arguments.replace)
    values = {"study": str(study.path), "recording": recording.name}
    if arguments.out is not None:
        numbered = with_permanent_numbers(result, recording)
        values["out"] = str(write_results(numbered, arguments.out, more=more))
    notes = [*made, *saved_notes(study, result, recording)]
    return recording.folder, values, notes


def check_images_of_study(
    study: Study | None, arguments: Namespace, recording: Recording
) -> Callable[[MeanPlanes], object] | None:
    """Make the check that refuses images before they take another recording's place.

    Parameters
    ----------
    study
        The study of the results; None without one.
    arguments
        Arguments of the command line.
    recording
        The recording.
    """
    if study is None:
        return None
    from napari_cellid.study.save_results import check_images

    def check(planes: MeanPlanes) -> bool:
        info = _info(arguments, planes.pixel_size_um, recording.sources)
        return check_images(study, planes, info, replace=arguments.replace)

    return check


def _info(
    arguments: Namespace, pixel_size_um: float, sources: Sequence[str]
) -> RecordingInfo:
    from napari_cellid.config import RecordingInfo

    return RecordingInfo(
        animal=clean_name(arguments.animal or ""),
        subvolume=clean_name(arguments.subvolume or ""),
        pixel_size_um=pixel_size_um,
        sources=tuple(map(str, sources)),
    )
