"""Cells of a result of Identify, which a labels layer shows."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.annotation.answer import CellKey
from napari_cellid.colours import answer_colours, prediction_colours
from napari_cellid.config import StudyConfig
from napari_cellid.widgets._shared.connections import LayerConnections
from napari_cellid.widgets.cell_table.rings import CellRings
from napari_cellid.widgets.cell_table.source import CellSource, colour_of
from napari_cellid.widgets.session.cell_picking import CellPicker
from napari_cellid.widgets.session.label_colours import colour_labels
from napari_cellid.widgets.session.result_layer import (
    ShownResult,
    result_of,
    update_features,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from napari.components import ViewerModel
    from napari.layers import Labels
    from numpy.typing import NDArray
    from qtpy.QtCore import QObject

    from napari_cellid.widgets.session.session import StudySession


class LayerSource(CellSource):
    """The cells of one result.

    Parameters
    ----------
    viewer
        Shows the layer.
    layer
        The layer of the result; it is referenced weakly.
    session
        Has the answers, once the result is in its study.
    parent
        The source is deleted together with it.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        layer: Labels,
        session: StudySession,
        parent: QObject,
    ) -> None:
        super().__init__(session, parent)
        self._layer = weakref.ref(layer)
        self._rings = CellRings(viewer, layer)
        self._chosen: list[CellKey] = []
        # the labels and colours that the layer shows
        self._drawn = self._usual()
        self._picker = CellPicker(viewer, self)
        self._picker.clicked.connect(self._on_click)
        self._picker.rectangle_drawn.connect(self._on_rectangle)
        self._connections = LayerConnections(viewer.layers, self)
        # features are set again whenever the cells change, and with them the colours
        self._connections.connect(layer, "features", self._on_features)
        self._connections.connect(layer, "name", self._on_changed)
        for signal in (
            session.study_changed,
            session.cells_changed,
            session.annotator_changed,
            session.votes_changed,
            session.config_changed,
            session.blind_changed,
        ):
            signal.connect(self._on_changed)

    @property
    def layer(self) -> Labels | None:
        """The layer; None if it is gone."""
        return self._layer()

    @property
    def result(self) -> ShownResult | None:
        """The result that it shows; None if the layer is gone."""
        return result_of(self._layer())

    @property
    def title(self) -> str:
        """Name of the layer."""
        layer = self._layer()
        return "" if layer is None else layer.name

    @property
    def blind(self) -> bool:
        """Whether its cells are those of a study whose annotator is blind."""
        session, result = self.session, self.result
        if session.study is None or result is None:
            return False
        return session.blind and result.name in session.study.recordings

    @property
    def answers(self) -> Mapping[CellKey, str]:
        """The annotator's answers, if the study has these cells as they are."""
        result = self.result
        known = result is not None and self.session.contains(result)
        return self.session.own_answers if known else {}

    @property
    def config(self) -> StudyConfig:
        """Settings of the open study, or of the one that would be made."""
        from napari_cellid.study.model_classes import config_for_model

        result = self.result
        if self.session.study is not None or result is None:
            return self.session.config
        card = result.run_result.classifier_card
        return StudyConfig() if card is None else config_for_model(card)

    def cells(self) -> pd.DataFrame:
        """The cells of the result."""
        result = self.result
        if result is None:
            return self.session.cells().iloc[:0]
        name, cells = self.session.saved_name(result), result.labelled.cells
        if name is None:
            return cells.assign(recording=result.name)
        # a study may have other numbers for them, which are those of the answers
        known = self.session.cells()
        known = known[known["recording"] == name]
        by_label = known.set_index("label")["cell"]
        numbers = cells["label"].map(by_label).fillna(cells["cell"]).astype(int)
        return cells.assign(recording=name, cell=numbers)

    def labels_of(self, keys: Sequence[CellKey]) -> list[int]:
        """Labels of cells in the layer."""
        return [int(label) for label in self._rows_of(keys)["label"]]

    def colours(self) -> dict[str, str]:
        """Colours of the classes and answers."""
        result = self.result
        own = {} if result is None else result.colours
        return prediction_colours(answer_colours(self.config) | own)

    def choose(self, keys: Sequence[CellKey]) -> None:
        """Show a cell in the image, or mark several."""
        self._chosen = list(keys)
        rows = self._rows_of(keys)
        self._rings.show(rows[["plane", "y", "x"]].to_numpy(float))
        if len(rows) == 1:
            self._rings.go_to(rows[["plane", "y", "x"]].to_numpy(float)[0])

    def show_only(self, listed: NDArray[np.bool_], groups: NDArray[np.object_]) -> None:
        """Show only some outlines, coloured by their groups."""
        layer, result = self._layer(), self.result
        if layer is None or result is None:
            return
        labels = result.labelled.cells["label"].to_numpy()
        if len(labels) != len(listed):
            # the table is being filled again
            return
        names = colour_of(groups, self.colours())
        colours = [
            name if shown else None for name, shown in zip(names, listed, strict=True)
        ]
        drawn = (labels.tobytes(), colours)
        # a colour map of many cells is set slowly
        if drawn != self._drawn:
            self._drawn = drawn
            colour_labels(layer, labels, colours)

    def start(self) -> None:
        """Begin to listen to clicks into the image."""
        self._picker.start()

    def stop(self) -> None:
        """Leave the mouse to napari."""
        self._picker.stop()

    def leave(self) -> None:
        """Show all outlines in the colours of their classes, and no rings."""
        super().leave()
        self._rings.remove()
        layer, result = self._layer(), self.result
        if layer is not None and result is not None and self._drawn != self._usual():
            update_features(layer, result)
            self._drawn = self._usual()

    def _usual(self) -> tuple[bytes, list[str | None]]:
        """Labels and colours that the layer has by itself."""
        result = self.result
        if result is None:
            return b"", []
        cells = result.labelled.cells
        names = colour_of(cells["predicted"].to_numpy(object), self.colours())
        return cells["label"].to_numpy().tobytes(), list(names)

    def _rows_of(self, keys: Sequence[CellKey]) -> pd.DataFrame:
        cells = self.cells()
        return cells[cells["cell"].isin([key.cell for key in keys])]

    def _on_click(self, position: Sequence[float], add: bool) -> None:
        layer = self._layer()
        if layer is None or not layer.visible or self.session.add_mode is not None:
            return
        keys = self._keys_of([_label_at(layer, position)])
        if add and keys:
            kept = [key for key in self._chosen if key not in keys]
            keys = kept if len(kept) < len(self._chosen) else [*kept, *keys]
        self._mark(keys)

    def _on_rectangle(self, start: Sequence[float], end: Sequence[float]) -> None:
        layer = self._layer()
        if layer is None or not layer.visible:
            return
        ends = [np.round(layer.world_to_data(one)).astype(int) for one in (start, end)]
        low, high = np.sort(ends, axis=0).clip(0)
        box = tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))
        self._mark(self._keys_of(np.unique(layer.data[box])))

    def _mark(self, keys: list[CellKey]) -> None:
        """Mark what was clicked, without moving the view."""
        self._chosen = keys
        self._rings.show(self._rows_of(keys)[["plane", "y", "x"]].to_numpy(float))
        self.chosen.emit(keys)
        if keys:
            self.picked.emit()

    def _keys_of(self, labels: Sequence[int] | NDArray[Any]) -> list[CellKey]:
        cells = self.cells()
        cells = cells[cells["label"].isin(list(labels))]
        return [
            CellKey(name, number)
            for name, number in zip(cells["recording"], cells["cell"], strict=True)
        ]

    def _on_features(self) -> None:
        self._drawn = self._usual()
        self.changed.emit()

    def _on_changed(self) -> None:
        self.changed.emit()


def _label_at(layer: Labels, position: Sequence[float]) -> int:
    """Label at a position in world coordinates; 0 if there is none."""
    pixel = np.round(layer.world_to_data(position[-layer.ndim :])).astype(int)
    shape = layer.data.shape
    inside = all(0 <= k < n for k, n in zip(pixel, shape, strict=True))
    return int(layer.data[tuple(pixel)]) if inside else 0
