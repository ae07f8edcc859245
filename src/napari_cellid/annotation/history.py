"""History of one journal: the current answers, and what can be undone or redone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from napari_cellid.annotation.answer import Answer, CellKey, Role

#: answers that count, by role and cell
CurrentAnswers = dict[tuple["Role", "CellKey"], "Answer"]


class _Step(NamedTuple):
    before: Answer | None
    after: Answer


class AnswerHistory:
    """Answers of one person, in the order of the lines of the file.

    The last line for a cell and role counts, whatever its time. Undo and redo write
    lines as well, so that the same lines always give the same history.

    Attributes
    ----------
    lines
        All lines read or written.
    """

    def __init__(self, lines: Iterable[Answer] = ()) -> None:
        self.lines: list[Answer] = []
        self._state: CurrentAnswers = {}
        self._done: list[_Step] = []
        self._undone: list[_Step] = []
        self.extend(lines)

    def extend(self, lines: Iterable[Answer]) -> None:
        """Add the lines that follow."""
        for line in lines:
            if line.origin == "undo":
                _move(self._done, self._undone, line)
            elif line.origin == "redo":
                _move(self._undone, self._done, line)
            elif line.origin == "restore":  # undone by another restore, not by undo
                self._done.clear()
                self._undone.clear()
            else:
                self._done.append(_Step(self._state.get(_slot(line)), line))
                self._undone.clear()
            _apply(self._state, line)
            self.lines.append(line)

    @property
    def can_undo(self) -> bool:
        """Whether there is an answer to undo."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether an answer was undone and none was given since."""
        return bool(self._undone)

    def undo_line(self, now: datetime) -> Answer:
        """Make the line that undoes the last answer that is not undone yet."""
        before, after = self._done[-1]
        return replace(before or _withdrawn(after), time=now, origin="undo")

    def redo_line(self, now: datetime) -> Answer:
        """Make the line that gives the last undone answer again."""
        return replace(self._undone[-1].after, time=now, origin="redo")

    def restore_lines(self, time: datetime, now: datetime) -> list[Answer]:
        """Make the lines that bring back the answers of an earlier time."""
        then, lines = self._state_at(time), []
        for slot in dict.fromkeys((*then, *self._state)):
            old, new = then.get(slot), self._state.get(slot)
            if old is None and new is not None:
                lines.append(replace(_withdrawn(new), time=now, origin="restore"))
            elif old is not None:
                line = replace(old, time=now, origin="restore")
                if new is None or line != replace(new, time=now, origin="restore"):
                    lines.append(line)
        return lines

    def current(self, role: Role) -> dict[CellKey, Answer]:
        """Current answers of a role."""
        return _of_role(self._state, role)

    def current_at(self, time: datetime, role: Role) -> dict[CellKey, Answer]:
        """Answers that counted after the last line written at or before a time."""
        return _of_role(self._state_at(time), role)

    def _state_at(self, time: datetime) -> CurrentAnswers:
        lines, state = self.lines, CurrentAnswers()
        written = (k for k in reversed(range(len(lines))) if lines[k].time <= time)
        for line in lines[: next(written, -1) + 1]:
            _apply(state, line)
        return state


def _slot(line: Answer) -> tuple[Role, CellKey]:
    return line.role, line.key


def _apply(state: CurrentAnswers, line: Answer) -> None:
    if line.answer is None:
        state.pop(_slot(line), None)
    else:
        state[_slot(line)] = line


def _of_role(state: CurrentAnswers, role: Role) -> dict[CellKey, Answer]:
    return {key: answer for (of, key), answer in state.items() if of == role}


def _withdrawn(answer: Answer) -> Answer:
    return replace(answer, answer=None, shown=None, seconds=0.0, repeat=False)


def _move(source: list[_Step], target: list[_Step], line: Answer) -> None:
    """Move the last step about the line's cell from one stack to the other.

    In a merged journal, steps about other cells may have come in between.
    """
    for k in reversed(range(len(source))):
        if _slot(source[k].after) == _slot(line):
            target.append(source.pop(k))
            return
