"""Which cells an annotator sees a second time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_cellid.annotation.answer import Answer, CellKey
from napari_cellid.annotation.history import AnswerHistory
from napari_cellid.study.cell_order import MAX_DRAW, seeded_draw
from napari_cellid.study.repeats import REPEAT_AFTER, RepeatChooser

START = datetime(2026, 1, 5, tzinfo=UTC)


def chosen(
    own: Mapping[CellKey, Answer], cells: Collection[CellKey], share: float
) -> CellKey | None:
    """The cell that Ann is asked about again after these answers."""
    chooser = RepeatChooser(cells, "Ann")
    chooser.follow(AnswerHistory(own.values()))
    return chooser.choose(share)


def given_by_ann(n: int, repeated: int = 0) -> dict[CellKey, Answer]:
    keys = [CellKey("r", k) for k in range(1, n + 1)]
    return {
        key: Answer(
            START + timedelta(seconds=k), "Ann", *key, 0, 0.0, 0.0, "glia",
            repeat=k < repeated,
        )
        for k, key in enumerate(keys)
    }  # fmt: skip


def walk(share: float, n: int, annotator: str) -> list[CellKey | None]:
    """Answer n questions; what was due before each."""
    cells = [CellKey("r", k) for k in range(1, n + 1)]
    history, chooser = AnswerHistory(), RepeatChooser(cells, annotator)
    due, fresh = [], iter(cells)
    for k in range(n):
        chooser.follow(history)
        key = chooser.choose(share)
        due.append(key)
        where = key or next(fresh)
        time = START + timedelta(seconds=k)
        line = Answer(
            time, annotator, *where, 0, 0.0, 0.0, "glia", repeat=key is not None
        )
        history.extend([line])
    return due


def test_share_of_repeats() -> None:
    due = walk(0.1, 1500, "Ann")
    repeats = [key for key in due if key is not None]
    assert len(repeats) == len(set(repeats))
    # 1480 questions at 10 %: 148, standard deviation 11.5
    assert 148 - 35 < len(repeats) < 148 + 35
    assert all(key is None for key in due[:REPEAT_AFTER])
    assert due == walk(0.1, 1500, "Ann")
    assert due != walk(0.1, 1500, "Bo")
    gaps = np.diff([k for k, key in enumerate(due) if key is not None])
    assert len(set(gaps.tolist())) > 5  # cannot be foreseen


def test_repeats_come_from_long_ago() -> None:
    for n in range(1, 80):
        own = given_by_ann(n)
        key = chosen(own, list(own), 0.5)
        assert key is None or key.cell <= n - REPEAT_AFTER


def test_no_repeats_where_there_are_none() -> None:
    for n in (0, 1, 20, 40, 41, 42, 43, 44):
        own = given_by_ann(n)
        assert chosen(own, list(own), 0) is None
        assert chosen(own, [], 0.5) is None
        asked = given_by_ann(n, repeated=n)
        assert chosen(asked, list(asked), 0.5) is None


def expected(
    own: Mapping[CellKey, Answer], cells: Collection[CellKey], share: float
) -> CellKey | None:
    """The definition: all answers are sorted at each question."""
    order = sorted(own.values(), key=lambda answer: (answer.time, answer.key))
    n_given = len(order) + sum(answer.repeat for answer in order)
    if seeded_draw(f"Ann\0due\0{n_given}") / MAX_DRAW >= share:
        return None
    earlier = order[: max(len(order) - REPEAT_AFTER, 0)]
    eligible = [a.key for a in earlier if not a.repeat and a.key in cells]
    return min(
        eligible,
        key=lambda key: seeded_draw(f"Ann\0repeat\0{key.recording}\0{key.cell}"),
        default=None,
    )


steps = st.lists(
    st.tuples(
        st.sampled_from(["new", "new", "new", "again", "undo", "redo", "restore"]),
        st.integers(0, 60),
    ),
    min_size=60,
    max_size=140,
)


@given(steps)
@settings(max_examples=40, deadline=None)
def test_following_the_journal_chooses_as_the_definition(
    actions: list[tuple[str, int]],
) -> None:
    cells = frozenset(CellKey("r", k) for k in range(50))
    history, chooser = AnswerHistory(), RepeatChooser(cells, "Ann")
    for k, (act, cell) in enumerate(actions):
        now = START + timedelta(seconds=k)
        if act == "undo":
            history.extend(history.undo_lines(now) if history.can_undo else [])
        elif act == "redo":
            history.extend(history.redo_lines(now) if history.can_redo else [])
        elif act == "restore":
            if cell < 5:
                history.extend(history.restore_lines(now - timedelta(seconds=9), now))
        else:
            repeat = act == "again"
            key = CellKey("r", cell)
            history.extend(
                [Answer(now, "Ann", *key, 0, 0.0, 0.0, "glia", repeat=repeat)]
            )
        own = history.current("annotator")
        chooser.follow(history)
        assert chooser.choose(1.0) == expected(own, cells, 1.0)
        assert chooser.choose(0.3) == expected(own, cells, 0.3)


def test_a_replaced_journal_is_read_from_its_beginning() -> None:
    cells = [CellKey("r", k) for k in range(1, 60)]
    chooser = RepeatChooser(cells, "Ann")
    for own in (given_by_ann(59), given_by_ann(30)):
        chooser.follow(AnswerHistory(own.values()))
        assert chooser.choose(1.0) == expected(own, cells, 1.0) is not None
