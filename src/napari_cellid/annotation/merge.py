"""Two copies of a study's journals made one."""

from __future__ import annotations

import os
import shutil
from collections import Counter, deque
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from napari_cellid.annotation.annotators import journal_files, journal_path
from napari_cellid.annotation.journal_reader import BYTE_ORDER_MARK, JournalReader
from napari_cellid.annotation.lock import locked
from napari_cellid.errors import InputError
from napari_cellid.files import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.annotation.answer import Answer

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


class _Grown(Exception):
    """A journal was added to while it was merged."""


@dataclass(frozen=True)
class _Line:
    """A line as it stands in a file, and what tells it from others."""

    text: bytes
    answers: tuple[Answer, ...]
    time: datetime
    key: Hashable


def merge_journals(source_folder: Path, target_folder: Path) -> dict[str, int]:
    """Take over what a copy of a study's journals has and this one does not.

    A line that both have is taken once. Each copy's own order is kept, for it tells
    which answer counts; between lines that both have, lines go by their time. Torn
    lines of the copy are not taken over. The copy is not changed.

    Parameters
    ----------
    source_folder, target_folder
        `annotations` of the copy, and of the study that is added to.

    Returns
    -------
    For each person of the copy the number of new lines.

    Raises
    ------
    InputError
        If the copy has no journals, or a person's name is written otherwise than here:
        before anything is changed. If a file cannot be read or written: the journals
        of other people may have been merged, and merging again goes on from there.
    """
    sources = journal_files(source_folder)
    if not sources:
        raise InputError(
            f"{source_folder} has no journals (files that end with .jsonl); choose the "
            "annotations of a copy of this study."
        )
    pairs = [(name, path, journal_path(target_folder, name)) for name, path in sources]
    new = dict.fromkeys((name for name, _ in sources), 0)
    for name, source, target in pairs:
        try:
            new[name] += _merge_files(name, source, target)
        except OSError as error:
            raise InputError(
                f"{source} could not be merged into {target} ({error.strerror}), which "
                "was left as it was; make room, close programs that have it open, and "
                "merge again."
            ) from error
    return new


def _merge_files(annotator: str, source: Path, target: Path) -> int:
    theirs = [one for one in _lines(source.read_bytes(), annotator) if one.answers]
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.parent):
        while True:
            before = target.read_bytes() if target.exists() else b""
            ours = _lines(before, annotator)
            merged = _interleave(ours, theirs)
            if len(merged) == len(ours):
                return 0
            with suppress(_Grown):
                _replace(target, before, merged)
                return len(merged) - len(ours)


def _replace(target: Path, before: bytes, merged: list[_Line]) -> None:
    """Replace a journal, unless it has other bytes than before."""
    with atomic_write(target) as temporary:
        temporary.write_bytes(b"".join(one.text + b"\n" for one in merged))
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        # somebody may have answered whom the lock did not keep out
        if (target.stat().st_size if target.exists() else 0) != len(before):
            raise _Grown


def _lines(data: bytes, annotator: str) -> list[_Line]:
    data = data.removeprefix(BYTE_ORDER_MARK)
    found = JournalReader(annotator).feed(data + b"\n")
    said: dict[int, tuple[Answer, ...]] = {}
    for number, answer in zip(found.numbers, found.answers(), strict=True):
        said[number] = (*said.get(number, ()), answer)
    lines, time, times_seen = [], _BEFORE_ALL, Counter[Hashable]()
    for number, line in enumerate(data.split(b"\n"), 1):
        if not (text := line.strip()):
            continue
        answers = said.get(number, ())
        time = answers[-1].time if answers else time
        what = answers or text
        times_seen[what] += 1
        lines.append(_Line(text, answers, time, (what, times_seen[what])))
    return lines


def _interleave(ours: list[_Line], theirs: list[_Line]) -> list[_Line]:
    """All lines of both, in an order that keeps that of each."""
    both = {one.key for one in ours} & {one.key for one in theirs}
    merged: dict[Hashable, _Line] = {}
    mine, other = deque(ours), deque(theirs)
    while mine and other:
        a, b = mine[0], other[0]
        if a.key in merged or b.key in merged:  # the copies disagree on their order
            (mine if a.key in merged else other).popleft()
            continue
        theirs_first = (b.time, b.text) < (a.time, a.text)
        if (a.key in both) != (b.key in both):  # up to the line that both have
            theirs_first = a.key in both
        elif a.key in both:
            theirs_first = False
        first = (other if theirs_first else mine).popleft()
        merged[first.key] = first
    for rest in (*mine, *other):
        merged.setdefault(rest.key, rest)
    return list(merged.values())
