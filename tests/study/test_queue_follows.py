"""New cells come into the queue of an annotator, and removed ones leave it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from napari_cellid.annotation.answer import CellKey
from napari_cellid.study.cell_queue import CellQueue


def keys(*numbers: int) -> list[CellKey]:
    return [CellKey("r1", number) for number in numbers]


def numbers(queue: CellQueue) -> list[int]:
    return [item.cell.cell for item in queue._items]


def test_a_new_cell_comes_where_the_order_has_it() -> None:
    queue = CellQueue(keys(1, 2, 3, 4))
    queue.advance()
    queue.advance()
    queue.follow(keys(1, 2, 3, 9, 4), keys(9))
    assert numbers(queue) == [1, 2, 3, 9, 4]
    assert queue.current.cell == CellKey("r1", 2)


def test_a_new_cell_whose_place_was_passed_comes_next() -> None:
    queue = CellQueue(keys(1, 2, 3))
    queue.advance()
    queue.advance()
    queue.follow(keys(9, 1, 2, 3), keys(9))
    assert numbers(queue) == [1, 2, 9, 3]
    assert queue.advance().cell == CellKey("r1", 9)


def test_a_new_cell_is_asked_when_all_others_are_answered() -> None:
    answered = set(keys(1, 2))
    queue = CellQueue(keys(), answered.__contains__)
    assert queue.advance() is None
    queue.follow(keys(1, 9, 2), keys(9))
    assert queue.advance().cell == CellKey("r1", 9)


def test_a_removed_cell_leaves_the_next_one_in_its_place() -> None:
    queue = CellQueue(keys(1, 2, 3))
    queue.advance()
    queue.advance()
    queue.follow(keys(1, 3), [])
    assert numbers(queue) == [1, 3] and queue.current.cell == CellKey("r1", 3)
    queue.follow(keys(1), [])
    assert queue.current is None


@given(
    before=st.sets(st.integers(1, 30)),
    now=st.sets(st.integers(1, 30)),
    steps=st.integers(0, 12),
    repeat=st.booleans(),
)
def test_every_cell_is_queued_once_and_the_current_one_stays(
    before, now, steps, repeat
) -> None:
    queue = CellQueue(keys(*sorted(before)))
    for _ in range(steps):
        queue.advance()
    if repeat and before and steps:
        queue.insert_repeat(keys(min(before))[0])
    current = queue.current
    queue.follow(keys(*sorted(now)), keys(*(now - before)))
    firsts = [item.cell.cell for item in queue._items if not item.repeat]
    assert sorted(firsts) == sorted(now)
    if current is not None and current.cell.cell in now:
        assert queue.current == current
