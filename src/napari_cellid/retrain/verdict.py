"""Whether a trained model is better than the one before, in one sentence.

The sentence stands in the log of the run, in the window and in the terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: for each task the metric by which models are compared: key and name
MAIN_METRICS = {
    "classify": ("balanced_accuracy", "balanced accuracy"),
    "segment": ("f1", "F1"),
}


@dataclass(frozen=True)
class Verdict:
    """The result of a comparison, as a headline and an explanation.

    Parameters
    ----------
    headline
        A few words, such as "Better: +0.06".
    explanation
        The rest of the sentence.
    joint
        Text between the two in a sentence.
    """

    headline: str
    explanation: str
    joint: str = ". "

    @property
    def sentence(self) -> str:
        """Headline and explanation as a sentence."""
        return f"{self.headline}{self.joint}{self.explanation}"


def read_verdict(report: Mapping[str, Any], digits: int = 2) -> Verdict:
    """Compare the new model with the one before, from the report of a run.

    A model is better or worse where the 95 % interval of the difference excludes 0.

    Parameters
    ----------
    report
        Content of `report.json`.
    digits
        Number of decimals.
    """
    metric, name = MAIN_METRICS.get(report.get("task", ""), ("", ""))
    new = (report.get("new") or {}).get(metric)
    old = (report.get("old") or {}).get(metric)
    if new is None and report.get("n_cells"):
        return Verdict("Unknown", f"The {name or 'figure'} is missing in the report.")
    if new is None:
        return Verdict("Not measured", "No cells were held out to measure it on.")
    if old is None:
        measured = f"{decimal_text(new, digits)} {name}"
        return Verdict(measured, "It was not compared with an old model.")
    difference = (report.get("difference") or {}).get(metric) or {}
    low, high = difference.get("low"), difference.get("high")
    change = signed_text(float(difference.get("value", new - old)), digits)
    if low is None or high is None:
        now, before = decimal_text(new, digits), decimal_text(old, digits)
        explanation = f"{now} now, {before} before; no interval."
        return Verdict(f"{change} {name}", explanation, ": ")
    ends = f"{decimal_text(low, digits)} to {decimal_text(high, digits)}"
    if low > 0 or high < 0:
        word = "Better" if low > 0 else "Worse"
        explanation = f"{name}, 95 % interval {ends}."
        return Verdict(f"{word}: {change}", explanation, " ")
    explanation = f"{change} {name}, 95 % interval {ends}."
    return Verdict("No clear difference", explanation, ": ")


def end_message(report: Mapping[str, Any], state: str, best_epoch: int) -> str:
    """Say in the log of a run how it ended and whether the model is better.

    Parameters
    ----------
    report
        Content of `report.json`.
    state
        stopped or finished.
    best_epoch
        Counted from 1; 0 if the training was stopped within the first epoch.
    """
    if state == "stopped" and not best_epoch:
        return "Stopped in the first epoch: nothing is learned yet; it can be resumed."
    stopped = "Stopped; the best epoch is kept."
    end = stopped if state == "stopped" else "Finished."
    return f"{end} {read_verdict(report, digits=3).sentence}"


def decimal_text(value: float, digits: int = 2) -> str:
    """Format a number with a typographic minus sign."""
    return f"{value:.{digits}f}".replace("-", "−")


def signed_text(value: float, digits: int = 2) -> str:
    """Format a difference, always with its sign."""
    return f"{value:+.{digits}f}".replace("-", "−")
