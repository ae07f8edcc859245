"""Missed cells are added to the labels layer of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_cellid.cells.middles import Middle, check_middles, median_diameter
from napari_cellid.errors import InputError
from napari_cellid.report.added_cells import added_text
from napari_cellid.segmentation.grow_cell import grow_cells
from napari_cellid.widgets._shared.connections import Connections
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.session.add_mode import AddMode
from napari_cellid.widgets.session.points_middles import add_at_points, place_in
from napari_cellid.widgets.session.result_layer import label_volume, result_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Labels
    from qtpy.QtWidgets import QWidget

    from napari_cellid.widgets._shared.add_cell_bar import AddCellBar
    from napari_cellid.widgets.identify.live_update import LiveUpdate
    from napari_cellid.widgets.session.result_layer import ShownResult
    from napari_cellid.widgets.session.session import StudySession


class LayerAdding(QObject):
    """Adds cells to a result, as if the user had painted them.

    napari's undo of the layer takes them away again.

    Parameters
    ----------
    viewer
        Its canvas gets the clicks, and its points can be middles of cells.
    session
        The session of the viewer.
    bar
        The buttons.
    live
        Measures and classifies what is added.
    dock
        The mode ends when it is hidden.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        session: StudySession,
        bar: AddCellBar,
        live: LiveUpdate,
        dock: QWidget,
    ) -> None:
        super().__init__(dock)
        self._viewer, self._bar, self._live = viewer, bar, live
        self._layer: Labels | None = None
        self._visible = Connections(self)
        # the canvas has the viewer itself, a dock gets a proxy of it
        canvas_viewer = getattr(viewer, "__wrapped__", viewer)
        self.mode = AddMode(canvas_viewer, session, dock)
        self.mode.toggled.connect(bar.show_on)
        self.mode.clicked.connect(self._on_click)
        self.mode.undo_requested.connect(self.undo)
        bar.toggled.connect(self.mode.set_on)
        bar.points_requested.connect(self._add_points)
        self.set_layer(None)

    def set_layer(self, layer: Labels | None) -> None:
        """Add cells to this layer from now on; None to no layer."""
        self._visible.disconnect_all()
        self._layer = layer
        if layer is not None:
            self._visible.connect(layer.events.visible, self._on_visible)
        self._on_visible()

    def undo(self) -> None:
        """Take the last change of the layer back."""
        if self._layer is not None:
            self._layer.undo()
            self._bar.show_status("")

    def add(self, middles: Sequence[Middle]) -> None:
        """Add cells around some middles, all or none.

        Raises
        ------
        InputError
            If there are no results, or one of the middles is refused.
        """
        layer, result = self._target()
        # what was painted just now counts, too
        self._live.apply_edits(layer)
        labels, planes = label_volume(layer), result.run_result.planes
        diameter = median_diameter(result.labelled.cells, planes)
        check_middles(middles, labels, diameter)
        maps = result.run_result.segmentation
        probability = None if maps is None else maps.probability
        grown = list(grow_cells(labels, middles, diameter, probability))
        first = int(labels.max(initial=0)) + 1
        # one step for napari's undo
        with layer.block_history():
            for label, cell in enumerate(grown, first):
                layer.data_setitem(cell.pixels[-layer.ndim :], label)
        # measured and classified a moment later, as what is painted, so that the
        # outline is there at once
        n_from_map = sum(cell.source == "map" for cell in grown)
        self._bar.show_status(added_text(len(grown), n_from_map))

    def place_at(self, position: Sequence[float]) -> tuple[float, float, float]:
        """(plane, y, x) in px at a position in world coordinates."""
        layer, _ = self._target()
        return place_in(layer, position)

    def _target(self) -> tuple[Labels, ShownResult]:
        result = result_of(self._layer)
        if self._layer is None or result is None:
            raise InputError(
                "There are no outlines to which a cell could be added; press "
                "'Identify cells' first."
            )
        if not self._layer.visible:
            raise InputError(
                f"The layer {self._layer.name!r} is hidden; show it to add cells."
            )
        return self._layer, result

    def _on_visible(self, _: object = None) -> None:
        # keys of a layer that is hidden belong to whatever is shown instead of it
        self.mode.set_available(self._layer is not None and self._layer.visible)
        self._bar.setVisible(self._layer is not None)

    def _on_click(self, position: Sequence[float]) -> None:
        with input_errors_shown():
            plane, y, x = self.place_at(position)
            self.add([Middle(int(plane), y, x)])

    def _add_points(self) -> None:
        with input_errors_shown():
            _, result = self._target()
            n_planes = result.run_result.planes.shape[0]
            add_at_points(self._viewer, self.place_at, n_planes, self.add)
