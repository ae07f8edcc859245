"""Adding cells to the recording of the open study, and taking them away again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_cellid.cells.middles import Middle, check_middles, median_diameter
from napari_cellid.errors import InputError
from napari_cellid.report.added_cells import added_text
from napari_cellid.segmentation.grow_cell import grow_cells
from napari_cellid.study.added_cells import add_cells, remove_added_cell
from napari_cellid.study.probability_map import read_probability
from napari_cellid.study.recording_edit import OpenRecording
from napari_cellid.widgets._shared.notifications import input_errors_shown, show_error
from napari_cellid.widgets._shared.save_queue import SaveQueue
from napari_cellid.widgets.session.run_classifier import RunClassifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_cellid.annotation.answer import Answer
    from napari_cellid.progress import Step
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.grow_cell import GrownCell
    from napari_cellid.widgets.session.session import StudySession

#: label of a new cell in the shown labels until it is saved; no cell has it
_UNSAVED = -1


@dataclass(eq=False)
class _Added:
    """A cell that was added here; its number is known once it is saved.

    It is done when it was saved or refused.
    """

    recording: OpenRecording
    grown: GrownCell
    annotator: str
    number: int | None = None
    done: bool = False


class StudyAdding(QObject):
    """Adds cells to the study of a session, in the background.

    The outline is drawn at once. All cells that wait are then saved together.

    Parameters
    ----------
    session
        The session.
    parent
        What waits is saved also if this is deleted.
    """

    #: a sentence about what was added or is being saved
    status = Signal(str)

    def __init__(self, session: StudySession, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.queue = SaveQueue(self)
        self._classifier = RunClassifier()
        self._waiting: deque[_Added] = deque()
        # what Ctrl+Z takes back, the last one last: cells, and groups of answers
        self._steps: list[_Added | str] = []
        self._map: tuple[MeanPlanes, NDArray[np.float32] | None] | None = None
        # drawn, but not on the disk yet
        self._unsaved: list[_Added] = []
        session.outlines_drawn.connect(self._draw_unsaved)
        session.answered.connect(self._on_answered)
        session.annotator_changed.connect(self._forget)
        session.study_changed.connect(self._forget)

    def prepare(self) -> None:
        """Load what the first click would wait for."""
        if self._session.recording is not None:
            self._probability()

    def add_at(self, position: Sequence[float]) -> None:
        """Add a cell at a position in world coordinates.

        Raises
        ------
        InputError
            If no cell can be added there.
        """
        place = self._session.place_at(position)
        if place is None:
            raise InputError("No recording of a study is shown; show one first.")
        self.add([Middle(int(place[0]), *place[1:])])

    def add(self, middles: Sequence[Middle]) -> None:
        """Add cells to the recording that is shown, all or none.

        Raises
        ------
        InputError
            If nobody annotates, or one of the middles is refused.
        """
        session = self._session
        study, planes, labels = session.study, session.planes, session.labels
        if study is None or planes is None or labels is None:
            raise InputError("No recording of a study is shown; show one first.")
        if not session.annotator:
            raise InputError(
                "Nobody is annotating; type your name in the Annotate dock first."
            )
        cells = session.cells()
        cells = cells[cells["recording"] == planes.name]
        diameter = median_diameter(cells, planes)
        check_middles(middles, labels, diameter)
        grown = list(grow_cells(labels, middles, diameter, self._probability()))
        recording = OpenRecording(study, planes.name, planes, cells)
        for cell in grown:
            added = _Added(recording, cell, session.annotator)
            self._steps.append(added)
            self._unsaved.append(added)
            self._waiting.append(added)
        self._draw_unsaved()
        n_from_map = sum(cell.source == "map" for cell in grown)
        self.status.emit(added_text(len(grown), n_from_map))
        self.queue.add(self._save_waiting(), self._on_saved)

    def undo(self) -> bool:
        """Take the last cell away, unless an answer was given after it.

        Returns
        -------
        Whether there was one; if not, the last answer is what is to be undone.
        """
        last = self._steps.pop() if self._steps else ""
        if isinstance(last, str):
            return False
        self.queue.add(_remove(last), partial(self._on_removed, last))
        return True

    def _probability(self) -> NDArray[np.float32] | None:
        """The map of the shown recording, read once; None if there is none."""
        session = self._session
        if session.planes is None or session.recording is None:
            return None
        if self._map is None or self._map[0] is not session.planes:
            probability = session.result_probability()
            if probability is None:
                folder = session.recording.folder
                probability = read_probability(folder, session.planes)
            self._map = session.planes, probability
        return self._map[1]

    def _save_waiting(self) -> Step[list[tuple[_Added, str]]]:
        """Save what waits; returns what was refused, and why."""
        refused: list[tuple[_Added, str]] = []
        while self._waiting:
            batch = _same_recording(self._waiting)
            try:
                yield from _save(batch, self._classifier)
            except InputError as error:
                refused += yield from _save_each(batch, self._classifier, error)
            for added in batch:
                added.done = True
        return refused

    def _on_saved(self, refused: list[tuple[_Added, str]]) -> None:
        for added, reason in refused:
            show_error(reason)
            if added in self._steps:
                self._steps.remove(added)
        if refused:
            self.status.emit("")
        self._follow()
        if note := self._classifier.take_note():
            self.status.emit(note)

    def _on_removed(self, added: _Added, _: None) -> None:
        if added.number is not None:
            self.status.emit(f"Cell {added.number} was taken away again.")
        self._follow()

    def _follow(self) -> None:
        """Show the cells that the recording has now, and those that still wait."""
        session = self._session
        if session.study is None or session.recording is None:
            return
        with input_errors_shown():
            session.follow_cells(session.recording.name, draw=True)

    def _draw_unsaved(self) -> None:
        """Show the cells that are not on the disk yet."""
        session = self._session
        self._unsaved = [added for added in self._unsaved if not added.done]
        for added in self._unsaved:
            if session.labels is None or added.recording.planes is not session.planes:
                continue
            plane, y, x = added.grown.pixels
            free = session.labels[plane, y, x] <= 0
            if free.any():
                pixels = plane[free], y[free], x[free]
                session.labels[pixels] = _UNSAVED
                session.draw_new(pixels)

    def _on_answered(self, line: Answer) -> None:
        if line.origin not in ("answer", "redo"):
            return
        group = line.group or f"{line.time} {line.key}"
        if not self._steps or self._steps[-1] != group:
            self._steps.append(group)

    def _forget(self) -> None:
        self._steps.clear()
        self._map = None


def _same_recording(waiting: deque[_Added]) -> list[_Added]:
    """Take the first ones that are of one recording and person."""
    batch = [waiting.popleft()]
    while waiting and (
        waiting[0].recording.folder == batch[0].recording.folder
        and waiting[0].annotator == batch[0].annotator
    ):
        batch.append(waiting.popleft())
    return batch


def _save(batch: list[_Added], classifier: RunClassifier) -> Step[None]:
    recording = batch[0].recording
    classify = classifier.of(recording)
    grown = [added.grown for added in batch]
    step = add_cells(recording, grown, batch[0].annotator, classify)
    numbers = yield from step
    for added, number in zip(batch, numbers, strict=True):
        added.number = number


def _save_each(
    batch: list[_Added], classifier: RunClassifier, error: InputError
) -> Step[list[tuple[_Added, str]]]:
    """Save cells one by one after all together were refused; returns the refused."""
    if len(batch) == 1:
        return [(batch[0], str(error))]
    refused = []
    for added in batch:
        try:
            yield from _save([added], classifier)
        except InputError as own:
            refused.append((added, str(own)))
    return refused


def _remove(added: _Added) -> Step[None]:
    # its number is known by now: it was saved in the same queue
    if added.number is not None:
        step = remove_added_cell(added.recording, added.number, added.annotator)
        yield from step
