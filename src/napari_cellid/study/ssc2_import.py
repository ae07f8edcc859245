"""Import of CRCNS ssc-2 into a study: images, ROIs, and labels from a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.config import RecordingInfo
from napari_cellid.config.classes import STATES
from napari_cellid.errors import InputError
from napari_cellid.io.crcns.reader import PIXEL_SIZE_UM, list_sessions, read_session
from napari_cellid.progress import Progress
from napari_cellid.recording import MeanPlanes
from napari_cellid.study.outlined import add_outlined_recording
from napari_cellid.study.rule_labels import rule_labels
from napari_cellid.study.ssc2_labels import rater_columns, read_labels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from napari_cellid.io.crcns.plane import SscPlane
    from napari_cellid.io.crcns.reader import SscSession
    from napari_cellid.progress import Step
    from napari_cellid.study.study import Study

#: annotator of labels without columns of raters
_ANNOTATOR = "imported labels"
#: annotator of the rule, and what a person should know of it
_RULE = "rule"
_RULE_NOTE = (
    "The annotator 'rule' divides the ROIs of each image by two thresholds. Its labels "
    "are no truth: a method that is trained on them can only learn the rule."
)


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
    rule: bool = False,
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
    rule
        Whether a rule answers as an annotator of its own, see `rule_labels`.

    Raises
    ------
    InputError
        If a file cannot be read, the table has other columns or classes, or the study
        has no class for what the rule finds.
    """
    if rule:
        _check_states(study)
    table = None if labels is None else read_labels(labels, study)
    fields, notes = yield from _read_fields(folder, all_sessions=all_sessions)
    names, n_cells, n_answers = [], 0, 0
    for k, one in enumerate(fields):
        yield Progress("Importing", k, len(fields))
        cells = add_outlined_recording(study, one.mean_planes(), one.labels(), one.info)
        names.append(one.name)
        n_cells += len(cells)
        n_answers += 0 if table is None else _answer(study, one, cells, table)
        n_answers += _answer_by_rule(study, one, cells) if rule else 0
    yield Progress("Importing", len(fields), len(fields))
    notes += [_RULE_NOTE] if rule else []
    if table is not None and not n_answers:
        notes.append(
            f"No row of {labels} names an ROI that was imported; compare its columns "
            "mouse, session, fov and roi_id with the names of the recordings."
        )
    return ImportedSessions(tuple(names), n_cells, n_answers, tuple(notes))


def _read_fields(
    folder: Path, *, all_sessions: bool
) -> Step[tuple[list[_Field], list[str]]]:
    """Sub-volumes that are imported, and what a person should know."""
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
    return [one for some in fields.values() for one in some], notes


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
        given = [
            (by_id[roi], str(answer))
            for roi, answer in zip(of_field["roi_id"], of_field[name], strict=True)
            if roi in by_id and answer
        ]
        written += _write(study, one, who, given)
    return written


def _check_states(study: Study) -> None:
    missing = [state for state in STATES if state not in study.config.state_names]
    if missing:
        raise InputError(
            f"The rule labels cells as {', '.join(STATES)}, but no class of "
            f"{study.path} shows {missing[0]}; set markers of the classes in "
            "study.toml, or import without the rule."
        )


def _answer_by_rule(study: Study, one: _Field, cells: pd.DataFrame) -> int:
    names = study.config.state_names
    labels = rule_labels(one.mean_planes(), one.labels(), names)
    rows = [row for row in _rows(cells) if int(row.label) in labels]
    given = [(row, labels[int(row.label)]) for row in rows]
    return _write(study, one, _RULE, given)


def _write(
    study: Study, one: _Field, who: str, given: Sequence[tuple[Any, str]]
) -> int:
    """Write answers of an annotator to cells of a recording; how many they are."""
    if not given:
        return 0
    lines = [
        Answer(
            time=datetime.now(UTC), annotator=who, recording=one.name,
            cell=int(row.cell), plane=int(row.plane), y=float(row.y), x=float(row.x),
            answer=answer,
        )
        for row, answer in given
    ]  # fmt: skip
    journal = Journal.open(study.annotations, who)
    try:
        journal.add_all(lines)
    finally:
        journal.close()
    return len(lines)


def _rows(cells: pd.DataFrame) -> Sequence[Any]:
    return list(cells.itertuples())
