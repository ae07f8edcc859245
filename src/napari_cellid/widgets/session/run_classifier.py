"""The classifier of a recording of a study, loaded in the background when needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.errors import InputError
from napari_cellid.study.run_models import (
    classify_with,
    find_run_model,
    named_as_written,
)
from napari_cellid.widgets._shared.torch_import import import_torch

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.study.added_cells import Classify, OpenRecording


class RunClassifier:
    """Classifies new cells with the classifier of their recording.

    It is used in one thread, that of `SaveQueue`.
    """

    def __init__(self) -> None:
        self._loaded: tuple[str, CellClassifier] | None = None
        self._noted: set[Path] = set()
        self._note = ""

    def of(self, recording: OpenRecording) -> Classify | None:
        """What classifies cells of a recording; None without its classifier."""
        run = recording.study.recording(recording.name).run()
        try:
            found = find_run_model(recording.study, run, "classify")
            if found is None:
                return None
            return classify_with(named_as_written(self._load(str(found)), run), run)
        except InputError as error:
            # the cell is worth more than its class; once is often enough to say so
            if recording.folder not in self._noted:
                self._noted.add(recording.folder)
                self._note = f"{error} New cells have no class."
            return None

    def take_note(self) -> str:
        """What is to be told, once."""
        note, self._note = self._note, ""
        return note

    def _load(self, requested: str) -> CellClassifier:
        if self._loaded is None or self._loaded[0] != requested:
            # before the models import torch in the usual way
            import_torch()
            from napari_cellid.classification.loader import load_classifier

            self._loaded = requested, load_classifier(requested)
        return self._loaded[1]
