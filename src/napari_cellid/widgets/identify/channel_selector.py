"""Choosing the layers of the two channels, their axes and their pixel size."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_info
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QSizePolicy, QWidget
from superqt.utils import signals_blocked

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.channels import Channels, known_pixel_size
from napari_cellid.widgets._shared.layer_axes import split_channels
from napari_cellid.widgets._shared.layouts import form_layout
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.identify.axis_choice import AxisChoice
from napari_cellid.widgets.identify.diameter_field import DiameterField
from napari_cellid.widgets.identify.infer_channels import (
    COLOURS,
    doubtful_channels,
    infer_red_and_green,
)
from napari_cellid.widgets.identify.pixel_size import PixelSize
from napari_cellid.widgets.session.result_layer import input_images

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Image

_TITLES = {"red": "Red channel", "green": "Green channel"}
_TIPS = {
    "red": "The layer with the red marker; none to outline cells by the green alone.",
    "green": "The layer with the calcium indicator; none to outline by the red alone.",
}


class ChannelSelector(QWidget):
    """Edits `Channels`: inferred from the layers, unless the user chooses."""

    valueChanged = Signal()

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._chosen_by_user: set[str] = set()
        self._size_typed_for: set[int] = set()
        self._diameter_given_for: set[int] = set()
        form = form_layout(self)
        self.boxes = {colour: self._layer_box(form, colour) for colour in COLOURS}
        self.axes = AxisChoice(form, self)
        self.axes.changed.connect(self.valueChanged)
        self.axes.split_requested.connect(self._split)
        self.pixel_size = PixelSize()
        self.pixel_size.spin.valueChanged.connect(self._on_typed)
        form.addRow("Pixel size (µm)", self.pixel_size)
        self.diameter = DiameterField()
        self.diameter.valueChanged.connect(self._on_diameter)
        form.addRow("Cell diameter (px)", self.diameter)
        self.refresh()

    def value(self) -> Channels:
        """The channels as they are chosen."""
        # 0 is shown as "not known"
        size = self.pixel_size.spin.value() or None
        typed = "size" in self._chosen_by_user
        return Channels(
            red=self.boxes["red"].currentData(),
            green=self.boxes["green"].currentData(),
            first_axis=self.axes.first_axis(),
            pixel_size_um=size,
            pixel_size_source="given" if typed else "layer scale",
            diameter_px=self.diameter.value(),
            diameter_source=self.diameter.source(),
            notes=self._notes(),
            axes_known=self.axes.known(),
        )

    def refresh(self) -> None:
        """List the image layers; infer the channels that the user has not chosen."""
        layers = input_images(self._viewer.layers)
        before = {colour: box.currentData() for colour, box in self.boxes.items()}
        chosen = {
            colour: before[colour]
            for colour in COLOURS
            if colour in self._chosen_by_user
            and (before[colour] is None or before[colour] in layers)
        }
        self._chosen_by_user &= {*chosen, "size"}
        inferred = infer_red_and_green(layers)
        for colour, box in self.boxes.items():
            _fill_combo(box, layers, chosen.get(colour, inferred[colour]))
        if before != {colour: box.currentData() for colour, box in self.boxes.items()}:
            self._on_layers_changed()

    def refresh_pixel_size(self) -> None:
        """Read the pixel size of the layers again, after their scale changed."""
        self._read_pixel_size()
        self.valueChanged.emit()

    def refresh_axes(self) -> None:
        """Infer axes and pixel size again if a layer has data of another shape."""
        if self.axes.outdated:
            self._on_layers_changed()

    def choose(self, colour: str, layer: Image | None) -> None:
        """Choose the layer of a channel, as the user does."""
        self.boxes[colour].setCurrentIndex(self.boxes[colour].findData(layer))
        self._chosen_by_user.add(colour)
        self._on_layers_changed()

    def _layer_box(self, form: QFormLayout, colour: str) -> QComboBox:
        box = QComboBox()
        # a long layer name must not widen the whole dock
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box.setToolTip(_TIPS[colour])
        box.addItem("none", None)
        box.activated.connect(partial(self._on_chosen, colour))
        form.addRow(_TITLES[colour], box)
        return box

    def _on_chosen(self, colour: str, _: int) -> None:
        self._chosen_by_user.add(colour)
        self._on_layers_changed()

    def _split(self, layer: Image, axis: int) -> None:
        """Split a layer that holds all channels; the user says which one is red."""
        with input_errors_shown():
            parts = split_channels(self._viewer, layer, axis)
            self.refresh()
            show_info(
                f"{layer.name} was split into {len(parts)} layers; choose which one is "
                "red and which one is green."
            )

    def _on_typed(self) -> None:
        self._chosen_by_user.add("size")
        self._size_typed_for = {id(layer) for layer in self._layers()}
        self.pixel_size.set_source("typed in")
        self._offer_estimate()
        self.valueChanged.emit()

    def _on_diameter(self) -> None:
        self._diameter_given_for = {id(layer) for layer in self._layers()}
        if not self.pixel_size.spin.value():
            self.pixel_size.set_assumed(self.diameter.value())
        self._offer_estimate()
        self.valueChanged.emit()

    def _offer_estimate(self) -> None:
        known = bool(self.pixel_size.spin.value()) or not self._layers()
        self.diameter.set_size_known(known)

    def _on_layers_changed(self) -> None:
        """Infer axes and pixel size of the layers that are chosen now."""
        self.axes.infer(self._layers())
        self._read_pixel_size()
        self.valueChanged.emit()

    def _read_pixel_size(self) -> None:
        size, problem = None, ""
        red, green = (self.boxes[colour].currentData() for colour in COLOURS)
        try:
            size = known_pixel_size(red, green)
        except InputError as error:
            problem = str(error)
        # what was typed is for these layers, not for the next recording
        layer_ids = {id(layer) for layer in self._layers()}
        if not self._diameter_given_for & layer_ids:
            self.diameter.clear()
        if size is not None or not self._size_typed_for & layer_ids:
            self._chosen_by_user.discard("size")
        if size is not None:
            self.pixel_size.set_value(size)
        elif "size" not in self._chosen_by_user:
            self.pixel_size.set_missing(problem)
            self.pixel_size.set_assumed(self.diameter.value())
        self._offer_estimate()

    def _layers(self) -> list[Image]:
        layers = [box.currentData() for box in self.boxes.values()]
        return [layer for layer in layers if layer is not None]

    def _notes(self) -> tuple[str, ...]:
        chosen = {colour: box.currentData() for colour, box in self.boxes.items()}
        return (*doubtful_channels(chosen), *self.axes.notes())


def _fill_combo(box: QComboBox, layers: Sequence[Any], current: Any) -> None:
    with signals_blocked(box):
        box.clear()
        box.addItem("none", None)
        for layer in layers:
            box.addItem(layer.name, layer)
        with suppress(ValueError):
            box.setCurrentIndex([None, *layers].index(current))
