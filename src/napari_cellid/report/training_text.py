"""How trainings, times and states are called where people read them; no Qt."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from napari_cellid.report.agreement_tables import NONE

if TYPE_CHECKING:
    from napari_cellid.training.status import RunSummary

TASKS = {"classify": "classes", "segment": "outlines"}
_STATES = {
    "new": "preparing…",
    "running": "running",
    "stopped": "stopped",
    "finished": "finished",
    "failed": "failed",
    "interrupted": "interrupted",
}
_PREPARES = (
    "It prepares: reads images, simulates some to mix in, and runs the layers that "
    "stay as they are. Curves show after the first epoch."
)
#: the figure by which trainings are compared
MAIN_FIGURE = {
    "classify": ("balanced_accuracy", "balanced accuracy"),
    "segment": ("f1", "F1"),
}


def duration_text(seconds: float) -> str:
    """A time as one says it: "about 3 minutes"."""
    if seconds < 15:
        return "some seconds"
    if seconds < 50:
        return f"about {round(seconds / 10) * 10} seconds"
    minutes = round(seconds / 60)
    if minutes < 90:
        return "about 1 minute" if minutes <= 1 else f"about {minutes} minutes"
    return f"about {seconds / 3600:.1f} hours"


def local_time_text(made: str) -> str:
    """A time (ISO) in the clock of this computer."""
    try:
        return f"{datetime.fromisoformat(made).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return NONE


def state_label(look: RunSummary) -> str:
    """State of a training in one word."""
    return _STATES.get(look.state, look.state)


def main_figure_text(look: RunSummary) -> str:
    """How good the new model of a training is."""
    name, _ = MAIN_FIGURE.get(look.task, ("", ""))
    value = look.report.get("new", {}).get(name) if look.report else None
    return NONE if value is None else f"{float(value):.2f}"


def run_title(look: RunSummary) -> str:
    """What was trained and when."""
    kind = TASKS.get(look.task, look.task)
    return f"{kind}, {local_time_text(look.made)}" if look.made else look.name


def state_text(look: RunSummary) -> str:
    """How a training stands, in a sentence."""
    done = sum(1 for epoch in look.epochs if int(epoch["epoch"]) > 0)
    epochs = "1 epoch" if done == 1 else f"{done} epochs"
    best = [int(e["epoch"]) for e in look.epochs if e.get("best")]
    kept = f"; the best is epoch {best[-1]} (★, dotted line)" if best else ""
    said = {
        "new": _PREPARES,
        "running": f"It runs: {epochs} done{kept}." if look.epochs else _PREPARES,
        "stopped": f"Stopped after {epochs}{kept}.",
        "finished": f"Finished after {epochs}{kept}.",
        "failed": f"It failed: {look.error}",
        "interrupted": f"Its process ended after {epochs} without a word (switched "
        f"off, or killed){kept}; it can be resumed.",
    }
    return said.get(look.state, look.state)


def progress_text(look: RunSummary) -> str:
    """How far a training is, in a line."""
    progress = look.progress
    if not progress:
        return "Preparing…"
    parts = []
    if "epoch" in progress and "epochs" in progress:
        parts.append(f"epoch {progress['epoch']} of {progress['epochs']}")
    elif progress.get("stage"):
        parts.append(str(progress["stage"]))
    if progress.get("seconds_left") is not None:
        parts.append(f"{duration_text(float(progress['seconds_left']))} left")
    return " · ".join(parts)
