"""The protocol of a retraining task, and what a task hands to the job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from napari_cellid.device import Device
    from napari_cellid.models.card import Task
    from napari_cellid.progress import Step
    from napari_cellid.study.study import Study
    from napari_cellid.training.run import Run


@dataclass(frozen=True, eq=False)
class PreparedRun:
    """A training whose input was checked.

    Parameters
    ----------
    start_origin
        Origin of the starting weights, for `run.json`.
    description
        Further entries of `run.json`, `data` among them.
    tables
        Tables that are kept in the folder of the run, by file name.
    """

    start_origin: Mapping[str, Any]
    description: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingEstimate:
    """How long a training would take.

    Parameters
    ----------
    seconds
        Duration of the training and the comparison.
    measured_on
        Sentence that says what would be held out.
    counts
        Number of cells by role: `train`, `validation` and `held_out`.
    """

    seconds: float
    measured_on: str
    counts: Mapping[str, Any]


@dataclass(frozen=True)
class TaskResult:
    """What a task gives when its model is trained and compared.

    Parameters
    ----------
    state
        finished or stopped.
    best_epoch
        Epoch whose weights the model has.
    report
        Content of `report.json`.
    """

    state: str
    best_epoch: int
    report: dict[str, Any]


class RetrainTask(Protocol):
    """One kind of training, as `start`, `resume` and `estimate` use it."""

    @property
    def name(self) -> Task:
        """Task of the model."""

    def prepare(self, study: Study, request: Any) -> PreparedRun:
        """Check the request, and collect the data of the run.

        Raises
        ------
        InputError
            If there is too little data, no such starting weights, or the study cannot
            be written to.
        """

    def estimate(
        self, study: Study, request: Any, device: Device
    ) -> Step[TrainingEstimate]:
        """Estimate the duration; nothing is trained or written.

        Raises
        ------
        InputError
            As `prepare`.
        """

    def run(self, study: Study, run: Run, device: Device) -> Step[TaskResult]:
        """Train, save the model into the run, and compare it with the one before.

        Raises
        ------
        InputError
            If the data or the starting weights of the run cannot be used any more.
        StopRequested
            If a stop was requested before the first step.
        """


def check_same_start(run: Run, origin: Mapping[str, Any]) -> None:
    """Refuse to resume from other starting weights than those the run began with.

    Raises
    ------
    InputError
        If the model was replaced since.
    """
    if run.about["start"].get("weights_sha256") != origin.get("weights_sha256"):
        raise InputError(
            f"The model {origin.get('name')} from which the training {run.name} "
            "started was replaced by another one since; train anew."
        )


def old_model_missing(error: InputError) -> str:
    """Sentence for a report whose old model could not be loaded."""
    return f"The earlier model is not compared: {error}"
