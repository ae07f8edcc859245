"""The description of a classifier that was trained in a study."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from napari_cellid.models.store import save_model
from napari_cellid.training.layout import MODEL_FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.classification.training import TrainedClassifier
    from napari_cellid.models.store import ModelCard
    from napari_cellid.retrain.dataset import DecidedCells
    from napari_cellid.training.run import Run


def save_classifier(
    run: Run,
    decided: DecidedCells,
    trained: TrainedClassifier,
    report: Mapping[str, Any] | None,
) -> ModelCard:
    """Write the model folder of a run.

    Parameters
    ----------
    run
        The run.
    decided
        Its cells.
    trained
        What came out.
    report
        How good it is; None before that is known.
    """
    about, done = run.about, trained.trained
    metrics: dict[str, Any] = {}
    if report is not None:
        metrics = {"measured_on": report["measured_on"], **report["new"]}
        metrics.pop("name")
    n = len(decided.part("train"))
    start = about["start"].get("name", "")
    card = {
        **trained.card,
        "name": run.name,
        "description": f"Trained in a study on {n} cells, from {start}.",
        "training": {
            "run": run.name,
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "state": done.state,
            "best_epoch": done.best_epoch,
            "plan": about["settings"]["plan"],
            "settings": about["settings"],
            "start": about["start"],
            "data": about["data"],
        },
        "metrics": metrics,
        "licence": about["start"].get("licence", ""),
    }
    return save_model(run.folder / MODEL_FOLDER, card, trained.net.state_dict())
