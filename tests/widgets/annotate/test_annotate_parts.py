"""Queue, counts, outlines and stored classes: what Annotate is made of, without Qt."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_cellid.annotation.answer import Answer, CellKey
from napari_cellid.annotation.progress_stats import AnnotationProgress, duration_text
from napari_cellid.cells.contours import OutlinePixels, join_indices
from napari_cellid.colours import answer_colours
from napari_cellid.config import NOT_A_CELL, StudyConfig
from napari_cellid.study.cell_queue import CellQueue, QueueItem
from napari_cellid.study.current_answers import CurrentAnswers

LABELS = arrays(np.int32, (2, 6, 7), elements=st.sampled_from([0, 0, 1, 2, 5, 10**6]))
CELLS = [CellKey("r", k) for k in range(1, 7)]


def line(cell, answer, seconds=2.0, **how):
    time = datetime(2026, 1, 5, tzinfo=UTC)
    place = {"plane": 0, "y": 0.0, "x": 0.0, "seconds": seconds}
    return Answer(time, "Ann", cell.recording, cell.cell, answer=answer, **place, **how)


@given(LABELS, st.dictionaries(st.sampled_from([1, 2, 5, 10**6]), st.integers(3, 9)))
def test_drawing_at_once_equals_drawing_one_by_one(labels, codes):
    pixels = OutlinePixels(labels)
    at_once = pixels.draw(codes, 1)
    one_by_one = pixels.draw({}, 1)
    for label, code in codes.items():
        one_by_one[pixels.outline(label)] = code
    np.testing.assert_array_equal(at_once, one_by_one)


@given(LABELS)
def test_outline_and_inside_are_the_cell(labels):
    pixels = OutlinePixels(labels)
    for label in (1, 2, 5, 10**6, 77):
        edge, inside = np.zeros((2, *labels.shape), bool)
        edge[pixels.outline(label)] = True
        inside[pixels.inside(label)] = True
        assert not (edge & inside).any()
        np.testing.assert_array_equal(edge | inside, labels == label)
        # what is inside has its own label on all sides
        padded = np.pad(labels, ((0, 0), (1, 1), (1, 1)), "edge")
        sides = [
            padded[:, 1 + dy : 7 + dy, 1 + dx : 8 + dx]
            for dy, dx in ((-1, 0), (1, 0), (0, -1), (0, 1))
        ]
        alike = np.all([side == label for side in sides], axis=0)
        np.testing.assert_array_equal(inside, (labels == label) & alike)


def test_indices_of_several_cells_are_those_of_each():
    labels = np.zeros((1, 5, 5), np.int32)
    labels[0, 1, 1], labels[0, 3, 3] = 4, 7
    pixels = OutlinePixels(labels)
    plane, y, x = join_indices([pixels.outline(7), pixels.outline(4)])
    assert list(zip(plane, y, x, strict=True)) == [(0, 3, 3), (0, 1, 1)]


@given(st.lists(st.sampled_from(["answer", "back", "on", "again"]), max_size=40))
def test_every_cell_comes_however_one_walks(steps):
    answered = set()
    queue = CellQueue(CELLS, answered.__contains__)
    turn = queue.advance()
    for step in steps:
        if step == "answer" and turn is not None:
            answered.add(turn.cell)
            turn = queue.advance()
        elif step == "again" and answered:
            turn = queue.insert_repeat(min(answered))
            assert turn.repeat
        else:
            turn = queue.step(-1 if step == "back" else 1)
    for _ in range(len(CELLS) + 1):
        turn = queue.advance()
        if turn is None:
            break
        assert turn.cell not in answered and not turn.repeat
        answered.add(turn.cell)
    assert answered == set(CELLS) and queue.current is None


def test_queue_goes_in_order_and_back():
    queue = CellQueue(CELLS)
    assert queue.current is None
    assert [queue.advance().cell for _ in CELLS] == CELLS
    queue = CellQueue(CELLS)
    queue.advance()
    assert queue.step(-1) == QueueItem(CELLS[0])
    assert queue.step(1) == QueueItem(CELLS[1])
    assert queue.insert_repeat(CELLS[0]) == QueueItem(CELLS[0], repeat=True)
    assert queue.advance() == QueueItem(CELLS[2])
    assert queue.return_to(CELLS[0]) == QueueItem(CELLS[0], repeat=True)
    other = CellKey("elsewhere", 9)
    assert queue.return_to(other) == QueueItem(other)
    assert queue.current == QueueItem(other)


def test_an_answer_taken_back_is_asked_for_again():
    answered = set()
    queue = CellQueue(CELLS, answered.__contains__)
    for _ in CELLS:
        answered.add(queue.advance().cell)
    assert queue.advance() is None
    answered.remove(CELLS[2])
    assert queue.advance() == QueueItem(CELLS[2])


def test_cells_with_an_answer_are_asked_for_once_more():
    answered = set(CELLS[:2])
    queue = CellQueue(CELLS, answered.__contains__)
    first = queue.advance().cell
    assert first == CELLS[0]
    queue.settle(first)
    assert [queue.advance().cell for _ in CELLS[1:]] == CELLS[1:]
    assert queue.advance() != QueueItem(first)


def test_an_empty_queue_has_nobody():
    queue = CellQueue()
    assert (queue.advance(), queue.step(1), queue.step(-1)) == (None, None, None)


@given(
    st.lists(
        st.tuples(st.sampled_from(CELLS), st.sampled_from(["a", "b", None])),
        max_size=60,
    )
)
def test_tally_counts_what_counts(given_answers):
    own, current = {CELLS[0]: "a"}, CurrentAnswers()
    current.set(CELLS[0], "a")
    tally = AnnotationProgress(len(CELLS), lambda: current.counts(["r"]))
    for cell, answer in given_answers:
        current.set(cell, answer)
        own = {k: a for k, a in (own | {cell: answer}).items() if a is not None}
    assert current.by_cell == own
    assert tally.total == len(CELLS)
    assert tally.answered == len(own)
    for answer in "ab":
        assert tally.count(answer) == list(own.values()).count(answer)


def test_tally_leaves_out_what_is_not_its_own():
    current = CurrentAnswers()
    current.set(CellKey("elsewhere", 5), "a")
    tally = AnnotationProgress(2, lambda: current.counts(["r"]))
    assert (tally.answered, tally.count("a")) == (0, 0)


def test_speed_and_time_left():
    current = CurrentAnswers()
    tally = AnnotationProgress(100, lambda: current.counts(["r"]))
    assert tally.per_minute() is None and tally.minutes_left() is None
    for cell in [CellKey("r", k) for k in range(10)]:
        current.set(cell, "a")
        tally.time(line(cell, "a", seconds=3.0))
    assert tally.per_minute() == pytest.approx(20)
    assert tally.minutes_left() == pytest.approx(90 / 20)
    # undoing is no judgement of a cell, and a coffee no hard cell
    tally.time(line(cell, None, seconds=500.0, origin="undo"))
    assert tally.per_minute() == pytest.approx(20)
    tally.time(line(cell, "a", seconds=3600.0))
    assert tally.per_minute() == pytest.approx(60 * 11 / (30 + 90))


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0.2, "less than a minute"),
        (12.4, "about 12 min"),
        (89.0, "about 89 min"),
        (150.0, "about 2.5 h"),
        (1200.0, "about 20 h"),
    ],
)
def test_durations_are_no_more_exact_than_a_guess(minutes, text):
    assert duration_text(minutes) == text


def test_no_two_answers_look_alike():
    colours = answer_colours(StudyConfig())
    assert len(set(colours.values())) == len(colours) == 5
    assert colours[NOT_A_CELL] != "#ffffff"
