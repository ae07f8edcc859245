"""Recordings and outlines that were replaced: kept, listed and brought back."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from filecmp import cmp
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.annotation.lock import locked
from napari_cellid.errors import InputError, file_reason
from napari_cellid.files import atomic_write_folder
from napari_cellid.io.results import CELLS
from napari_cellid.io.tables import (
    RETIRED_COLUMNS,
    no_retired,
    read_cells,
    read_retired,
    write_cells,
)
from napari_cellid.study.answered_places import NO_LABEL, unknown_places
from napari_cellid.study.recordings import (
    ANNOTATIONS,
    IMAGES,
    RETIRED,
    RETIRED_OTHER,
)
from napari_cellid.study.settings import RECORDING_FILE, read_recording_info

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

#: folder in `recordings` with the replaced recordings
REPLACED = ".replaced"
#: without colons, which Windows does not allow in names
_TIME = "%Y-%m-%dT%H%M%S.%fZ"
#: earlier outlines of the same images that are kept; of other images all are
_MOST_OUTLINES = 20


@dataclass(frozen=True)
class ReplacedRecording:
    """A recording as it was before it was replaced.

    Parameters
    ----------
    name
        Name of the recording.
    time
        When it was replaced.
    folder
        Folder of its files.
    n_cells
        Number of its cells.
    other_images
        Whether its images are others than those that the recording had afterwards.
    """

    name: str
    time: datetime
    folder: Path
    n_cells: int
    other_images: bool


def keep_replaced(recordings: Path, name: str) -> Callable[[Path], None]:
    """What takes an earlier recording away: into the folder of replaced ones."""
    return partial(_keep, recordings=recordings, name=name)


def list_replaced(recordings: Path, name: str | None = None) -> list[ReplacedRecording]:
    """The replaced recordings of a study, the oldest first.

    Parameters
    ----------
    recordings
        Folder of the recordings of the study.
    name
        Name of the recording; None for all.

    Raises
    ------
    InputError
        If they cannot be read.
    """
    place = recordings / REPLACED
    try:
        # not `glob`, for which a folder that cannot be read is empty
        names = sorted(place.iterdir()) if place.is_dir() else []
        folders = [kept for of_name in names for kept in of_name.iterdir()]
    except OSError as error:
        raise InputError(
            f"{place} cannot be read ({file_reason(error)}); check its permissions."
        ) from error
    every = (
        _replaced(folder) for folder in sorted(folders, key=_by_time) if folder.is_dir()
    )
    return [
        one for one in every if one is not None and (name is None or one.name == name)
    ]


def bring_back(recordings: Path, replaced: ReplacedRecording) -> None:
    """Put a replaced recording in its place again; the present one is kept, too.

    The cells have the numbers that they had, and the numbers of all other cells of
    this name stay used, so that no answer moves to another cell.

    Parameters
    ----------
    recordings
        Folder of the recordings of the study; open the study again afterwards.
    replaced
        The recording as it was.

    Raises
    ------
    InputError
        If something cannot be read or written.
    """
    place = recordings / replaced.name
    with locked(place, "bringing back"):
        # read first: the folder that tells the present numbers is moved away below
        retired, other = _numbers_in_use(place, replaced)
        with atomic_write_folder(
            place, keep_replaced(recordings, replaced.name)
        ) as new:
            for path in replaced.folder.iterdir():
                if path.is_file() and not path.name.startswith("."):
                    shutil.copy2(path, new / path.name)
            if not (new / IMAGES).exists() and (place / IMAGES).exists():
                shutil.copy2(place / IMAGES, new / IMAGES)
            write_cells(new / RETIRED, retired)
            write_cells(new / RETIRED_OTHER, other)


def put_away(recordings: Path, name: str) -> None:
    """Take a recording out of a study; it is kept and can be brought back.

    Parameters
    ----------
    recordings
        Folder of the recordings of the study; open the study again afterwards.
    name
        Name of the recording.

    Raises
    ------
    InputError
        If it is being written, is gone already, or cannot be moved.
    """
    place, kept = recordings / name, _place_now(recordings, name)
    with locked(place, "removing the recording") as holder:
        if holder is not None:
            raise InputError(
                f"{name} is being written by {holder}, so it was not removed; try "
                "again in a moment."
            )
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            place.rename(kept)
        except OSError as error:
            raise InputError(
                f"{place} cannot be removed ({file_reason(error)}); close the programs "
                "that use its files, and check its permissions."
            ) from error


def _place_now(recordings: Path, name: str) -> Path:
    """Folder in which a recording is kept that is taken away now."""
    return recordings / REPLACED / name / datetime.now(UTC).strftime(_TIME)


def _keep(old: Path, recordings: Path, name: str) -> None:
    kept = _place_now(recordings, name)
    place = kept.parent
    place.mkdir(parents=True, exist_ok=True)
    images, now = old / IMAGES, recordings / name / IMAGES
    if images.exists() and now.exists() and cmp(images, now, shallow=False):
        # outlines alone: the images are those of the recording
        images.unlink()
    old.rename(kept)
    outlines = sorted(
        folder for folder in place.iterdir() if not (folder / IMAGES).exists()
    )
    # names are times, so the oldest come first
    for folder in outlines[:-_MOST_OUTLINES]:
        shutil.rmtree(folder, ignore_errors=True)


def _by_time(folder: Path) -> str:
    return folder.name


def _replaced(folder: Path) -> ReplacedRecording | None:
    try:
        time = datetime.strptime(folder.name, _TIME).replace(tzinfo=UTC)
        cells = read_cells(folder / CELLS)
    except (ValueError, InputError):
        return None
    images = (folder / IMAGES).exists()
    return ReplacedRecording(folder.parent.name, time, folder, len(cells), images)


def _numbers_in_use(
    place: Path, replaced: ReplacedRecording
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Retired cells of the tissue that is brought back, and those of other tissue."""
    back = read_cells(replaced.folder / CELLS)
    own = [_retired_of(replaced.folder / RETIRED)]
    other = [_retired_of(replaced.folder / RETIRED_OTHER)]
    now = [_retired_of(place / RETIRED)]
    if (place / CELLS).exists():
        now.append(_as_retired(read_cells(place / CELLS)))
    (other if replaced.other_images else own).extend(now)
    before = _retired_of(place / RETIRED_OTHER)
    other.append(_later_places(before, replaced.time))
    retired = _without(_together(own), back["cell"].tolist())
    if replaced.other_images:
        info = read_recording_info(replaced.folder / RECORDING_FILE, {})
        # answers of the present images whose cells only a copy of the study knew
        known_then = [back, retired, before, *other, *now]
        annotations = place.parents[1] / ANNOTATIONS
        other.append(
            unknown_places(
                annotations, replaced.name, pd.concat(known_then), info.pixel_size_um
            )
        )
    known = [*back["cell"].tolist(), *retired["cell"].tolist()]
    return retired, _without(_together(other), known)


