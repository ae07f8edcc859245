"""History of one journal: the current answers, and what can be undone or redone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable
    from datetime import datetime

    from napari_cellid.annotation.answer import Answer, CellKey, Role

_Slot = tuple["Role", "CellKey"]
#: answers that count, by role and cell
CurrentAnswers = dict[_Slot, "Answer"]
#: the lines of each answer, by role and cell, in the order of the answers. The key is
#: the group of an answer for several cells, and a number for other answers
_Actions = dict["Hashable", dict[_Slot, "Answer"]]


class AnswerHistory:
    """Answers of one person, in the order of the lines of the file.

    The last line for a cell and role counts, whatever its time. Undo and redo write
    lines as well, so that the same lines always give the same history. The lines of an
    answer for several cells are undone and redone together, wherever they are in the
    file: lines of another window may be between them.

    Attributes
    ----------
    lines
        All lines read or written.
    """

    def __init__(self, lines: Iterable[Answer] = ()) -> None:
        self.lines: list[Answer] = []
        self._state: CurrentAnswers = {}
        self._done: _Actions = {}
        self._undone: _Actions = {}
        # for each cell and role: what counted before the first answer that can be
        # undone, and the answers since that are not undone
        self._standing: dict[_Slot, list[Answer | None]] = {}
        self.extend(lines)

    def extend(self, lines: Iterable[Answer]) -> None:
        """Add the lines that follow."""
        for line in lines:
            if line.origin == "undo":
                if (step := _move(self._done, self._undone, line)) is not None:
                    _remove(self._standing[_slot(step)], step)
            elif line.origin == "redo":
                if (step := _move(self._undone, self._done, line)) is not None:
                    self._stand(step)
            elif line.origin == "restore":  # undone by another restore, not by undo
                self._done.clear()
                self._undone.clear()
                self._standing.clear()
            else:
                self._answer(line)
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

    def undo_lines(self, now: datetime) -> list[Answer]:
        """Make the lines that undo the last answer that is not undone yet.

        There is one line for each of its cells, the last one first.
        """
        steps = next(reversed(self._done.values()))
        return [
            replace(self._without(step), time=now, origin="undo", group=step.group)
            for step in reversed(steps.values())
        ]

    def redo_lines(self, now: datetime) -> list[Answer]:
        """Make the lines that give the last undone answer again."""
        steps = next(reversed(self._undone.values()))
        return [
            replace(step, time=now, origin="redo") for step in reversed(steps.values())
        ]

    def restore_lines(self, time: datetime, now: datetime) -> list[Answer]:
        """Make the lines that bring back the answers of an earlier time."""
        then, lines = self._state_at(time), []
        for slot in dict.fromkeys((*then, *self._state)):
            old, new = then.get(slot), self._state.get(slot)
            if old is None and new is not None:
                lines.append(_restored(_withdrawn(new), now))
            elif old is not None:
                line = _restored(old, now)
                if new is None or line != _restored(new, now):
                    lines.append(line)
        return lines

    def current(self, role: Role) -> dict[CellKey, Answer]:
        """Current answers of a role."""
        return _of_role(self._state, role)

    def current_at(self, time: datetime, role: Role) -> dict[CellKey, Answer]:
        """Answers that counted after the last line written at or before a time."""
        return _of_role(self._state_at(time), role)

    def _answer(self, line: Answer) -> None:
        key, slot = len(self.lines) if line.group is None else line.group, _slot(line)
        # a group has one answer for each cell; a journal edited by hand may have two
        if (earlier := self._done.get(key, {}).get(slot)) is not None:
            _remove(self._standing[slot], earlier)
        _add(self._done, key, line)
        self._stand(line)
        self._undone.clear()

    def _stand(self, step: Answer) -> None:
        slot = _slot(step)
        standing = self._standing.setdefault(slot, [None])
        if len(standing) == 1:
            standing[0] = self._state.get(slot)
        standing.append(step)

    def _without(self, step: Answer) -> Answer:
        """What counts for the cell of an answer that can be undone, without it.

        In a merged journal that can be a later answer, which then still counts.
        """
        others = [one for one in self._standing[_slot(step)] if one is not step]
        last = others[-1]
        return _withdrawn(step) if last is None or last.answer is None else last

    def _state_at(self, time: datetime) -> CurrentAnswers:
        lines, state = self.lines, CurrentAnswers()
        written = (k for k in reversed(range(len(lines))) if lines[k].time <= time)
        for line in lines[: next(written, -1) + 1]:
            _apply(state, line)
        return state


def _slot(line: Answer) -> _Slot:
    return line.role, line.key


def _apply(state: CurrentAnswers, line: Answer) -> None:
    if line.answer is None:
        state.pop(_slot(line), None)
    else:
        state[_slot(line)] = line


def _of_role(state: CurrentAnswers, role: Role) -> dict[CellKey, Answer]:
    return {key: answer for (of, key), answer in state.items() if of == role}


def _withdrawn(answer: Answer) -> Answer:
    return replace(
        answer, answer=None, shown=None, seconds=0.0, repeat=False, markers=""
    )


def _restored(answer: Answer, now: datetime) -> Answer:
    return replace(answer, time=now, origin="restore", group=None)


def _add(actions: _Actions, key: Hashable, line: Answer) -> None:
    """Add a line to its answer, which becomes the last one."""
    steps = actions.pop(key, {})
    steps[_slot(line)] = line
    actions[key] = steps


def _move(source: _Actions, target: _Actions, line: Answer) -> Answer | None:
    """Move the step that a line undoes or redoes, and return it, if it is there."""
    key, slot = _find(source, line), _slot(line)
    if key is None:
        return None
    step = source[key].pop(slot)
    if not source[key]:
        del source[key]
    _add(target, key, step)
    return step


def _find(actions: _Actions, line: Answer) -> Hashable | None:
    """Key of the answer that a line undoes or redoes; None if it is not there.

    In a merged journal, answers for other cells may have come in between.
    """
    slot = _slot(line)
    if line.group is not None:
        return line.group if slot in actions.get(line.group, {}) else None
    of_cell = [key for key in reversed(actions) if slot in actions[key]]
    alone = (key for key in of_cell if actions[key][slot].group is None)
    # version 0.1.0 undid and redid the cells of a group one by one, without its id
    return next(alone, of_cell[0] if of_cell else None)


def _remove(standing: list[Answer | None], step: Answer) -> None:
    """Remove the step itself: an equal line may stand in the journal twice."""
    at = next(k for k in reversed(range(len(standing))) if standing[k] is step)
    del standing[at]
