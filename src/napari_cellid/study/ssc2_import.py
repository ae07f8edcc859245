"""Import of CRCNS ssc-2 into a study: images, ROIs, and labels from a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.config import RecordingInfo
from napari_cellid.errors import InputError, first_line
from napari_cellid.io.crcns import PIXEL_SIZE_UM, list_sessions, read_session
from napari_cellid.progress import Progress
from napari_cellid.recording import MeanPlanes
from napari_cellid.study.outlined import add_outlined_recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_cellid.io.crcns import SscPlane, SscSession
    from napari_cellid.progress import Step
    from napari_cellid.study.study import Study

_KEY = ["mouse", "session", "fov", "roi_id"]
#: annotator of labels without columns of raters
_ANNOTATOR = "imported labels"


@dataclass(frozen=True)
class ImportedSessions:
    """What was imported.

    Parameters
    ----------
    recordings
        Names of the recordings.
    n_cells, n_answers
        Number of ROIs, and of answers of all annotators.
    notes
        What a person should know, a sentence each.
    """

    recordings: tuple[str, ...]
    n_cells: int
    n_answers: int
    notes: tuple[str, ...] = field(default=())


def import_ssc2(
    study: Study,
    folder: Path,
    labels: Path | None = None,
    *,
    all_sessions: bool = False,
) -> Step[ImportedSessions]:
    """Import the sub-volumes of a folder of ssc-2, one recording each.

    Parameters
    ----------
    study
        Receives the recordings; animal and sub-volume are those of the files.
    folder
        The folder, with files of sessions in it or in its folders.
    labels
        CSV with the columns mouse, session, fov and roi_id, and label or a column for
        each annotator whose name begins with rater; None for no labels.
    all_sessions
        Whether all sessions of a sub-volume are imported; else only the one with the
        most ROIs.

    Raises
    ------
    InputError
        If a file cannot be read, or the table has other columns or classes.
    """
    table = None if labels is None else read_labels(labels, study)
    files = list_sessions(folder)
    fields: dict[tuple[str, int], list[_Field]] = {}
    notes: list[str] = []
    for k, path in enumerate(files):
        yield Progress("Reading sessions", k, len(files))
        session = read_session(path)
        notes += session.notes
        for fov in sorted({one.fov for one in session.planes}):
            planes = tuple(one for one in session.planes if one.fov == fov)
            place = fields.setdefault((session.mouse, fov), [])
            place.append(_Field(session, fov, planes, path))
            if not all_sessions:
                # the others are not kept in memory either
                place[:] = [max(place, key=lambda one: one.n_rois)]
    chosen = [one for some in fields.values() for one in some]
    names, n_cells, n_answers = [], 0, 0
    for k, one in enumerate(chosen):
        yield Progress("Importing", k, len(chosen))
        cells = add_outlined_recording(study, one.mean_planes(), one.labels(), one.info)
        names.append(one.name)
        n_cells += len(cells)
        if table is not None:
            n_answers += _answer(study, one, cells, table)
    yield Progress("Importing", len(chosen), len(chosen))
    if table is not None and not n_answers:
        notes.append(
            f"No row of {labels} names an ROI that was imported; compare its columns "
            "mouse, session, fov and roi_id with the names of the recordings."
        )
    return ImportedSessions(tuple(names), n_cells, n_answers, tuple(notes))


@dataclass(frozen=True, eq=False)
class _Field:
    """A sub-volume in one session."""

    session: SscSession
    fov: int
    planes: tuple[SscPlane, ...]
    path: Path

    @property
    def name(self) -> str:
        """Name of the recording."""
        return f"{self.session.mouse} {self.session.session} fov{self.fov:02d}"

    @property
    def n_rois(self) -> int:
        """Number of its ROIs."""
        return sum(len(one.roi_ids) for one in self.planes)

    @property
    def info(self) -> RecordingInfo:
        """Animal and sub-volume: all sessions of a sub-volume are one group."""
        return RecordingInfo(
            animal=self.session.mouse,
            subvolume=f"fov{self.fov:02d}",
            pixel_size_um=PIXEL_SIZE_UM,
            sources=(str(self.path.absolute()),),
        )

    def mean_planes(self) -> MeanPlanes:
        """Mean images, (plane, y, x)."""
        red, green = (
            np.stack([getattr(one, colour) for one in self.planes]).astype(np.float32)
            for colour in ("red", "green")
        )
        return MeanPlanes(self.name, red, green, pixel_size_um=PIXEL_SIZE_UM)

    def labels(self) -> np.ndarray[Any, np.dtype[np.int32]]:
        """ROIs of all planes, numbered through."""
        stacked, last = [], 0
        for one in self.planes:
            stacked.append(np.where(one.labels > 0, one.labels + last, 0))
            last += len(one.roi_ids)
        return np.stack(stacked).astype(np.int32)

    @property
    def roi_ids(self) -> list[int]:
        """Id in the file of each label from 1 on."""
        return [number for one in self.planes for number in one.roi_ids]


def read_labels(path: Path, study: Study) -> pd.DataFrame:
    """Read the table of labels.

    Raises
    ------
    InputError
        If it cannot be read, lacks a column, or has an answer that the study has not.
    """
    text = dict.fromkeys(("mouse", "session"), str)
    try:
        table = pd.read_csv(path, dtype=text, keep_default_na=False)
        table = table.astype({"fov": "int64", "roi_id": "int64"})
    except (OSError, ValueError, KeyError, UnicodeError) as error:
        raise InputError(
            f"{path} cannot be read as a table of labels ({first_line(error)}); give "
            "a CSV with mouse, session, fov (a number), roi_id (a number) and label."
        ) from error
    raters = rater_columns(table)
    if missing := [name for name in _KEY if name not in table]:
        raise InputError(
            f"{path} has no column {missing[0]}; give mouse, session, fov, roi_id and "
            "label."
        )
    if not raters:
        raise InputError(
            f"{path} has neither a column label nor columns of raters (rater1, "
            "rater2, ...); add what each cell is."
        )
    known = {*study.config.answers, ""}
    for name in raters:
        if other := sorted(set(table[name].astype(str)) - known):
            raise InputError(
                f"{path} has the label {other[0]!r}, but the study has "
                f"{', '.join(study.config.answers)}; use these names."
            )
    return table


def rater_columns(table: pd.DataFrame) -> list[str]:
    """Columns with answers: those of raters, else `label`."""
    raters = [str(name) for name in table if str(name).startswith("rater")]
    return raters or [name for name in ("label",) if name in table]


def _answer(study: Study, one: _Field, cells: pd.DataFrame, table: pd.DataFrame) -> int:
    of_field = table[
        (table["mouse"] == one.session.mouse)
        & (table["session"] == one.session.session)
        & (table["fov"] == one.fov)
    ]
    ids = one.roi_ids
    by_id = {ids[int(row.label) - 1]: row for row in _rows(cells)}
    written = 0
    for name in rater_columns(table):
        who = _ANNOTATOR if name == "label" else name
        lines = [
            Answer(
                time=datetime.now(UTC), annotator=who, recording=one.name,
                cell=int(by_id[roi].cell), plane=int(by_id[roi].plane),
                y=float(by_id[roi].y), x=float(by_id[roi].x), answer=str(answer),
            )
            for roi, answer in zip(of_field["roi_id"], of_field[name], strict=True)
            if roi in by_id and answer
        ]  # fmt: skip
        if not lines:
            continue
        journal = Journal.open(study.annotations, who)
        try:
            journal.add_all(lines)
        finally:
            journal.close()
        written += len(lines)
    return written


def _rows(cells: pd.DataFrame) -> Sequence[Any]:
    return list(cells.itertuples())
