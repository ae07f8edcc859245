"""Time points and planes of a PrairieView recording.

The frames of a Z series are planes, and those of everything else are time points. Some
files may be missing: the recording was stopped, or copied in part.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.io.stack import frame_rate

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.io.prairieview.xml_file import Frame, PrairieXml, Sequence

#: relative difference up to which steps of the focus are the same
_SAME_STEP = 0.05


@dataclass(frozen=True)
class FrameGrid:
    """Frames by time point and plane.

    Parameters
    ----------
    rows
        The frames of each time point, plane by plane.
    depths_um
        Depth of each plane, the first being 0; None if the frames do not say it.
    frame_rate_hz
        Time points per second; None if it is not known.
    notes
        What was assumed or left out.
    """

    rows: tuple[tuple[Frame, ...], ...]
    depths_um: tuple[float, ...] | None = None
    frame_rate_hz: float | None = None
    notes: tuple[str, ...] = ()


def arrange(
    xml: PrairieXml, chosen: str | int | None, present: set[str], path: Path
) -> FrameGrid:
    """Arrange the frames of a recording by time point and plane.

    Parameters
    ----------
    xml
        What the XML file says.
    chosen
        Number of the sequence to read, from 0; None to read all.
    present
        Names of the files in the folder.
    path
        The XML file.

    Raises
    ------
    InputError
        If the sequences do not belong together, or files are missing.
    """
    sequences = _chosen(xml, chosen, path)
    _check_alike(sequences, path)
    if sequences[0].is_volume:
        rows, notes = _volumes(sequences, path)
    else:
        frames = [frame for sequence in sequences for frame in sequence.frames]
        rows, notes = tuple((frame,) for frame in frames), ()
    rows, left_out = _complete(rows, present, path)
    return FrameGrid(
        rows=rows,
        depths_um=_depths(rows),
        frame_rate_hz=_rate(rows, xml),
        notes=(*notes, *left_out),
    )


def _chosen(xml: PrairieXml, chosen: str | int | None, path: Path) -> list[Sequence]:
    sequences = [sequence for sequence in xml.sequences if sequence.frames]
    if chosen is None:
        return sequences
    if str(chosen).isdecimal() and int(chosen) < len(sequences):
        return [sequences[int(chosen)]]
    raise InputError(
        f"{path.name} has no sequence {chosen!r}; choose a number from 0 to "
        f"{len(sequences) - 1} with --image."
    )


def _check_alike(sequences: list[Sequence], path: Path) -> None:
    last = len(sequences) - 1
    kinds = sorted({sequence.kind for sequence in sequences})
    if len({sequence.is_volume for sequence in sequences}) > 1:
        raise InputError(
            f"{path.name} holds sequences of different kinds ({', '.join(kinds)}); "
            f"choose one with --image (a number from 0 to {last})."
        )
    if last and any(sequence.on_stage_grid for sequence in sequences):
        raise InputError(
            f"{path.name} holds {last + 1} positions of the stage, and one recording "
            f"is one field; choose one with --image (a number from 0 to {last})."
        )
    channels = {
        tuple(sorted(frame.files))
        for sequence in sequences
        for frame in sequence.frames
    }
    if len(channels) > 1:
        raise InputError(
            f"{path.name} names frames with different channels; some of them were not "
            "saved: choose a recording with the same channels in all frames."
        )


def _volumes(
    sequences: list[Sequence], path: Path
) -> tuple[tuple[tuple[Frame, ...], ...], tuple[str, ...]]:
    """Each sequence as a volume; a shorter one at the end is left out."""
    planes = len(sequences[0].frames)
    whole = [sequence for sequence in sequences if len(sequence.frames) == planes]
    shorter = len(sequences) - len(whole)
    if shorter > 1 or (shorter and len(sequences[-1].frames) == planes):
        raise InputError(
            f"{path.name} holds volumes of different numbers of planes; choose one "
            f"with --image (a number from 0 to {len(sequences) - 1})."
        )
    notes = (
        f"{path.name}: its last volume has {len(sequences[-1].frames)} of {planes} "
        "planes and was left out.",
    )
    rows = [tuple(sequence.frames) for sequence in whole]
    turned = any(sequence.bidirectional for sequence in whole) and len(whole) > 1
    if turned:
        rows = [_from_top(row, rows[0], number) for number, row in enumerate(rows)]
    both_ways = (
        f"{path.name}: its volumes were scanned up and down in turn, and the planes of "
        "every second one were reversed.",
    )
    return tuple(rows), (*(notes * (shorter == 1)), *(both_ways * turned))


def _from_top(
    row: tuple[Frame, ...], first: tuple[Frame, ...], number: int
) -> tuple[Frame, ...]:
    """The planes of a volume in the direction of the first volume."""
    ends = [volume[k].z_um for volume in (first, row) for k in (0, -1)]
    numbers = [end for end in ends if end is not None]
    if len(numbers) == len(ends) and len(set(numbers)) > 1:
        reverse = (numbers[1] - numbers[0]) * (numbers[3] - numbers[2]) < 0
    else:
        reverse = number % 2 == 1
    return row[::-1] if reverse else row


def _complete(
    rows: tuple[tuple[Frame, ...], ...], present: set[str], path: Path
) -> tuple[tuple[tuple[Frame, ...], ...], tuple[str, ...]]:
    """The time points of which all files are there, if only the last ones lack some."""
    missing = [_missing(row, present) for row in rows]
    gaps = [number for number, names in enumerate(missing) if names]
    if not gaps:
        return rows, ()
    n_missing = len({name for names in missing for name in names})
    n_named = len({n for row in rows for frame in row for n, _ in frame.files.values()})
    if gaps[0] == 0 or gaps != list(range(gaps[0], len(rows))):
        lost = "none is" if n_missing == n_named else f"{n_missing} are not"
        raise InputError(
            f"{path.name} names {n_named} image files, of which {lost} in its folder, "
            f"such as {missing[gaps[0]][0]}; "
            f"{_advice(n_missing == n_named, present)}."
        )
    return rows[: gaps[0]], (
        f"{path.name}: the files of its last {len(gaps)} of {len(rows)} time points "
        "are missing, and these were left out.",
    )


def _missing(row: tuple[Frame, ...], present: set[str]) -> list[str]:
    return [
        name for frame in row for name, _ in frame.files.values() if name not in present
    ]


def _advice(all_missing: bool, present: set[str]) -> str:
    if not all_missing:
        return "copy the whole folder again"
    if any("rawdata" in name.lower() for name in present):
        return "convert the raw data with Bruker's Image-Block Ripping Utility first"
    images = [name for name in present if "_Cycle" in name]
    if images:
        return "it is the XML file of another recording: put the right one in its place"
    return "copy the images into the folder of the XML file"


def _depths(rows: tuple[tuple[Frame, ...], ...]) -> tuple[float, ...] | None:
    """Depths by the positions of the focus, if these are steps of one size."""
    places = [frame.z_um for frame in rows[0]]
    known = [place for place in places if place is not None]
    if len(known) < len(places) or len(known) < 2:
        return None
    steps = [abs(b - a) for a, b in itertools.pairwise(known)]
    typical = median(steps)
    same = all(abs(step - typical) <= _SAME_STEP * typical for step in steps)
    if not same or typical == 0:
        return None
    return tuple(abs(place - known[0]) for place in known)


def _rate(rows: tuple[tuple[Frame, ...], ...], xml: PrairieXml) -> float | None:
    times = [row[0].time_s for row in rows]
    known = [time for time in times if time is not None]
    if len(rows) < 2:
        return None
    if len(known) == len(times):
        return frame_rate(median(b - a for a, b in itertools.pairwise(known)))
    return frame_rate(xml.number("framePeriod")) if len(rows[0]) == 1 else None
