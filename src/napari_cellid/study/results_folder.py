"""Folders that this package wrote, opened again: results, studies and trainings."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari_cellid.config import IdentifyConfig
from napari_cellid.errors import InputError
from napari_cellid.identify.result import IdentifyResult
from napari_cellid.io.base import ReadOptions
from napari_cellid.io.registry import read_recording
from napari_cellid.io.results import CELLS, LABELS, RUN
from napari_cellid.io.tables import read_cells
from napari_cellid.json_file import read_json
from napari_cellid.progress import Progress
from napari_cellid.recording.data import ASSUMED_SOURCE, format_shape
from napari_cellid.recording.diameter import with_diameter
from napari_cellid.registration.means import registered_means
from napari_cellid.study.recordings import RECORDINGS, read_labels
from napari_cellid.study.settings import STUDY_FILE

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from napari_cellid.progress import Step
    from napari_cellid.recording import Recording

#: keys that every `run.json` of a run of Identify has
_KEYS = {"recording", "settings", "models", "pixel_size_um"}
_PREFIX = "p_"
#: folder of the trainings of a study
_RUNS = "runs"


@dataclass(frozen=True)
class OwnFolder:
    """A folder that this package wrote.

    Parameters
    ----------
    kind
        Results of a run, a study, or a training of a study.
    path
        The folder; of a training, that of its study.
    """

    kind: Literal["results", "study", "training"]
    path: Path


@dataclass(frozen=True, eq=False)
class SavedResults:
    """The results in a folder.

    Parameters
    ----------
    labels
        (plane, y, x) int32.
    cells
        Cell table.
    run
        The record of the run.
    result
        The same with the mean images of the recording; None if these are missing.
    recording
        The recording; None if it is missing.
    missing
        Why the images are missing, one sentence; empty if they are not.
    """

    labels: NDArray[np.int32]
    cells: pd.DataFrame
    run: dict[str, Any]
    result: IdentifyResult | None = None
    recording: Recording | None = None
    missing: str = ""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the model."""
        names = (str(name) for name in self.cells.columns)
        return tuple(n.removeprefix(_PREFIX) for n in names if n.startswith(_PREFIX))


def own_folder(path: Path) -> OwnFolder | None:
    """What a folder is, if this package wrote it; None if it is anything else."""
    if not path.is_dir():
        return None
    if (path / STUDY_FILE).is_file():
        return OwnFolder("study", path)
    study = path.parent.parent
    if (study / STUDY_FILE).is_file():
        if path.parent.name == RECORDINGS:
            return OwnFolder("study", study)
        if path.parent.name == _RUNS and (path / RUN).is_file():
            return OwnFolder("training", study)
    files = [path / name for name in (LABELS, CELLS, RUN)]
    if all(file.is_file() for file in files) and _run(path) is not None:
        return OwnFolder("results", path)
    return None


def read_results(folder: Path) -> Step[SavedResults]:
    """Read the results in a folder, and the recording if it is still at its place.

    Raises
    ------
    InputError
        If a file of the results cannot be read.
    """
    yield Progress("Reading results")
    run = _run(folder)
    if run is None:
        raise InputError(
            f"{folder / RUN} is no record of a run of Identify; identify the cells "
            "again."
        )
    labels, cells = read_labels(folder / LABELS), read_cells(folder / CELLS)
    saved = SavedResults(labels, cells, run)
    try:
        recording = _recording(folder, run)
        if recording.shape != labels.shape:
            raise InputError(
                f"its images have the shape {format_shape(recording.shape)} now, and "
                f"the outlines {format_shape(labels.shape)} (plane, y, x)."
            )
        config = IdentifyConfig.model_validate(run["settings"])
        _, planes, _ = yield from registered_means(recording, config.registration)
    except (InputError, ValueError) as error:
        return SavedResults(labels, cells, run, missing=str(error))
    result = IdentifyResult(planes, labels, cells, saved.classes, None, run)
    return SavedResults(labels, cells, run, result, recording)


def _run(folder: Path) -> dict[str, Any] | None:
    """The record of a run of Identify; None if there is none."""
    try:
        run = read_json(folder / RUN)
    except (OSError, ValueError):
        return None
    return run if isinstance(run, dict) and set(run) >= _KEYS else None


def _recording(folder: Path, run: dict[str, Any]) -> Recording:
    """The recording of a run, from its files."""
    sources = [_present(folder, Path(str(each))) for each in run.get("sources", ())]
    known = {field.name for field in fields(ReadOptions)}
    given = {k: v for k, v in dict(run.get("read_as", {})).items() if k in known}
    given |= {"pixel_size_um": run["pixel_size_um"], "name": run["recording"]}
    if run.get("pixel_size_source") == ASSUMED_SOURCE:
        # it follows from the diameter, and is said to be assumed
        del given["pixel_size_um"]
    options = ReadOptions(**given)
    if len(sources) == 1:
        recording = read_recording(both=sources[0], options=options)
    elif len(sources) == 2:
        recording = read_recording(red=sources[0], green=sources[1], options=options)
    else:
        raise InputError("the run does not say which files it read.")
    source = str(run.get("diameter_source", "given"))
    return with_diameter(recording, run.get("diameter_px"), source)


def _present(folder: Path, path: Path) -> Path:
    """A file where it was, or beside the results, if they were moved together."""
    for place in (path, folder.parent / path.name, folder / path.name):
        if place.exists():
            return place
    raise InputError(
        f"{path} is not there any more; put it back, or beside the folder of the "
        "results, and open the results again."
    )
