"""Long steps: generators that yield progress and return their result.

The command line draws a bar from what they yield, a widget runs them in a worker
thread, a test runs them to the end. A step receives arrays and settings, never a
layer or a widget.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """How far a step has come.

    Parameters
    ----------
    stage
        What is being done, in the user's words, such as "Outlining cells".
    done, total
        Units of work finished and in all; the unit differs between stages.
    message
        Something the user should read once, such as "memory ran out on the GPU,
        going on with the CPU"; empty for plain progress.
    """

    stage: str
    done: int = 0
    total: int = 0
    message: str = ""


@dataclass(frozen=True)
class News(Progress):
    """Progress with something to tell a program: a training began, an epoch ended.

    Parameters
    ----------
    event
        What happened, one word.
    values
        What is to be known of it, as JSON can hold it.
    """

    event: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


Step = Generator[Progress, None, T]


def part(step: Step[T], index: int, count: int) -> Step[T]:
    """Run a step as one of `count` equal parts of a larger one."""
    while True:
        try:
            progress = next(step)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        total = max(progress.total, 1)
        yield replace(progress, done=index * total + progress.done, total=count * total)


def finish(step: Step[T], report: Callable[[Progress], object] | None = None) -> T:
    """Run a step to its end and return its result, passing progress to `report`."""
    while True:
        try:
            progress = next(step)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if report is not None:
            report(progress)
