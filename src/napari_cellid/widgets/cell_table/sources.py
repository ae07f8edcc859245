"""The choice between the results of a viewer and its open study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from superqt.utils import signals_blocked

from napari_cellid.widgets._shared.connections import Connections
from napari_cellid.widgets.cell_table.layer_source import LayerSource
from napari_cellid.widgets.cell_table.source import StudySource
from napari_cellid.widgets.session.result_layer import result_of

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels
    from napari.utils.events import Event
    from qtpy.QtWidgets import QComboBox

    from napari_cellid.widgets.cell_table.source import CellSource
    from napari_cellid.widgets.session.session import StudySession

#: data of the item of the study; those of layers are their ids
_STUDY = 0


class SourceChoice(QObject):
    """Lists results and the study in a combo box; what is new is chosen.

    Parameters
    ----------
    viewer
        Its labels layers are looked at.
    session
        Has the study.
    box
        Shows the choice.
    parent
        The dock.
    """

    #: the chosen `CellSource`, or None
    changed = Signal(object)

    def __init__(
        self,
        viewer: ViewerModel,
        session: StudySession,
        box: QComboBox,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._session, self._box = viewer, session, box
        self.current: CellSource | None = None
        self._connections = Connections(self)
        layers = viewer.layers
        self._connections.connect(layers.events.inserted, self._on_inserted)
        self._connections.connect(layers.events.removed, self._on_removed)
        self._connections.connect(layers.selection.events.active, self._on_active)
        session.study_changed.connect(self._on_study)
        box.activated.connect(self._on_activated)
        results = self._layers()
        self._list()
        if session.study is not None:
            self._choose(_STUDY)
        elif results:
            self._choose(id(results[-1]))

    def _layers(self) -> list[Labels]:
        return [layer for layer in self._viewer.layers if result_of(layer) is not None]

    def _list(self) -> None:
        """List all there is."""
        box, chosen = self._box, self._box.currentData()
        with signals_blocked(box):
            box.clear()
            for layer in self._layers():
                box.addItem(layer.name, id(layer))
            if self._session.study is not None:
                box.addItem(f"Study {self._session.study.path.name}", _STUDY)
            box.setCurrentIndex(box.findData(chosen))

    def _choose(self, data: Any) -> None:
        """Choose an item by its data; None for none."""
        with signals_blocked(self._box):
            self._box.setCurrentIndex(self._box.findData(data))
        self._take(self._made(data))

    def _made(self, data: Any) -> CellSource | None:
        if data is None:
            return None
        if data == _STUDY:
            return StudySource(self._viewer, self._session, self)
        (layer,) = (layer for layer in self._layers() if id(layer) == data)
        return LayerSource(self._viewer, layer, self._session, self)

    def _take(self, source: CellSource | None) -> None:
        before, self.current = self.current, source
        if before is not None:
            # what it changes in the image now is no news of its cells
            before.blockSignals(True)
            before.leave()
            before.deleteLater()
        self.changed.emit(source)

    def _shown(self) -> Labels | None:
        return self.current.layer if isinstance(self.current, LayerSource) else None

    def _on_inserted(self, event: Event) -> None:
        if result_of(event.value) is not None:
            self._list()
            self._choose(id(event.value))

    def _on_removed(self, event: Event) -> None:
        if result_of(event.value) is None:
            return
        self._list()
        if self.current is None or self._shown() in self._viewer.layers:
            return
        if isinstance(self.current, LayerSource):
            data = [self._box.itemData(k) for k in range(self._box.count())]
            self._choose(data[-1] if data else None)

    def _on_active(self) -> None:
        """List the cells of a result that the user makes the active layer."""
        layer = self._viewer.layers.selection.active
        if result_of(layer) is not None and layer is not self._shown():
            self._list()
            self._choose(id(layer))

    def _on_study(self) -> None:
        self._list()
        shown = self._shown()
        result = None if shown is None else result_of(shown)
        if self._session.study is None:
            if shown is None:
                layers = self._layers()
                self._choose(id(layers[-1]) if layers else None)
        elif result is None or not self._session.contains(result):
            # a study that was made for the answers to a result leaves it listed
            self._choose(_STUDY)

    def _on_activated(self) -> None:
        self._choose(self._box.currentData())
