"""The destination of the results: a folder or a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_cellid.cli.arguments import (
    check_own_files,
    check_replaced,
    check_writable,
)
from napari_cellid.errors import InputError
from napari_cellid.naming import check_folder_name, check_name, clean_name

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Sequence

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.config import RecordingInfo, StudyConfig
    from napari_cellid.identify import IdentifyResult
    from napari_cellid.models.card import Task
    from napari_cellid.recording import MeanPlanes, Recording
    from napari_cellid.study.study import Study

#: option that names the model of a task
_OPTIONS: dict[Task, str] = {"segment": "segmenter", "classify": "classifier"}


def add_destination(parser: ArgumentParser) -> None:
    """Add the options --out, --study, --animal and --subvolume."""
    group = parser.add_argument_group("where results go")
    group.add_argument(
        "--out", type=Path, metavar="DIR",
        help="write the results to DIR/NAME; earlier results there are replaced",
    )  # fmt: skip
    group.add_argument(
        "--study", type=Path, metavar="STUDY",
        help="add the results to this study, which is created if needed; known cells "
        "keep their numbers and their answers",
    )  # fmt: skip
    group.add_argument(
        "--replace", action="store_true",
        help="in a study: replace a recording of the same name although its images are "
        "others, or most of its cells are not found again; what is replaced is kept "
        "(see napari-cellid replaced)",
    )  # fmt: skip
    group.add_argument("--animal", help="name of the animal, kept in the study")
    group.add_argument(
        "--subvolume", metavar="PART",
        help="part of the animal's brain, kept in the study",
    )  # fmt: skip


def require_destination(arguments: Namespace) -> None:
    """Check that the command line names a destination.

    Raises
    ------
    InputError
        If there is neither a folder nor a study, or an option needs a study.
    """
    out, study = arguments.out, arguments.study
    if out is None and study is None:
        raise InputError(
            "No destination was given; give a folder with --out, or a study "
            "with --study."
        )
    if study is None and (arguments.animal or arguments.subvolume):
        raise InputError(
            "--animal and --subvolume are kept in a study; give one with --study."
        )
    if study is None and arguments.replace:
        raise InputError(
            "--replace is for a study; name one with --study, or leave it out."
        )


def check_destination(arguments: Namespace, recording: Recording) -> None:
    """Check the destination before anything slow starts.

    Raises
    ------
    InputError
        If it cannot be written, is no study, or holds another recording.
    """
    out, study = arguments.out, arguments.study
    for option in ("animal", "subvolume"):
        check_name(vars(arguments)[option] or "", option)
    if out is not None:
        # a folder that exists may have any name
        if not (out / recording.name).exists():
            remedy = "give it another name with --name"
            check_folder_name(recording.name, "recording", remedy)
        check_writable(out)
        check_writable(out / recording.name)
        check_replaced(out / recording.name, recording, arguments)
    if study is not None:
        _check_study(arguments, recording)


class ClassNaming(NamedTuple):
    """What names the classes of a model, as `load_classifier` takes it."""

    config: StudyConfig | None = None
    study_models: Path | None = None


def class_naming(arguments: Namespace, *, needs_scheme: bool) -> ClassNaming:
    """What names the classes: the study with --scheme, or --scheme alone.

    Parameters
    ----------
    arguments
        Arguments of the command line.
    needs_scheme
        Whether cells are classified, so that it must be known what red marks.

    Raises
    ------
    InputError
        If the study does not say what red marks, or says something else.
    """
    from napari_cellid.config import StudyConfig
    from napari_cellid.study.scheme import preview_scheme, require_scheme
    from napari_cellid.study.settings import STUDY_FILE, read_settings
    from napari_cellid.study.study import Study

    scheme = arguments.scheme
    if arguments.study is None or not (arguments.study / STUDY_FILE).exists():
        return ClassNaming(None if scheme is None else StudyConfig.of_scheme(scheme))
    # the settings alone: the tables of its recordings were read by the check before
    study = Study(arguments.study, read_settings(arguments.study / STUDY_FILE))
    config = study.config if scheme is None else preview_scheme(study, scheme)
    if needs_scheme:
        require_scheme(config)
    return ClassNaming(config, study.models)


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


def requested_models(arguments: Namespace, task: Task) -> dict[Task, str | None]:
    """Return the model of a task: as given, otherwise that of the study.

    Raises
    ------
    InputError
        If the model of the study is missing.
    """
    given: str | None = vars(arguments)[_OPTIONS[task]]
    if arguments.study is None or not (arguments.study / "study.toml").exists():
        return {task: given}
    from napari_cellid.retrain.active_model import resolve_model
    from napari_cellid.study.study import Study

    return {task: resolve_model(Study.open(arguments.study), given, task)}


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
    from napari_cellid.study.save_results import (
        add_recording,
        saved_notes,
        with_permanent_numbers,
    )
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


def _check_study(arguments: Namespace, recording: Recording) -> None:
    from napari_cellid.study.known_cells import check_can_add
    from napari_cellid.study.recordings import RECORDINGS
    from napari_cellid.study.study import Study

    study = Study.open_or_new(arguments.study)
    arguments.began_in_study = not study.is_new
    check_can_add(
        study,
        recording.name,
        recording.shape,
        animal=arguments.animal or "",
        replace=arguments.replace,
    )
    folder = study.path / RECORDINGS / recording.name
    check_writable(folder, "--study")
    # whether it is the same recording is decided by its images, not by its paths
    check_own_files(folder, recording, arguments, "--study")


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
