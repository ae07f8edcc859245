"""Whether new images and outlines may take the place of a recording of a study.

A recording is known by its content, not by its name: two animals often have a "day1".
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_cellid.errors import InputError
from napari_cellid.recording.content_match import match_content
from napari_cellid.recording.data import format_shape

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari_cellid.recording import MeanPlanes
    from napari_cellid.study.identity import IdentityReport
    from napari_cellid.study.recordings import StudyRecording

#: other images, or outlines in which most known cells are missing
Reason = Literal["other images", "cells lost"]
#: with fewer known cells a share of them tells nothing
_FEW_CELLS = 5


class ReplaceQuestionError(InputError):
    """A recording would be replaced by something else; a person must decide.

    Parameters
    ----------
    message
        What was found, what was expected, and what to do, for the command line.
    reason
        Why it is asked.
    name
        Name of the recording.
    free_name
        A name that no recording of the study has.
    finding
        What was found, a sentence without its remedy, for a window with buttons.
    """

    def __init__(
        self, finding: str, remedy: str, reason: Reason, name: str, free_name: str
    ) -> None:
        super().__init__(f"{finding}; {remedy}.")
        self.finding = f"{finding}."
        self.reason = reason
        self.name = name
        self.free_name = free_name


def is_same_recording(
    before: StudyRecording, planes: MeanPlanes, sources: Collection[str]
) -> bool | str:
    """Whether images are those of a recording, whatever their path and name.

    Parameters
    ----------
    before
        The recording of the study.
    planes
        Mean images of the new result.
    sources
        Files that they were read from.

    Returns
    -------
    True if they show the same tissue; else what is different, for a sentence.
    """
    try:
        old = before.planes()
    except InputError:
        # only the sources can tell
        same = bool(sources) and set(before.info.sources) == set(sources)
        return same or "its images in the study cannot be read"
    if old.shape != planes.shape:
        return (
            f"it has {format_shape(old.shape)} (plane, y, x) and these images "
            f"{format_shape(planes.shape)}"
        )
    lost = [
        channel
        for channel in ("red", "green")
        if getattr(old, channel) is not None and getattr(planes, channel) is None
    ]
    if lost:
        return f"it has a {lost[0]} image and these have none"
    match = match_content(old, planes)
    if match is None:
        nothing = "its images have no channel or no structure in common with these"
        return _equal(old, planes) or nothing
    if match.same:
        return True
    if match.flip:
        return f"its images look as these do when they are flipped {match.flip}"
    return (
        "its images show other tissue (correlation of the mean images "
        f"{match.correlation:.2f})"
    )


def ask_for_other_images(
    before: StudyRecording, difference: str, animal: str, taken: Collection[str]
) -> ReplaceQuestionError:
    """The question when a name is taken by a recording of other images."""
    name = before.name
    free = free_name(name, animal if animal != before.info.animal else "", taken)
    whose = f" of the animal {before.info.animal}" if before.info.animal else ""
    return ReplaceQuestionError(
        f"The study has another recording {name!r}{whose}: {difference}",
        f"give these images a name of their own, such as --name {free!r}, or replace "
        "the recording with --replace, which keeps the earlier one to be brought back",
        "other images",
        name,
        free,
    )


def ask_for_lost_cells(
    name: str, report: IdentityReport, taken: Collection[str]
) -> ReplaceQuestionError | None:
    """The question when most known cells of a recording are not found again."""
    kept = len(report.by_overlap) + len(report.by_distance)
    known = kept + len(report.retired)
    if known < _FEW_CELLS or kept >= known / 2:
        return None
    return ReplaceQuestionError(
        f"Only {kept} of the {known} cells that the study knows in {name} were found "
        "again in the new outlines, and answers for the others would count no more",
        "check the settings, or store the new outlines with --replace, which keeps the "
        "earlier ones to be brought back",
        "cells lost",
        name,
        free_name(name, "", taken),
    )


def free_name(name: str, animal: str, taken: Collection[str]) -> str:
    """A name like another one that no recording has."""
    used = {other.casefold() for other in taken}
    if animal and f"{animal} {name}".casefold() not in used:
        return f"{animal} {name}"
    numbered = (f"{name} ({number})" for number in count(2))
    return next(free for free in numbered if free.casefold() not in used)


def _equal(old: MeanPlanes, new: MeanPlanes) -> bool:
    """Whether images without structure are the same ones."""
    pairs = [(getattr(old, c), getattr(new, c)) for c in ("red", "green")]
    common = [(a, b) for a, b in pairs if a is not None and b is not None]
    return bool(common) and all(np.array_equal(a, b) for a, b in common)
