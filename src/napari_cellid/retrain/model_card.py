"""The model folder of a run, with the description of how it was trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from napari_cellid.models.store import save_model
from napari_cellid.training.layout import MODEL_FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

    from napari_cellid.models.card import ModelCard
    from napari_cellid.training.loop import TrainingResult
    from napari_cellid.training.run import Run


@dataclass(frozen=True, eq=False)
class NewModel:
    """A trained network with what only its task knows of it.

    Parameters
    ----------
    net
        The network.
    trained
        Result of the training loop.
    card
        Fields of the model card: task, architecture, classes, preprocessing.
    material
        Number and kind of what it was trained on, such as "120 cells".
    training
        Further entries of the card's `training`.
    """

    net: nn.Module
    trained: TrainingResult
    card: Mapping[str, Any]
    material: str
    training: Mapping[str, Any] = field(default_factory=dict)


def save_new_model(run: Run, model: NewModel, metrics: Mapping[str, Any]) -> ModelCard:
    """Write the model folder of a run.

    Parameters
    ----------
    run
        The run.
    model
        The new model.
    metrics
        Its figures on held-out data; empty before they are known.
    """
    about, trained = run.about, model.trained
    start, settings = about["start"], about["settings"]
    # a classifier is trained by a plan, a U-Net as a whole
    plan = {"plan": settings["plan"]} if "plan" in settings else {}
    card = {
        **model.card,
        "name": run.name,
        "description": f"Trained in a study on {model.material}, from "
        f"{start.get('name', '')}.",
        "training": {
            "run": run.name,
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "state": trained.state,
            "best_epoch": trained.best_epoch,
            **plan,
            "settings": settings,
            "start": start,
            "data": about["data"],
            **model.training,
        },
        "metrics": dict(metrics),
        "licence": start.get("licence", ""),
    }
    return save_model(run.folder / MODEL_FOLDER, card, model.net.state_dict())


def card_metrics(report: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of the new model as its card states them, from a report."""
    metrics = {"measured_on": report["measured_on"], **report["new"]}
    metrics.pop("name")
    return metrics
