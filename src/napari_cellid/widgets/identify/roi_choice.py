"""The choice between outlining cells and taking the ROIs of another program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QSizePolicy, QWidget
from superqt.utils import signals_blocked

from napari_cellid.errors import InputError
from napari_cellid.io.napari_layers import ROIS_KEY
from napari_cellid.io.roi_file import RoiFile
from napari_cellid.report.table import count_text
from napari_cellid.widgets._shared.connections import Connections, LayerConnections
from napari_cellid.widgets._shared.markup import as_rich_text

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

_OUTLINE = "outline them"
_TIP = (
    "Outline the cells anew, or keep the ROIs of suite2p, CaImAn or ImageJ and say of "
    "each, in its order, what it is."
)


@dataclass(frozen=True, eq=False)
class ChosenRois:
    """ROIs that are to be classified.

    Parameters
    ----------
    file
        The ROIs.
    layer
        The labels layer that shows them.
    accepted_only
        Whether the ROIs that their program rejected are no cells of the result.
    """

    file: RoiFile
    layer: Labels
    accepted_only: bool = False

    @property
    def text(self) -> str:
        """What the choice says; the dock is narrow."""
        n, accepted = len(self.file.rois), int(self.file.rois.accepted.sum())
        program = self.file.program
        if self.accepted_only:
            return f"{program}: {accepted} accepted"
        return f"{program}: {count_text(n, 'ROI')}"

    @property
    def tip(self) -> str:
        """What the choice does."""
        which = "those ROIs that were accepted" if self.accepted_only else "each ROI"
        return (
            f"Say of {which} in the layer {self.layer.name} what it is, in the order "
            f"of {self.file.program}."
        )

    def is_same(self, other: ChosenRois | None) -> bool:
        """Whether the other choice is this one."""
        if other is None:
            return False
        both = self.layer, self.accepted_only
        return both == (other.layer, other.accepted_only)


class RoiChoice(QComboBox):
    """Lists the ROIs that layers show; new ones are chosen unless the user chose.

    Parameters
    ----------
    viewer
        Its labels layers may have been opened from files of ROIs.
    """

    valueChanged = Signal()

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.setToolTip(as_rich_text(_TIP))
        # long names must not widen the whole dock
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        events = viewer.layers.events
        self._connections = Connections(self)
        self._connections.connect(events.inserted, self.refresh)
        self._connections.connect(events.removed, self.refresh)
        self._names = LayerConnections(viewer.layers, self)
        self._listed: list[ChosenRois] = []
        self.currentIndexChanged.connect(self._on_chosen)
        self.refresh()

    def value(self) -> ChosenRois | None:
        """The ROIs that are used; None if cells are outlined."""
        chosen: ChosenRois | None = self.currentData()
        return chosen

    def check(self) -> None:
        """Check that the layer still shows the ROIs as they were opened.

        Raises
        ------
        InputError
            If somebody painted in it.
        """
        chosen = self.value()
        if chosen is None:
            return
        labels = chosen.file.rois.label_image()
        shown = labels if len(labels) > 1 else labels[0]
        if not np.array_equal(np.asarray(chosen.layer.data), shown):
            program = chosen.file.program
            raise InputError(
                f"The layer {chosen.layer.name!r} was changed by hand, but the ROIs "
                f"are classified as {program} has them; undo the changes, and correct "
                "the outlines in the result afterwards."
            )

    @property
    def has_rois(self) -> bool:
        """Whether a layer shows ROIs."""
        return bool(self._listed)

    def refresh(self, _: Any = None) -> None:
        """List the ROIs of the layers that are there now."""
        before, known = self.value(), {id(one.layer) for one in self._listed}
        self._listed = [
            choice for layer in self._viewer.layers for choice in _choices(layer)
        ]
        new = [one for one in self._listed if id(one.layer) not in known]
        for one in new:
            if not one.accepted_only:
                self._names.connect(one.layer, "name", self._show_names)
        # what was opened last is what the user is about to work on
        wanted = new[0] if new else before
        index = next(
            (k for k, one in enumerate(self._listed, 1) if one.is_same(wanted)), 0
        )
        with signals_blocked(self):
            self.clear()
            self.addItem(_OUTLINE, None)
            for one in self._listed:
                self.addItem(one.text, one)
            self.setCurrentIndex(index)
        self._show_names()
        self.valueChanged.emit()

    def _show_names(self, _: Any = None) -> None:
        """Say which layer is meant where there are several, and in the tooltips."""
        several = len({id(one.layer) for one in self._listed}) > 1
        for index, one in enumerate(self._listed, 1):
            text = f"{one.text} in {one.layer.name}" if several else one.text
            self.setItemText(index, text)
            self.setItemData(index, as_rich_text(one.tip), Qt.ItemDataRole.ToolTipRole)

    def _on_chosen(self) -> None:
        self.valueChanged.emit()


def _choices(layer: Layer) -> list[ChosenRois]:
    """All ROIs of a layer, and the accepted ones if some were rejected."""
    file = layer.metadata.get(ROIS_KEY)
    if not isinstance(layer, Labels) or not isinstance(file, RoiFile):
        return []
    rejected = not file.rois.accepted.all()
    return [ChosenRois(file, layer, only) for only in (False, True)[: 1 + rejected]]
