"""What a study knows of each of its recordings, in one line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from napari_cellid.study.study import Study
    from napari_cellid.study.votes import StudyVotes


@dataclass(frozen=True)
class RecordingOverview:
    """A recording of a study in a line.

    Parameters
    ----------
    name
        Name of the recording.
    animal
        Animal; "" if it is not named.
    n_cells
        Number of its cells.
    n_answered
        Number of cells that somebody has answered; None if the answers are not known.
    n_disputed
        Number of cells that the study's rule finds disputed; None as before.
    model
        Name of the model that classified it; "" without one.
    title
        What people see in place of the name.
    """

    name: str
    animal: str
    n_cells: int
    n_answered: int | None = None
    n_disputed: int | None = None
    model: str = ""
    title: str = ""


def list_recordings(
    study: Study, cells: pd.DataFrame, votes: StudyVotes | None = None
) -> list[RecordingOverview]:
    """Describe all recordings of a study, by name.

    Parameters
    ----------
    study
        The study.
    cells
        `Study.cells`.
    votes
        The answers of all annotators, if they were read and may be seen.
    """
    n_cells = cells["recording"].value_counts()
    table = None if votes is None else votes.count(study.config.vote)
    rows = []
    for name in study.recordings:
        answered = disputed = None
        if table is not None:
            status = table.loc[table["recording"] == name, "status"]
            answered, disputed = len(status), int((status == "disputed").sum())
        rows.append(
            RecordingOverview(
                name=name,
                animal=study.recording(name).info.animal,
                n_cells=int(n_cells.get(name, 0)),
                n_answered=answered,
                n_disputed=disputed,
                model=_model(study, name),
                title=study.title_of(name),
            )
        )
    return rows


def _model(study: Study, name: str) -> str:
    try:
        models = study.recording(name).run().get("models", {})
    except InputError:
        # opening the study has told it
        return ""
    classify = models.get("classify") if isinstance(models, dict) else None
    return str(classify.get("name", "")) if isinstance(classify, dict) else ""
