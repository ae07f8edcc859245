"""Index of the cells of an open study, by number and by label."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.annotation.answer import CellKey
from napari_cellid.errors import InputError
from napari_cellid.study.layout import recording_state
from napari_cellid.study.predicted_names import rename_classes
from napari_cellid.study.recordings import concatenate_cells

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes
    from napari_cellid.study.recordings import StudyRecording
    from napari_cellid.study.study import Study


class OutlinedAgainError(InputError):
    """The cells of a recording are others than those that were read."""


class CellsIndex:
    """Cell table of a study, read once, with fast access to rows.

    Parameters
    ----------
    study
        The study; None for an empty index.

    Raises
    ------
    InputError
        If a table cannot be read.
    """

    def __init__(self, study: Study | None) -> None:
        columns = ["recording", "cell", "label", "plane", "y", "x"]
        names = () if study is None else study.recordings
        folders = {name: study.recording(name).folder for name in names if study}
        #: files of each recording before they were read, see `recording_state`
        self.states = {name: recording_state(path) for name, path in folders.items()}
        table = pd.DataFrame(columns=columns) if study is None else study.cells()
        self._study = study
        self._model_names: dict[str, str] = {}
        # several widgets ask for the row of the same cell
        # a cache of this object: one of the class would keep every closed study alive
        self._read = lru_cache(maxsize=16)(self._read_row)
        self._set_table(table)

    def changed_table(self, recording: StudyRecording) -> pd.DataFrame | None:
        """The table with the cells that people have added to a recording, or removed.

        Parameters
        ----------
        recording
            One of the study; its table is read again.

        Returns
        -------
        What `take` takes; None if there are none, and their predictions and measures
        are the same.

        Raises
        ------
        OutlinedAgainError
            If the recording was outlined again or replaced.
        InputError
            If its table cannot be read.
        """
        now, name = concatenate_cells([recording]), recording.name
        own = self.table["recording"] == name
        check_same_cells(name, now, self.table[own])
        if _same_values(now, self.table[own]):
            return None
        # an empty table would turn the types of the others into objects
        parts = [part for part in (self.table[~own], now) if len(part)] or [now]
        table = pd.concat(parts, ignore_index=True)
        # as `Study.cells` has them: by recording
        order = table["recording"].argsort(kind="stable")
        return table.iloc[order].reset_index(drop=True)

    def take(self, table: pd.DataFrame) -> None:
        """Use a table of now; the models that classified recordings are read again."""
        self._model_names.clear()
        self._set_table(table)

    def _set_table(self, table: pd.DataFrame) -> None:
        self.table = table
        self._read.cache_clear()
        recordings = self.table["recording"].tolist()
        numbers, labels = self.table["cell"].tolist(), self.table["label"].tolist()
        keys = list(map(CellKey, recordings, numbers))
        self._rows = {key: k for k, key in enumerate(keys)}
        places = zip(recordings, labels, strict=True)
        self._keys = dict(zip(places, keys, strict=True))

    def rename_classes(self, names: Mapping[str, str]) -> None:
        """Give predicted classes their new names, after a class was renamed."""
        self.table = rename_classes(self.table, names)
        self._read.cache_clear()

    def row(self, cell: CellKey) -> Mapping[str, Any] | None:
        """Row of a cell in `table`; None if there is no such cell."""
        at = self._rows.get(cell)
        return None if at is None else self._read(at)

    def has_same_places(self, other: CellsIndex, recording: str | None = None) -> bool:
        """Whether the cells have the labels and places that they have in another index.

        Parameters
        ----------
        other
            The other index.
        recording
            Name of the recording that is compared; None for all.
        """
        tables = (
            table[["recording", *_SAME]]
            if recording is None
            else table.loc[table["recording"] == recording, ["recording", *_SAME]]
            for table in (self.table, other.table)
        )
        return _same_values(*tables)

    def only_adds_to(self, before: CellsIndex, recording: str) -> bool:
        """Whether cells of a recording were added or removed, but none is another."""
        now, known = (
            table[table["recording"] == recording]
            for table in (self.table, before.table)
        )
        try:
            check_same_cells(recording, now, known)
        except OutlinedAgainError:
            return False
        return True

    def at(self, recording: str | None, label: int) -> CellKey | None:
        """Cell of a label in a recording; None if there is none."""
        return self._keys.get((recording or "", label))

    def model_name(self, recording: str) -> str:
        """Name of the model that classified a recording; empty without one."""
        if recording not in self._model_names and self._study is not None:
            run: Mapping[str, Any] = {}
            # an unreadable run.json must not prevent an answer
            with suppress(InputError):
                run = self._study.recording(recording).run()
            classify = run.get("models", {}).get("classify", {})
            self._model_names[recording] = str(classify.get("name", ""))
        return self._model_names.get(recording, "")

    def _read_row(self, at: int) -> Mapping[str, Any]:
        row = self.table.iloc[at]
        # the cache gives the same row to all who ask, so nobody may change it
        return MappingProxyType({str(name): value for name, value in row.items()})


def _same_values(now: pd.DataFrame, known: pd.DataFrame) -> bool:
    """Whether two tables have the same rows, whatever columns other recordings add."""
    if len(now) != len(known):
        return False
    lost = known.columns.difference(now.columns)
    if known[lost].notna().any(axis=None) or not set(now) <= set(known):
        return False
    return all(
        np.array_equal(_comparable(now[name]), _comparable(known[name])) for name in now
    )


def _comparable(column: pd.Series[Any]) -> NDArray[Any]:
    """Values that are equal where the cells are; nothing is equal to nothing."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(float, na_value=np.inf)
    return column.fillna("").astype(str).to_numpy(object)


