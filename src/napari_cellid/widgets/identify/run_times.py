"""How long models took on this computer: measured in each run, and remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.widgets._shared.user_settings import user_settings

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.identify import IdentifyResult
    from napari_cellid.models.card import Task

#: name of the settings of the user
_NAME = "times"
#: part of a run, and of what a time is said, by the task of the model
_PARTS: dict[Task, tuple[str, float, str]] = {
    "segment": ("outlining", 1e6, "a megapixel"),
    "classify": ("classifying", 300, "300 cells"),
}
#: fewer cells than this say more of the start of a model than of its speed
_FEWEST_CELLS = 20


def remember_time(task: Task, model: Path | None, result: IdentifyResult) -> None:
    """Keep how long a model took in a run, for `time_text`.

    Parameters
    ----------
    task
        What the model did in the run.
    model
        Its folder; None if there was none.
    result
        The result of the run.
    """
    part, _, _ = _PARTS[task]
    seconds = result.run.get("seconds", {}).get(part)
    did_it = bool(result.classes) if task == "classify" else result.segmentation
    if model is None or not seconds or not did_it or len(result.cells) < _FEWEST_CELLS:
        return
    amount = result.labels.size if task == "segment" else len(result.cells)
    user_settings(_NAME).setValue(_key(task, model), seconds / amount)


def time_text(task: Task, model: Path) -> str:
    """How long a model will take here, such as "300 cells in 11 s"; "" if unknown."""
    stored = user_settings(_NAME).value(_key(task, model))
    try:
        rate = float(stored)
    except (TypeError, ValueError):
        return ""
    _, amount, what = _PARTS[task]
    return f"{what} in {_shown(rate * amount)} here"


def _shown(seconds: float) -> str:
    # 9.6 is 1e+01 in one digit
    return f"{seconds:.0f} s" if seconds >= 9.5 else f"{seconds:.1g} s"


def _key(task: Task, model: Path) -> str:
    return f"{task}/{model.name}"
