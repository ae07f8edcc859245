"""What the model and colleagues say of a cell, for somebody who is not blind."""

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
    """Colleagues' answers, read again when one of their journals has grown.

    Parameters
    ----------
    study
        The study.
    annotator
        Whose own answers are left out.
    """

    def __init__(self, study: Study, annotator: str) -> None:
        self._study = study
        self._annotator = annotator
        self._seen: dict[Path, tuple[int, int]] = {}
        self._said: dict[CellKey, list[tuple[str, str]]] = {}

    def of_cell(self, cell: CellKey) -> list[tuple[str, str]]:
        """Names and answers of the others who answered about a cell.

        Raises
        ------
        InputError
            If a journal cannot be read.
        """
        self._look()
        return self._said.get(cell, [])

    def _look(self) -> None:
        from napari_cellid.annotation.annotators import journal_files, journal_path

        folder = self._study.annotations
        own = journal_path(folder, self._annotator)
        others = [path for _, path in journal_files(folder) if path != own]
        there = {path: path.stat() for path in others}
        seen = {path: (stat.st_size, stat.st_mtime_ns) for path, stat in there.items()}
        if seen == self._seen:
            return
        table = self._study.read_answers().current()
        table = table[table["annotator"] != self._annotator]
        names = ("recording", "cell", "annotator", "answer")
        self._said = {}
        for recording, cell, who, answer in zip(
            *(table[name].tolist() for name in names), strict=True
        ):
            self._said.setdefault(CellKey(recording, cell), []).append((who, answer))
        self._seen = seen


def other_annotations_text(
    row: Mapping[str, Any], model: str, colleagues: list[tuple[str, str]]
) -> str:
    """What is said of a cell, as rich text.

    Parameters
    ----------
    row
        Of the cell table.
    model
        Name of the model; empty without one.
    colleagues
        Names and answers.
    """
    told = "no prediction"
    if row.get("predicted"):
        sure = row["confidence"]
        told = f"<b>{escape(row['predicted'])}</b>"
        told += f" ({100 * sure:.0f} %)" if sure == sure else ""
    said = ", ".join(
        f"{escape(who)} <b>{escape(answer_text(answer))}</b>"
        for who, answer in sorted(colleagues)
    )
    by = f" ({escape(model)})" if model else ""
    return f"Model{by}: {told}<br>Colleagues: {said or 'no answer yet'}"
