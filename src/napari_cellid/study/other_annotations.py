"""Prediction and other annotators' answers for a cell, shown when not blind."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from napari_cellid.annotation.answer import CellKey, answer_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from napari_cellid.study.study import Study


class OtherAnnotations:
    """Answers of the other annotators, read again when one of their journals changes.

    Parameters
    ----------
    study
        The study.
    annotator
        Annotator whose own answers are left out.
    """

    def __init__(self, study: Study, annotator: str) -> None:
        self._study = study
        self._annotator = annotator
        self._stats: dict[Path, tuple[int, int]] = {}
        self._answers: dict[CellKey, list[tuple[str, str]]] = {}

    def of_cell(self, cell: CellKey) -> list[tuple[str, str]]:
        """Names and answers of the other annotators of a cell.

        Raises
        ------
        InputError
            If a journal cannot be read.
        """
        self._reload()
        return self._answers.get(cell, [])

    def _reload(self) -> None:
        from napari_cellid.annotation.annotators import journal_files, journal_path

        folder = self._study.annotations
        own = journal_path(folder, self._annotator)
        others = [path for _, path in journal_files(folder) if path != own]
        stats = {
            path: (stat.st_size, stat.st_mtime_ns)
            for path, stat in ((path, path.stat()) for path in others)
        }
        if stats == self._stats:
            return
        table = self._study.read_answers().current()
        table = table[table["annotator"] != self._annotator]
        columns = ("recording", "cell", "annotator", "answer")
        self._answers = {}
        for recording, cell, name, answer in zip(
            *(table[column].tolist() for column in columns), strict=True
        ):
            self._answers.setdefault(CellKey(recording, cell), []).append(
                (name, answer)
            )
        self._stats = stats


def other_annotations_text(
    row: Mapping[str, Any], model: str, answers: list[tuple[str, str]]
) -> str:
    """Rich text of the prediction and the other annotators' answers for a cell.

    Parameters
    ----------
    row
        Row of the cell table.
    model
        Name of the model; empty without one.
    answers
        Names and answers of the other annotators.
    """
    prediction = "no prediction"
    if row.get("predicted"):
        confidence = row["confidence"]
        prediction = f"<b>{escape(row['predicted'])}</b>"
        if confidence == confidence:
            prediction += f" ({100 * confidence:.0f} %)"
    others = ", ".join(
        f"{escape(name)} <b>{escape(answer_text(answer))}</b>"
        for name, answer in sorted(answers)
    )
    by = f" ({escape(model)})" if model else ""
    return f"Model{by}: {prediction}<br>Colleagues: {others or 'no answer yet'}"
