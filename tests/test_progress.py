from __future__ import annotations

from napari_cellid.progress import Progress, Step, run_to_end, subprogress


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