#: what tells a cell of an open study from another one
_SAME = ["cell", "label", "plane", "y", "x"]


def place_of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells a cell of an open study from another one, of a row of its table."""
    return tuple(row.get(column) for column in _SAME)


def check_same_cells(title: str, now: pd.DataFrame, known: pd.DataFrame) -> None:
    """Refuse a recording whose cells are others than those that were read.

    Cells that people have added since, or have removed again, make no difference.

    Parameters
    ----------
    title
        What people see of the recording.
    now
        Its cell table as it is.
    known
        Its cell table as it was read.

    Raises
    ------
    OutlinedAgainError
        If it was outlined again or replaced.
    """
    both = known[_SAME].merge(now[_SAME], on="cell", suffixes=("", "_now"))
    before, after = (
        both[[f"{column}{end}" for column in _SAME[1:]]].to_numpy(float)
        for end in ("", "_now")
    )
    # without a cell in common nothing tells that the outlines are of the same images
    nothing_common = bool(len(known)) and bool(len(now)) and not len(both)
    if nothing_common or not np.array_equal(before, after):
        raise OutlinedAgainError(
            f"The recording {title!r} was outlined again or replaced after this study "
            "was opened; open the study again to see its present cells."
        )


def current_recording(study: Study, name: str, cells: pd.DataFrame) -> StudyRecording:
    """A recording of an open study, unless its cells have changed since they were read.

    The images and labels are read when they are needed. If another program has
    outlined the recording again meanwhile, or replaced it, they would be taken for
    those of the cells of before, and answers would go to other cells.

    Parameters
    ----------
    study
        The open study.
    name
        Name of the recording.
    cells
        `Study.cells`, as they were read.

    Raises
    ------
    InputError
        If the cells are others now, or there is no such recording. Cells that people
        have added or removed meanwhile are left to whoever follows them.
    """
    recording = study.recording(name)
    known = cells[cells["recording"] == name]
    check_same_cells(study.title_of(name), recording.cells(), known)
    return recording


def read_current_recording(
    study: Study, name: str, cells: pd.DataFrame
) -> tuple[StudyRecording, MeanPlanes, NDArray[Any]]:
    """A recording of an open study, its mean images and its labels.

    Parameters
    ----------
    study, name, cells
        As for `current_recording`.

    Raises
    ------
    InputError
        As `current_recording`, or if a file cannot be read or is of another shape.
    """
    recording = current_recording(study, name, cells)
    planes, labels = recording.planes(), recording.labels()
    if planes.shape != labels.shape:
        raise InputError(
            f"In {recording.folder} the images have the shape {planes.shape} "
            f"(plane, y, x) but the labels {labels.shape}; identify the recording "
            "again."
        )
    return recording, planes, labels
