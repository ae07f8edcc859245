"""Keeps the classifier of a recording of a study in memory, for one cell at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_cellid.study.run_models import classify_with, load_run_classifier
from napari_cellid.widgets._shared.torch_import import import_torch

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.study.added_cells import Classify
    from napari_cellid.study.recording_edit import OpenRecording


class RunClassifier:
    """Loads the classifier of a recording once, when the first cell needs it.

    It is used in one thread, that of `SaveQueue`.
    """

    def __init__(self) -> None:
        self._loaded: tuple[Path | str, CellClassifier] | None = None
        self._noted: set[Path] = set()
        self._note = ""

    def of(self, recording: OpenRecording) -> Classify | None:
        """What classifies cells of a recording; None without its classifier."""
        run = recording.study.recording(recording.name).run()
        classifier, note = load_run_classifier(recording.study, run, self._load)
        # once is often enough to say so
        if note and recording.folder not in self._noted:
            self._noted.add(recording.folder)
            self._note = note
        return None if classifier is None else classify_with(classifier, run)

    def take_note(self) -> str:
        """Why cells have no class, once for each recording; else an empty text."""
        note, self._note = self._note, ""
        return note

    def _load(self, requested: Path | str) -> CellClassifier:
        if self._loaded is None or self._loaded[0] != requested:
            # before the models import torch in the usual way
            import_torch()
            from napari_cellid.classification.loader import load_classifier

            self._loaded = requested, load_classifier(requested)
        return self._loaded[1]
