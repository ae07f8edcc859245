"""Long steps: generators that yield their progress and return their result.

The command line draws a progress bar, a dock runs the step in a worker thread, and a
test runs it to its end. A step receives arrays and settings, never a layer or a widget.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """The progress of a step.

    Parameters
    ----------
    stage
        The current stage in the user's words, such as "Outlining cells".
    done, total
        Finished units of work and their total number; the unit depends on the stage.
    message
        A message that the user should read once, such as "Memory ran out on the GPU;
        the CPU takes over."; empty for plain progress.
    whole
        Share of the whole job that is done, 0 to 1; None where it is not known. `done`
        and `total` are those of the stage.
    """

    stage: str
    done: int = 0
    total: int = 0
    message: str = ""
    whole: float | None = None

    @property
    def share(self) -> float:
        """Share that is done, of the whole if it is known, else of the stage."""
        if self.whole is not None:
            return self.whole
        return min(self.done / self.total, 1.0) if self.total else 0.0


@dataclass(frozen=True)
class ProgressEvent(Progress):
    """Progress with an event for a program, such as the start of a training.

    Parameters
    ----------
    event
        The kind of event, one word, such as "epoch".
    values
        Details of the event, in types that JSON can hold.
    """

    event: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


#: a long step: yields its progress, returns its result
Step = Generator[Progress, None, T]


def subprogress(
    step: Step[T], index: int, count: int, *, stage: str | None = None
) -> Step[T]:
    """Run a step as part `index` of `count` equal parts of a larger step.

    Parameters
    ----------
    step
        The part. It is not run to its end here, so that cancelling the larger step
        takes effect at each of its yields.
    index, count
        Number of the part, from 0, and number of all parts.
    stage
        Name of the stage instead of those of the part.
    """
    try:
        while True:
            try:
                progress = next(step)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            total = max(progress.total, 1)
            yield replace(
                progress,
                stage=progress.stage if stage is None else stage,
                done=index * total + progress.done,
                total=count * total,
                whole=None
                if progress.whole is None
                else (index + progress.whole) / count,
            )
    finally:
        # after cancelling, what the part holds open is closed at once
        step.close()


class WholeProgress:
    """Says in the progress of a job's parts how much of the whole job is done.

    Parameters
    ----------
    weights
        About how long each part takes, by name, in any unit. The share that is done
        never goes back, also where a part has several stages or starts again.
    """

    def __init__(self, weights: Mapping[str, float]) -> None:
        total = sum(weights.values()) or 1.0
        self._shares = {name: weight / total for name, weight in weights.items()}
        self._before = 0.0
        #: share of the whole that is done, 0 to 1
        self.done = 0.0

    def part(self, name: str, step: Step[T]) -> Step[T]:
        """Run a part, and yield its progress with the share of the whole.

        Parameters
        ----------
        name
            A name of the weights.
        step
            The part; its own progress may tell a share of the whole part.
        """
        share = self._shares[name]
        try:
            while True:
                try:
                    progress = next(step)
                except StopIteration as end:
                    self._before += share
                    return end.value  # type: ignore[no-any-return]
                now = self._before + share * progress.share
                self.done = max(self.done, min(now, 1.0))
                yield replace(progress, whole=self.done)
        finally:
            # after cancelling, what the part holds open is closed at once
            step.close()


def run_to_end(step: Step[T], report: Callable[[Progress], object] | None = None) -> T:
    """Run a step to its end and return its result; `report` receives the progress."""
    while True:
        try:
            progress = next(step)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if report is not None:
            report(progress)
