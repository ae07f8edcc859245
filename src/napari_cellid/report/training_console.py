"""What trainings say to people: an epoch a line, and what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_cellid.training.run import Run

_STATES = {
    "new": "not begun",
    "running": "under way",
    "stopped": "stopped",
    "finished": "finished",
    "failed": "failed",
    "interrupted": "interrupted (can be resumed)",
}


def epoch_line(values: Mapping[str, Any]) -> str:
    """Say what an epoch brought, on one line."""
    said = [f"epoch {values['epoch']:>3}"]
    if "train" in values:
        said.append(f"loss {values['train']['loss']:.4f}")
    validation = ", ".join(
        f"{name.replace('_', ' ')} {value:.4f}"
        for name, value in values["validation"].items()
    )
    said.append(f"validation: {validation}")
    if values.get("best"):
        said.append("best so far")
    return "; ".join(said)


def result_lines(run: Run, report: Mapping[str, Any]) -> list[str]:
    """Say whether the training helped."""
    if report.get("task") == "segment":
        lines = list(_segmenter_lines(report))
    else:
        lines = list(_classifier_lines(report))
    return [
        *lines,
        f"Model: {run.folder / 'model'}",
        f'Use it in the study: napari-cellid runs use "{run.folder}"',
    ]


def run_state_text(run: Run) -> str:
    """Say how a training stands."""
    state = run.state()
    words = _STATES[state.state]
    return f"{words}: {state.error}" if state.error else words


def class_lines(
    classes: Mapping[str, Mapping[str, float | None]],
) -> Iterator[str]:
    """Figures of each class, a line each, under their names."""
    names = {"sensitivity": "sens.", "specificity": "spec.", "precision": "prec.",
             "f1": "F1"}  # fmt: skip
    yield f"{'':16} {'cells':>9} " + " ".join(f"{one:>9}" for one in names.values())
    for name, one in classes.items():
        told = " ".join(f"{_number(one[key]):>9}" for key in names)
        yield f"{name:16} {one['n']:>9} {told}"


def _classifier_lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"On {report['n_cells']} held-out cells. {report['measured_on']}"
    names = {"new": "new model", "old": "model before", "floor": "two thresholds"}
    keys = ("accuracy", "balanced_accuracy", "kappa", "macro_f1", "ece")
    titles = ("accuracy", "balanced", "kappa", "macro F1", "calib.")
    yield f"{'':16} " + " ".join(f"{one:>9}" for one in titles)
    for key, name in names.items():
        one = report.get(key)
        if one is not None:
            yield f"{name:16} " + " ".join(f"{_number(one[k]):>9}" for k in keys)
    people = report.get("experts")
    if people:
        figures = (_number(people.get(k)) for k in keys[:2])
        yield f"{'people':16} " + " ".join(f"{one:>9}" for one in figures)
    yield from class_lines(report["new"]["by_class"])
    change = report.get("difference")
    if change:
        yield difference_text(change["balanced_accuracy"])
    if people:
        yield people["text"]


def _segmenter_lines(report: Mapping[str, Any]) -> Iterator[str]:
    n = report["new"]["n"]
    yield f"On {n} held-out outlines. {report['measured_on']}"
    yield f"{'':16} {'F1':>9} {'precision':>9} {'recall':>9} {'Dice':>9}"
    for key, name in (("new", "new model"), ("old", "model before")):
        one = report.get(key)
        if one is not None:
            keys = ("f1", "precision", "recall", "dice")
            yield f"{name:16} " + " ".join(f"{_number(one[k]):>9}" for k in keys)
    change = report.get("difference")
    if change:
        yield difference_text(change["f1"], "F1")
    original = report.get("original_fields")
    if original:
        before = original.get("old")
        said = f"On {original['measured_on']}: F1 {_number(original['new']['f1'])}"
        yield f"{said}, before {_number(before['f1'])}." if before else f"{said}."


def difference_text(
    change: Mapping[str, float], figure: str = "balanced accuracy"
) -> str:
    """Say whether one model is better, from a difference and its interval."""
    value, low, high = change["value"], change["low"], change["high"]
    said = f"{value:+.3f} {figure}, 95 % interval {low:+.3f} to {high:+.3f}"
    if low > 0:
        return f"Better than the model before: {said}."
    if high < 0:
        return f"Worse than the model before: {said}."
    return f"No clear difference from the model before: {said}."


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
