"""The recording of a study that a viewer shows: its outlines, marked cells, places."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_cellid.config import StudyConfig
    from napari_cellid.widgets.session.study_layers import RecordingLayers


class ShownRecording:
    """Draws in the layers of the recording; without one, or a viewer, does nothing.

    Parameters
    ----------
    viewer
        It is referenced weakly: a session ends with its viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = weakref.ref(viewer)
        self._layers: RecordingLayers | None = None

    @property
    def _shown_layers(self) -> RecordingLayers | None:
        """The layers; None if no recording is shown or the viewer is gone."""
        return None if self._viewer() is None else self._layers

    @property
    def complete(self) -> bool:
        """Whether a recording is shown and the user has removed none of its layers."""
        return self._shown_layers is not None and self._shown_layers.complete

    def set_title(self, title: str) -> None:
        """Name the layers that were added by what people see of the recording."""
        if self._shown_layers is not None:
            self._shown_layers.set_title(title)

    def set_answers(self, answers: Mapping[int, str]) -> None:
        """Colour all outlines by the answers to their labels."""
        if self._shown_layers is not None:
            self._shown_layers.outlines.set_answers(answers)

    def hide_outlines(self, labels: Collection[int]) -> None:
        """Show the outlines of all labels but these."""
        if self._shown_layers is not None:
            self._shown_layers.outlines.hide(labels)

    def set_labels(self, labels: NDArray[Any], answers: Mapping[int, str]) -> None:
        """Draw the outlines anew; `labels` is the array that is shown, changed."""
        if self._shown_layers is not None:
            self._shown_layers.outlines.set_labels(labels, answers)

    def draw_new(self, pixels: tuple[NDArray[Any], ...]) -> None:
        """Draw the outline of a cell that has no label yet."""
        if self._shown_layers is not None:
            self._shown_layers.outlines.draw_new(pixels)

    def place_at(self, position: Sequence[float]) -> tuple[float, float, float] | None:
        """(plane, y, x) in px at a position in world coordinates."""
        layers = self._shown_layers
        return None if layers is None else layers.place_at(position)

    def set_config(self, config: StudyConfig) -> bool:
        """Use the colours of changed settings, see `OutlineLayer.set_config`."""
        layers = self._shown_layers
        return layers is not None and layers.outlines.set_config(config)

    def colour_outlines(self, labels: Sequence[int], answer: str | None) -> None:
        """Colour the outlines of some labels by an answer."""
        if self._shown_layers is not None and labels:
            self._shown_layers.outlines.colour(labels, answer)

    def select(self, labels: Sequence[int]) -> None:
        """Highlight the cells that the next answer is for."""
        if self._shown_layers is not None:
            self._shown_layers.outlines.select(labels)

    def mark_cell(self, row: Mapping[str, Any], *, centre: bool) -> None:
        """Show the plane of a cell and mark it, given its row of the cell table."""
        if self._shown_layers is not None:
            position = int(row["plane"]), float(row["y"]), float(row["x"])
            self._shown_layers.mark_cell(*position, centre=centre)

    def unmark_cell(self) -> None:
        """Mark no cell."""
        if self._shown_layers is not None:
            self._shown_layers.unmark_cell()

    def label_at(self, position: Sequence[float]) -> int:
        """Label at a position in world coordinates; 0 if there is none."""
        layers = self._shown_layers
        return 0 if layers is None else layers.label_at(position)

    def labels_within(
        self, corner: Sequence[float], opposite: Sequence[float]
    ) -> tuple[int, ...]:
        """Labels whose cells lie at least partly in a rectangle of the plane shown."""
        layers = self._shown_layers
        return () if layers is None else layers.labels_within(corner, opposite)
