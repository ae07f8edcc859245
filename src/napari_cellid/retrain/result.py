"""What every retraining gives, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_cellid.errors import InputError
from napari_cellid.models.store import CARD_FILE, SHIPPED_MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.study.study import Study
    from napari_cellid.training.run import Run


@dataclass(frozen=True)
class RetrainResult:
    """What a training gave.

    Parameters
    ----------
    run
        Its folder.
    state
        finished or stopped.
    report
        As `report.json` holds it.
    notes
        What is worth knowing.
    """

    run: Run
    state: str
    report: dict[str, Any]
    notes: tuple[str, ...]


def check_name(name: str) -> str:
    """Refuse a name that cannot be that of a folder on every computer.

    Raises
    ------
    InputError
        If it cannot.
    """
    if not name.strip() or set(name) & set('/\\:*?"<>|') or name[0] == ".":
        raise InputError(
            f"{name!r} cannot be the name of a folder on every computer; give one of "
            "letters, digits, spaces and dashes."
        )
    return name


def stable_start_name(asked: str, study: Study) -> str:
    """A start as it is found from any folder and any day: names, or a path in full."""
    own = (parent / asked / CARD_FILE for parent in (study.models, SHIPPED_MODELS))
    path = Path(asked).expanduser()
    if asked and path.exists() and not any(one.is_file() for one in own):
        return str(path.absolute())
    return asked or "shipped"


def check_same_start(run: Run, origin: Mapping[str, Any]) -> None:
    """Refuse to go on from another model than the one with which a run began.

    Raises
    ------
    InputError
        If it was replaced since.
    """
    if run.about["start"].get("weights_sha256") != origin.get("weights_sha256"):
        raise InputError(
            f"The model {origin.get('name')} from which the training {run.name} "
            "started was replaced by another one since; train anew."
        )


def record_failure(run: Run, sentence: str) -> None:
    """Say in the run's folder why it failed, as far as that can be written."""
    try:
        run.log(
            {
                "event": "end",
                "state": "failed",
                "best_epoch": 0,
                "model": None,
                "report": None,
                "message": sentence,
            }
        )
        run.end("failed", sentence)
    except InputError:
        # the disk is full or the study is gone: the caller tells it
        return
