"""Sentences about trainings: states, times, epochs, progress and results."""

from __future__ import annotations

import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from napari_cellid.report.table import NONE, count_text, number_text
from napari_cellid.retrain.verdict import MAIN_METRICS
from napari_cellid.training.report_file import damaged_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.training.summary import RunSummary

TASKS = {"classify": "classes", "segment": "outlines"}
STATES = {
    "new": "not started yet",
    "running": "running",
    "stopped": "stopped",
    "finished": "finished",
    "failed": "failed",
    "interrupted": "interrupted (can be resumed)",
}
_PREPARES = (
    "The training is being prepared: images are read, cells are simulated, and the "
    "output of frozen layers is computed. Curves appear after the first epoch."
)


def duration_text(seconds: float) -> str:
    """Format an approximate duration, such as "about 3 minutes"."""
    if seconds < 15:
        return "a few seconds"
    if seconds < 50:
        return f"about {round(seconds / 10) * 10} seconds"
    minutes = round(seconds / 60)
    if minutes < 90:
        return "about 1 minute" if minutes <= 1 else f"about {minutes} minutes"
    return f"about {seconds / 3600:.1f} hours"


def local_time_text(made: str) -> str:
    """Format a time (ISO 8601) in the local time zone; a dash if it is invalid."""
    try:
        # files keep UTC, but people compare the time with the clock on the wall
        return f"{datetime.fromisoformat(made).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return NONE


def state_label(state: str, error: str = "") -> str:
    """Return the state of a training as a label, with the reason of a failure."""
    label = STATES.get(state, state)
    return f"{label}: {error}" if error else label


def ended_untrained(summary: RunSummary) -> bool:
    """Whether a training was stopped within its first epoch, so that nothing changed.

    Its model has the weights that it started with: no comparison says anything.
    """
    trained = any(int(epoch["epoch"]) > 0 for epoch in summary.epochs)
    return summary.state == "stopped" and not trained


def main_metric_text(summary: RunSummary) -> str:
    """Format the main metric of the new model of a training."""
    metric, _ = MAIN_METRICS.get(summary.task, ("", ""))
    if ended_untrained(summary):
        return NONE
    value = (summary.report.get("new") or {}).get(metric) if summary.report else None
    return NONE if value is None else f"{float(value):.2f}"


def main_metric_name(task: str) -> str:
    """Return the name of the metric by which models of a task are compared."""
    return MAIN_METRICS.get(task, ("", ""))[1]


def run_title(summary: RunSummary) -> str:
    """Return the title of a run: what was trained, and when."""
    kind = TASKS.get(summary.task, summary.task)
    made = summary.made
    return f"{kind}, {local_time_text(made)}" if made else summary.name


def state_text(summary: RunSummary) -> str:
    """Describe the state of a training in a sentence, with the number of epochs."""
    # epoch 0 is the validation of the starting weights, before any training
    done = sum(1 for epoch in summary.epochs if int(epoch["epoch"]) > 0)
    epochs = count_text(done, "epoch")
    best = [int(e["epoch"]) for e in summary.epochs if e.get("best")]
    kept = f"; the best is epoch {best[-1]} (★, dotted line)" if best else ""
    running = f"Running: {epochs} done{kept}." if summary.epochs else _PREPARES
    sentences = {
        "new": _PREPARES,
        "running": running,
        "stopped": f"Stopped after {epochs}{kept}.",
        "finished": f"Finished after {epochs}{kept}.",
        "failed": f"Failed: {summary.error}",
        "interrupted": f"Its process ended after {epochs} without a message (the "
        f"computer was switched off, or the process was killed){kept}; it can be "
        "resumed.",
    }
    return sentences.get(summary.state, summary.state)


def progress_text(summary: RunSummary) -> str:
    """Format the progress of a training on one line."""
    progress = summary.progress
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


def epoch_line(values: Mapping[str, Any]) -> str:
    """Format the metrics of an epoch on one line."""
    parts = [f"epoch {values['epoch']:>3}"]
    if "train" in values:
        parts.append(f"loss {values['train'].get('loss', math.nan):.4f}")
    validation = ", ".join(
        f"{name.replace('_', ' ')} {value:.4f}"
        for name, value in values.get("validation", {}).items()
    )
    parts.append(f"validation: {validation}")
    if values.get("best"):
        parts.append("best so far")
    return "; ".join(parts)


def basis_text(report: Mapping[str, Any]) -> str:
    """Describe the held-out cells on which the metrics were measured."""
    n = report.get("n_cells")
    kind = "cells"
    # the report of a U-Net has no n_cells; its metrics count the true outlines
    if n is None:
        n, kind = (report.get("new") or {}).get("n"), "outlines"
    cells = "" if n is None else f"On {n} held-out {kind}."
    return f"{cells} {str(report.get('measured_on') or '').strip()}".strip()


def rater_agreement_text(report: Mapping[str, Any]) -> str:
    """Return the agreement of people on the held-out cells; "" if it is unknown."""
    return str((report.get("experts") or {}).get("text") or "")


def simulated_fields_text(report: Mapping[str, Any], digits: int = 2) -> str:
    """Format F1 on simulated fields, which shows forgetting; "" without such fields."""
    fields = report.get("original_fields") or {}
    new, old = (fields.get(key) or {} for key in ("new", "old"))
    if "f1" not in new:
        return ""
    where = fields.get("measured_on", "simulated fields")
    before = f", before {number_text(old['f1'], digits)}" if "f1" in old else ""
    return f"On {where}: F1 {number_text(new['f1'], digits)}{before}."


def report_notes(report: Mapping[str, Any]) -> list[str]:
    """List the remarks of a report, one sentence each."""
    notes = [str(note) for note in report.get("notes") or ()]
    sentences = [
        damaged_note(report),
        rater_agreement_text(report),
        *notes,
        simulated_fields_text(report),
    ]
    return [sentence for sentence in sentences if sentence]
