from __future__ import annotations

from napari_cellid.progress import (
    Progress,
    Step,
    WholeProgress,
    run_to_end,
    subprogress,
)


def count(n: int) -> Step[int]:
    for k in range(n):
        yield Progress("counting", k, n)
    return n


def test_finish_returns_the_result_and_reports_all() -> None:
    seen: list[Progress] = []
    assert run_to_end(count(3), seen.append) == 3
    assert [p.done for p in seen] == [0, 1, 2]


def test_a_step_may_yield_nothing() -> None:
    assert run_to_end(count(0)) == 0


def test_parts_add_up() -> None:
    seen: list[Progress] = []

    def whole() -> Step[list[int]]:
        results = []
        for k in range(3):
            results.append((yield from subprogress(count(2), k, 3)))  # noqa: PERF401
        return results

    assert run_to_end(whole(), seen.append) == [2, 2, 2]
    assert [(p.done, p.total) for p in seen] == [(k, 6) for k in range(6)]


def shares(step: Step[object]) -> list[float | None]:
    seen: list[Progress] = []
    run_to_end(step, seen.append)
    return [None if p.whole is None else round(p.whole, 3) for p in seen]


def test_parts_of_a_job_say_how_much_of_the_whole_is_done() -> None:
    def job() -> Step[int]:
        whole = WholeProgress({"first": 1, "second": 3})
        first = yield from whole.part("first", count(2))
        return first + (yield from whole.part("second", count(3)))

    assert run_to_end(job()) == 5
    assert shares(job()) == [0, 0.125, 0.25, 0.5, 0.75]


def test_the_whole_never_goes_back() -> None:
    def again() -> Step[None]:
        yield from count(4)
        yield from count(4)

    def job() -> Step[None]:
        yield from WholeProgress({"all": 1}).part("all", again())

    assert shares(job()) == [0, 0.25, 0.5, 0.75, 0.75, 0.75, 0.75, 0.75]


def test_a_job_can_be_a_part_of_a_job() -> None:
    def inner() -> Step[None]:
        whole = WholeProgress({"a": 1, "b": 1})
        yield from whole.part("a", count(1))
        yield from whole.part("b", count(2))

    def job() -> Step[None]:
        whole = WholeProgress({"inner": 1, "end": 1})
        yield from whole.part("inner", inner())
        yield from whole.part("end", count(1))

    assert shares(job()) == [0, 0.25, 0.375, 0.5]
    assert shares(subprogress(job(), 1, 2)) == [0.5, 0.625, 0.688, 0.75]


def test_cancelling_a_part_closes_it() -> None:
    closed = []

    def part() -> Step[None]:
        try:
            yield Progress("reading")
        finally:
            closed.append(True)

    step = WholeProgress({"all": 1}).part("all", part())
    next(step)
    step.close()
    assert closed == [True]
