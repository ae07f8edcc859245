"""The cells of an open study, found quickly by number and by label."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.answer import CellKey
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.study.study import Study


class CellsIndex:
    """The cell table of a study, read once.

    Parameters
    ----------
    study
        None for no study and no cells.

    Raises
    ------
    InputError
        If a table cannot be read.
    """

    def __init__(self, study: Study | None) -> None:
        columns = ["recording", "cell", "label", "plane", "y", "x"]
        self.table = pd.DataFrame(columns=columns) if study is None else study.cells()
        self._study = study
        self._models: dict[str, str] = {}
        recordings = self.table["recording"].tolist()
        numbers, labels = self.table["cell"].tolist(), self.table["label"].tolist()
        keys = list(map(CellKey, recordings, numbers))
        self._rows = {key: k for k, key in enumerate(keys)}
        places = zip(recordings, labels, strict=True)
        self._keys = dict(zip(places, keys, strict=True))
        # several ask for the row of the same cell
        self._read = lru_cache(maxsize=16)(self._read_row)

    def row(self, cell: CellKey) -> Mapping[str, Any] | None:
        """The row of a cell in `table`; None where there is no such cell."""
        at = self._rows.get(cell)
        return None if at is None else self._read(at)

    def at(self, recording: str | None, label: int) -> CellKey | None:
        """The cell that has a label in a recording; None where there is none."""
        return self._keys.get((recording or "", label))

    def model_name(self, recording: str) -> str:
        """Name of the model that told the classes of a recording; empty without one."""
        if recording not in self._models and self._study is not None:
            run: Mapping[str, Any] = {}
            # the name of a model is not worth refusing an answer for
            with suppress(InputError):
                run = self._study.recording(recording).run()
            classify = run.get("models", {}).get("classify", {})
            self._models[recording] = str(classify.get("name", ""))
        return self._models.get(recording, "")

    def _read_row(self, at: int) -> Mapping[str, Any]:
        row = self.table.iloc[at]
        return MappingProxyType({str(name): value for name, value in row.items()})


def own_answers(study: Study, annotator: str) -> dict[CellKey, str]:
    """The answers of one person that count, by the cells there are.

    Raises
    ------
    InputError
        If a journal or a table of cells cannot be read.
    """
    lines = read_annotations(study.annotations).all_answers
    own = study.match_answers(lines[lines["annotator"] == annotator]).current()
    columns = (own[name].tolist() for name in ("recording", "cell", "answer"))
    return {CellKey(r, int(c)): a for r, c, a in zip(*columns, strict=True)}
