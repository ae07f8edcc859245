"""The loop of every training: epochs, checkpoints, stop, resume, the best one kept."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from napari_cellid.errors import InputError
from napari_cellid.progress import Progress, ProgressEvent
from napari_cellid.training.checkpoint import load_tensors, save_tensors
from napari_cellid.training.run import BEST_FILE, CHECKPOINT_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from napari_cellid.progress import Step
    from napari_cellid.training.run import Run


@dataclass(frozen=True)
class StepMetrics:
    """What one step of the optimiser says.

    Parameters
    ----------
    loss
        Mean loss of the batch.
    n
        Cells or pieces in it.
    right
        How many of them were told right; -1 where that makes no sense.
    """

    loss: float
    n: int
    right: int = -1


class Learner(Protocol):
    """What is trained.

    Steps depend on the seed, the epoch and their number alone, so that a training that
    was resumed gives what an uninterrupted one gives.
    """

    @property
    def steps_per_epoch(self) -> int:
        """Steps of the optimiser in an epoch."""

    def step(self, epoch: int, index: int) -> StepMetrics:
        """Take one step."""

    def validate(self) -> dict[str, float]:
        """Figures on the validation data; one is "loss"."""

    def end_of_training(self) -> None:
        """Whatever is left to do with the best weights, such as batch statistics."""

    def state(self) -> dict[str, Tensor]:
        """Everything that is needed to go on."""

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state."""

    def weights(self) -> dict[str, Tensor]:
        """State dict of the network, float32 on the CPU."""

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take weights back."""


@dataclass(frozen=True)
class LoopConfig:
    """How long a training goes on, and what is best.

    Parameters
    ----------
    epochs
        Times through all steps.
    patience
        Epochs without a better figure before it stops; 0: never.
    figure
        Validation figure that decides; with its standard error, where the learner
        gives one as the figure's name with `_error`.
    higher
        Whether more of it is better.
    begin
        What the event "begin" says beside the counts of the loop.
    """

    epochs: int
    patience: int = 0
    figure: str = "loss"
    higher: bool = False
    begin: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """What a training gives.

    Parameters
    ----------
    weights
        State dict of the best epoch.
    best_epoch, last_epoch
        Counted from 1; 0 if it was stopped before the first one ended.
    state
        finished, or stopped by somebody.
    history
        The event of each epoch.
    """

    weights: dict[str, Tensor]
    best_epoch: int
    last_epoch: int
    state: Literal["finished", "stopped"]
    history: list[dict[str, Any]]


def train(learner: Learner, run: Run, loop: LoopConfig) -> Step[TrainingResult]:
    """Train to the end, or until somebody asks to stop; goes on from a checkpoint.

    Raises
    ------
    InputError
        If the loss is no number any more, or the run's folder cannot be written.
    """
    return (yield from _Training(learner, run, loop).go())


class _Training:
    def __init__(self, learner: Learner, run: Run, loop: LoopConfig) -> None:
        self._learner, self._run, self._loop = learner, run, loop
        self._history: list[dict[str, Any]] = []
        self._first = 1
        self._begun, self._steps = time.monotonic(), 0

    def go(self) -> Step[TrainingResult]:
        self._resume()
        self._run.start()
        yield self._news("begin", self._beginning())
        if self._first == 1 and not any(
            e.get("event") == "epoch" for e in self._run.events()
        ):
            start = {"epoch": 0, "validation": _plain(self._learner.validate())}
            yield self._news("epoch", start)
        state: Literal["finished", "stopped"] = "finished"
        for epoch in range(self._first, self._loop.epochs + 1):
            if self._patience_over():
                break
            stopped = yield from self._epoch(epoch)
            if stopped:
                state = "stopped"
                break
        if not self._history:
            # stopped before the first epoch ended: what there is counts
            self._keep_best(0)
        weights, about = load_tensors(self._run.folder / BEST_FILE)
        self._learner.load_weights(weights)
        self._learner.end_of_training()
        last = int(self._history[-1]["epoch"]) if self._history else 0
        return TrainingResult(
            self._learner.weights(), int(about["epoch"]), last, state, self._history
        )

    def _epoch(self, epoch: int) -> Step[bool]:
        """Train for one epoch; True if somebody asked to stop."""
        begun, total = time.monotonic(), self._learner.steps_per_epoch
        loss, n, right = 0.0, 0, 0
        for index in range(total):
            figures = self._learner.step(epoch, index)
            self._check(figures.loss, epoch)
            loss += figures.loss * figures.n
            n, right = n + figures.n, right + figures.right
            self._steps += 1
            done = (epoch - 1) * total + index + 1
            self._tell(epoch, done, figures.loss)
            yield Progress("Training", done, self._loop.epochs * total)
            # after the last step the epoch is worth ending
            if index < total - 1 and self._run.stop_requested():
                return True
        train = {"loss": loss / max(n, 1)}
        if right >= 0:
            train["accuracy"] = right / max(n, 1)
        validation = _plain(self._learner.validate())
        self._check(validation["loss"], epoch)
        event = {
            "epoch": epoch,
            "train": train,
            "validation": validation,
            "seconds": round(time.monotonic() - begun, 3),
        }
        event["best"] = self._is_best(event)
        self._history.append(event)
        if event["best"]:
            self._keep_best(epoch)
        save_tensors(
            self._run.folder / CHECKPOINT_FILE,
            self._learner.state(),
            {"epoch": epoch, "history": self._history},
        )
        yield self._news("epoch", event)
        return self._run.stop_requested() and epoch < self._loop.epochs

    def _resume(self) -> None:
        path = self._run.folder / CHECKPOINT_FILE
        if not path.exists():
            return
        state, about = load_tensors(path)
        self._learner.load(state)
        self._history = list(about.get("history", []))
        self._first = int(about["epoch"]) + 1
        logged = {e.get("epoch") for e in self._run.events() if "validation" in e}
        for event in self._history:
            # killed between the checkpoint and the log
            if event["epoch"] not in logged:
                self._run.log({"event": "epoch", **event})

    def _beginning(self) -> dict[str, Any]:
        return {
            "run": self._run.name,
            "folder": str(self._run.folder),
            "epochs": self._loop.epochs,
            "steps_per_epoch": self._learner.steps_per_epoch,
            "first_epoch": self._first,
            **self._loop.begin,
        }

    def _news(self, event: str, values: Mapping[str, Any]) -> ProgressEvent:
        self._run.log({"event": event, **values})
        total = self._loop.epochs * self._learner.steps_per_epoch
        done = int(values.get("epoch", self._first - 1)) * self._learner.steps_per_epoch
        return ProgressEvent("Training", done, total, event=event, values=dict(values))

    def _tell(self, epoch: int, done: int, loss: float) -> None:
        total = self._loop.epochs * self._learner.steps_per_epoch
        seconds = time.monotonic() - self._begun
        self._run.write_progress(
            {
                "stage": "Training",
                "done": done,
                "total": total,
                "epoch": epoch,
                "epochs": self._loop.epochs,
                "loss": loss,
                "seconds": round(seconds, 1),
                "seconds_left": round(seconds / self._steps * (total - done), 1),
            }
        )

    def _value(self, event: Mapping[str, Any]) -> float:
        value = float(event["validation"][self._loop.figure])
        return value if self._loop.higher else -value

    def _is_best(self, event: Mapping[str, Any]) -> bool:
        """Whether it is better than all before, or longer trained and not surely worse.

        A figure of few cells is rough: the first epoch that happens to please them
        would be kept, and all that was learned later thrown away. So where the figure
        comes with its standard error, a later epoch within it is preferred.
        """
        if not self._history:
            return True
        top = max(self._history, key=self._value)
        error = float(top["validation"].get(f"{self._loop.figure}_error", 0.0))
        best = self._value(top)
        return self._value(event) > best or (
            error > 0 and self._value(event) >= best - error
        )

    def _keep_best(self, epoch: int) -> None:
        weights = self._learner.weights()
        save_tensors(self._run.folder / BEST_FILE, weights, {"epoch": epoch})

    def _patience_over(self) -> bool:
        if not (self._loop.patience and self._history):
            return False
        best = max(e["epoch"] for e in self._history if e["best"])
        return int(self._history[-1]["epoch"]) - int(best) >= self._loop.patience

    def _check(self, loss: float, epoch: int) -> None:
        if not math.isfinite(loss):
            raise InputError(
                f"The loss is no number any more in epoch {epoch}, so the training "
                "ended and nothing was changed; train anew with a learning rate of a "
                "tenth."
            )


def _plain(figures: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in figures.items()}
