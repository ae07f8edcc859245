"""What cells of a class showed when people gave it: it must stay so.

A class is a name in the journals. Each line also has the markers that its cells showed
in the study at that time, so that settings which give the name another meaning are
noticed, whoever wrote them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from napari_cellid.config import StudyConfig


def answered_markers(all_answers: pd.DataFrame) -> set[tuple[str, str]]:
    """Answers in the journals, with what cells of the class showed at their time.

    Parameters
    ----------
    all_answers
        `Annotations.all_answers`.
    """
    said = all_answers[all_answers["markers"] != ""]
    return set(zip(said["answer"], said["markers"], strict=True))


def check_answered_markers(
    config: StudyConfig, answered: Iterable[tuple[str | None, str]]
) -> None:
    """Refuse settings in which a class shows something else than when it was given.

    Parameters
    ----------
    config
        Settings of the study, which somebody can have changed by hand.
    answered
        Answers, with what cells of the class showed then; "" if that was not said.

    Raises
    ------
    InputError
        If they contradict an answer.
    """
    shown = {name: one.markers for one in config.classes for name in one.names}
    for answer, markers in answered:
        now = shown.get(answer or "", "")
        if markers and now and now != markers:
            raise InputError(
                f"There are answers {answer!r} for cells that are {markers}, but here "
                f"such cells are {now}, so the answers would mean something else; set "
                "scheme and markers in study.toml as they were, or use another study."
            )
