"""Answers that do not count because the study lacks their cell, and why it does."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from napari_cellid.naming import clean_name
from napari_cellid.study.recordings import IMAGES, RECORDINGS
from napari_cellid.study.replaced import REPLACED

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.study.answer_matching import MatchedAnswers
    from napari_cellid.study.study import Study

#: `missing`: no such recording; `kept`: the recording is only among the replaced ones;
#: `unreadable`: its files cannot be read; `replaced`: the recording has other images
#: now; `not_found`: the outlines have no such cell
Reason = Literal["missing", "kept", "unreadable", "replaced", "not_found"]


@dataclass(frozen=True)
class UncountedAnswers:
    """Current answers about one recording that do not count.

    Parameters
    ----------
    recording
        Name of the recording, as in the journals.
    n_answers
        Number of answers, with those of adjudicators.
    annotators
        Names of those who gave them, sorted.
    reason
        Why the study does not have their cells.
    """

    recording: str
    n_answers: int
    annotators: tuple[str, ...]
    reason: Reason


def find_uncounted(
    study: Study, answers: MatchedAnswers
) -> tuple[UncountedAnswers, ...]:
    """Find the answers that do not count, by recording.

    Parameters
    ----------
    study
        The study.
    answers
        Its answers, matched to its cells.
    """
    roles = answers.current_unmatched(), answers.current_unmatched("adjudicator")
    rows = pd.concat(roles)
    if not len(rows):
        return ()
    parent = study.path / RECORDINGS
    folders, kept = _folders(parent), _folders(parent / REPLACED)
    return tuple(
        UncountedAnswers(
            recording=str(name),
            n_answers=len(of_name),
            annotators=tuple(sorted(set(of_name["annotator"]))),
            reason=_reason(str(name), study, folders, kept),
        )
        for name, of_name in rows.groupby("recording", sort=True)
    )


def _reason(
    name: str, study: Study, folders: dict[str, Path], kept: dict[str, Path]
) -> Reason:
    was_replaced = _has_images(kept.get(clean_name(name)))
    if name in study.recordings:
        return "replaced" if was_replaced else "not_found"
    if clean_name(name) in folders:
        return "unreadable"
    return "kept" if was_replaced else "missing"


def _has_images(kept: Path | None) -> bool:
    """Whether images were replaced; otherwise only outlines were."""
    if kept is None:
        return False
    return any((folder / IMAGES).exists() for folder in _folders(kept).values())


def _folders(parent: Path) -> dict[str, Path]:
    """Folders in a folder by clean name; none if it cannot be read."""
    try:
        names = [entry.name for entry in os.scandir(parent) if entry.is_dir()]
    except OSError:
        return {}
    return {clean_name(name): parent / name for name in names if name[0] != "."}
