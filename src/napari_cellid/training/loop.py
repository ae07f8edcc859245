"""The training loop: epochs, checkpoints, stopping, resuming, the best epoch."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from napari_cellid.errors import InputError
from napari_cellid.progress import Progress, ProgressEvent
from napari_cellid.training.checkpoint import load_tensors, save_tensors
from napari_cellid.training.layout import BEST_FILE, CHECKPOINT_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from napari_cellid.progress import Step
    from napari_cellid.training.learner import Learner
    from napari_cellid.training.run import Run


@dataclass(frozen=True)
class LoopConfig:
    """Length of a training, and the metric that decides which epoch is best.

    Parameters
    ----------
    epochs
        Number of epochs.
    patience
        Epochs without a better metric before the training stops; 0: never.
    metric
        Name of the validation metric that decides. The learner may give its standard
        error as a metric of that name with `_error`.
    higher
        Whether larger values are better.
    begin
        Values that the event "begin" has in addition to those of the loop.
    """

    epochs: int
    patience: int = 0
    metric: str = "loss"
    higher: bool = False
    begin: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """Result of a training.

    Parameters
    ----------
    weights
        State dict of the best epoch.
    best_epoch, last_epoch
        Counted from 1; 0 if the training was stopped within the first epoch.
    state
        finished, or stopped on request.
    history
        Events of the epochs.
    """

    weights: dict[str, Tensor]
    best_epoch: int
    last_epoch: int
    state: Literal["finished", "stopped"]
    history: list[dict[str, Any]]


def train(learner: Learner, run: Run, loop: LoopConfig) -> Step[TrainingResult]:
    """Train to the end or until a stop request; resume if there is a checkpoint.

    Raises
    ------
    InputError
        If the loss is not finite, or the run's folder cannot be written to.
    """
    return (yield from _TrainingLoop(learner, run, loop).run())


class _TrainingLoop:
    """The state of a training loop."""

    def __init__(self, learner: Learner, run: Run, loop: LoopConfig) -> None:
        self._learner, self._run, self._loop = learner, run, loop
        self._history: list[dict[str, Any]] = []
        self._first_epoch = 1
        self._start_time, self._steps = time.monotonic(), 0

    def run(self) -> Step[TrainingResult]:
        self._load_checkpoint()
        self._run.start()
        yield self._log_event("begin", self._start_values())
        # epoch 0 is the untrained network; a run that broke off in epoch 1 has it
        if self._first_epoch == 1 and not any(
            e.get("event") == "epoch" for e in self._run.events()
        ):
            start = {"epoch": 0, "validation": _as_floats(self._learner.validate())}
            yield self._log_event("epoch", start)
        state: Literal["finished", "stopped"] = "finished"
        for epoch in range(self._first_epoch, self._loop.epochs + 1):
            if self._patience_over():
                break
            stopped = yield from self._epoch(epoch)
            if stopped:
                state = "stopped"
                break
        if not self._history:
            # stopped within the first epoch: the present weights are the result
            self._keep_best(0)
        # from the disk, because the best epoch may be one before an interruption
        weights, about = load_tensors(self._run.folder / BEST_FILE)
        self._learner.load_weights(weights)
        self._learner.end_of_training()
        last = int(self._history[-1]["epoch"]) if self._history else 0
        return TrainingResult(
            self._learner.weights(), int(about["epoch"]), last, state, self._history
        )

    def _epoch(self, epoch: int) -> Step[bool]:
        """Train for one epoch; True if there is a request to stop."""
        start_time, total = time.monotonic(), self._learner.steps_per_epoch
        loss, n, correct = 0.0, 0, 0
        for index in range(total):
            metrics = self._learner.step(epoch, index)
            self._check_loss(metrics.loss, epoch)
            # weighted by size: the last batch of an epoch can be smaller
            loss += metrics.loss * metrics.n
            n, correct = n + metrics.n, correct + metrics.correct
            self._steps += 1
            done = (epoch - 1) * total + index + 1
            self._write_progress(epoch, done, metrics.loss)
            yield Progress("Training", done, self._loop.epochs * total)
            # after the last step the epoch ends in any case
            if index < total - 1 and self._run.stop_requested():
                return True
        train = {"loss": loss / max(n, 1)}
        if correct >= 0:
            train["accuracy"] = correct / max(n, 1)
        # the loss of the training can be finite while the weights are broken
        validation = _as_floats(self._learner.validate())
        self._check_loss(validation["loss"], epoch)
        event = {
            "epoch": epoch,
            "train": train,
            "validation": validation,
            "seconds": round(time.monotonic() - start_time, 3),
        }
        event["best"] = self._is_best(event)
        self._history.append(event)
        # before the checkpoint, which says that this epoch is done
        if event["best"]:
            self._keep_best(epoch)
        save_tensors(
            self._run.folder / CHECKPOINT_FILE,
            self._learner.state(),
            {"epoch": epoch, "history": self._history},
        )
        # last: whoever reads the log finds the checkpoint of every epoch in it
        yield self._log_event("epoch", event)
        return self._run.stop_requested() and epoch < self._loop.epochs

    def _load_checkpoint(self) -> None:
        path = self._run.folder / CHECKPOINT_FILE
        if not path.exists():
            return
        state, about = load_tensors(path)
        self._learner.load(state)
        self._history = list(about.get("history", []))
        self._first_epoch = int(about["epoch"]) + 1
        logged = {e.get("epoch") for e in self._run.events() if "validation" in e}
        for event in self._history:
            # the process ended between the checkpoint and the log
            if event["epoch"] not in logged:
                self._run.log({"event": "epoch", **event})

    def _start_values(self) -> dict[str, Any]:
        return {
            "run": self._run.name,
            "folder": str(self._run.folder),
            "epochs": self._loop.epochs,
            "steps_per_epoch": self._learner.steps_per_epoch,
            "first_epoch": self._first_epoch,
            **self._loop.begin,
        }

    def _log_event(self, event: str, values: Mapping[str, Any]) -> ProgressEvent:
        self._run.log({"event": event, **values})
        total = self._loop.epochs * self._learner.steps_per_epoch
        done = (
            int(values.get("epoch", self._first_epoch - 1))
            * self._learner.steps_per_epoch
        )
        return ProgressEvent("Training", done, total, event=event, values=dict(values))

    def _write_progress(self, epoch: int, done: int, loss: float) -> None:
        total = self._loop.epochs * self._learner.steps_per_epoch
        seconds = time.monotonic() - self._start_time
        self._run.write_progress(
            {
                "stage": "Training",
                "done": done,
                "total": total,
                "epoch": epoch,
                "epochs": self._loop.epochs,
                "loss": loss,
                "seconds": round(seconds, 1),
                # of this process alone: an earlier one may have been another computer
                "seconds_left": round(seconds / self._steps * (total - done), 1),
            }
        )

    def _value(self, event: Mapping[str, Any]) -> float:
        value = float(event["validation"][self._loop.metric])
        return value if self._loop.higher else -value

    def _is_best(self, event: Mapping[str, Any]) -> bool:
        """Whether an epoch is better than all before, within one standard error.

        The metric of few cells is uncertain: an early epoch that is best by chance
        would win over all later ones. So, if the metric has a standard error, a later
        epoch within one standard error of the best is preferred.
        """
        if not self._history:
            return True
        best_event = max(self._history, key=self._value)
        error = float(best_event["validation"].get(f"{self._loop.metric}_error", 0.0))
        best = self._value(best_event)
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

    def _check_loss(self, loss: float, epoch: int) -> None:
        if not math.isfinite(loss):
            raise InputError(
                f"The loss is not finite in epoch {epoch}, so the training ended and "
                "no model was changed; start a new training with a tenth of the "
                "learning rate."
            )


def _as_floats(metrics: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items()}