def _later_places(other: pd.DataFrame, time: datetime) -> pd.DataFrame:
    """Without the places of answers about the images that are brought back."""
    of_cells = other["label"] != NO_LABEL
    later = pd.to_datetime(other["retired"], utc=True, format="ISO8601") > time
    return other[of_cells | later]


def _retired_of(path: Path) -> pd.DataFrame:
    return read_retired(path) if path.exists() else no_retired()


def _as_retired(cells: pd.DataFrame) -> pd.DataFrame:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return cells.assign(retired=now)[list(RETIRED_COLUMNS)]


def _together(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    if not filled:
        return no_retired()
    table = pd.concat(filled, ignore_index=True)[list(RETIRED_COLUMNS)]
    # a place without an outline does not stand for the cell that has its number
    place = ["cell", "plane", "y", "x"]
    of_cells = table["label"] != NO_LABEL
    table = pd.concat(
        [
            table[of_cells].drop_duplicates("cell", keep="first"),
            table[~of_cells].drop_duplicates(place),
        ]
    )
    return table.sort_values("cell", ignore_index=True)


def _without(table: pd.DataFrame, numbers: Sequence[int]) -> pd.DataFrame:
    of_cells = table["label"] != NO_LABEL
    return table[~(of_cells & table["cell"].isin(numbers))].reset_index(drop=True)
