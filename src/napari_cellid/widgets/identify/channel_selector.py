"""Choosing the layers of the two channels, their axes and their pixel size."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.channel_split import split_channels, split_layer
from napari_cellid.widgets._shared.channels import (
    Channels,
)
from napari_cellid.widgets._shared.layer_pixel_size import (
    file_size_of,
    known_pixel_size,
)
from napari_cellid.widgets._shared.layouts import action_button, form_layout
from napari_cellid.widgets._shared.notifications import input_errors_shown, show_info
from napari_cellid.widgets.identify.axis_choice import AxisChoice
from napari_cellid.widgets.identify.channel_display import show_in_colours
from napari_cellid.widgets.identify.channel_memory import memory_of
from napari_cellid.widgets.identify.diameter_field import DiameterField
from napari_cellid.widgets.identify.infer_channels import (
    COLOURS,
    doubtful_channels,
    infer_partner,
    infer_red_and_green,
)
from napari_cellid.widgets.identify.layer_combo import LayerCombo
from napari_cellid.widgets.identify.pixel_size import PixelSize
from napari_cellid.widgets.identify.split_offer import SplitOffer
from napari_cellid.widgets.session.result_layer import input_images

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari.components import ViewerModel
    from napari.layers import Image
    from qtpy.QtWidgets import QFormLayout

_TITLES = {"red": "Red channel", "green": "Green channel"}
_TIPS = {
    "red": "The layer with the red marker; none to outline cells by the green alone.",
    "green": "The layer with the calcium indicator; none to outline by the red alone.",
}
_TYPED, _SCALE = "given", "layer scale"


class ChannelSelector(QWidget):
    """Edits `Channels`: inferred from the layers, unless the user chooses."""

    valueChanged = Signal()

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._memory = memory_of(viewer)
        self._size_source = ""
        form = form_layout(self)
        self.boxes = {colour: self._layer_box(form, colour) for colour in COLOURS}
        self.swap_button = action_button("Swap red and green")
        self.swap_button.clicked.connect(self.swap)
        form.addRow("", self.swap_button)
        self.split = SplitOffer()
        self.split.split_requested.connect(self._split)
        form.addRow(self.split)
        self.axes = AxisChoice(form, self)
        self.axes.changed.connect(self._on_axis)
        self.axes.split_requested.connect(self._split)
        self.pixel_size = PixelSize()
        self.pixel_size.spin.valueChanged.connect(self._on_typed)
        form.addRow("Pixel size (µm)", self.pixel_size)
        self.diameter = DiameterField()
        self.diameter.valueChanged.connect(self._on_diameter)
        form.addRow("Cell diameter (px)", self.diameter)
        self.refresh()
        self._on_layers_changed()

    def value(self) -> Channels:
        """The channels as they are chosen."""
        return Channels(
            red=self.boxes["red"].currentData(),
            green=self.boxes["green"].currentData(),
            first_axis=self.axes.first_axis(),
            # 0 is shown as "not known"
            pixel_size_um=self.pixel_size.spin.value() or None,
            pixel_size_source=self._size_source or _TYPED,
            diameter_px=self.diameter.value(),
            diameter_source=self.diameter.source(),
            notes=self._notes(),
            axes_known=self.axes.known(),
        )

    def refresh(self) -> None:
        """List the image layers; infer the channels that the user has not chosen."""
        layers = input_images(self._viewer.layers)
        before = {colour: box.currentData() for colour, box in self.boxes.items()}
        chosen = self._memory.channels(layers)
        inferred = infer_red_and_green(layers)
        for colour, box in self.boxes.items():
            box.set_layers(layers, chosen.get(colour, inferred[colour]))
        if before != {colour: box.currentData() for colour, box in self.boxes.items()}:
            self._on_layers_changed()

    def refresh_pixel_size(self) -> None:
        """Read the pixel size of the layers again, after their scale changed."""
        size, _, _ = self._known_size()
        if size is not None and size != self._memory.known_size(self._layers()):
            # somebody has corrected the scale of the layer since
            self._memory.set_size(self._layers(), None)
        self._read_pixel_size()
        self.valueChanged.emit()

    def refresh_axes(self) -> None:
        """Infer axes and pixel size again if a layer has data of another shape."""
        if self.axes.outdated:
            self._on_layers_changed()

    def choose(self, colour: str, layer: Image | None) -> None:
        """Choose the layer of a channel, as the user does."""
        self.boxes[colour].setCurrentIndex(self.boxes[colour].findData(layer))
        self._on_chosen(colour)

    def show_saved(
        self, layers: Mapping[str, Image], diameter_px: float | None, source: str
    ) -> None:
        """Choose the layers and the diameter (px) of results that were opened."""
        for colour, box in self.boxes.items():
            box.setCurrentIndex(box.findData(layers.get(colour)))
            self._memory.choose(colour, box.currentData())
        self._memory.set_diameter(self._layers(), diameter_px, source)
        self._on_layers_changed()

    def swap(self) -> None:
        """Use the red layer as green and the green one as red."""
        red, green = (self.boxes[colour].currentData() for colour in COLOURS)
        for colour, layer in (("red", green), ("green", red)):
            self.boxes[colour].setCurrentIndex(self.boxes[colour].findData(layer))
            self._memory.choose(colour, layer)
        self._on_layers_changed()

    def _layer_box(self, form: QFormLayout, colour: str) -> LayerCombo:
        box = LayerCombo()
        box.setToolTip(_TIPS[colour])
        box.activated.connect(partial(self._on_chosen, colour))
        form.addRow(_TITLES[colour], box)
        return box

    def _on_chosen(self, colour: str, _: int = 0) -> None:
        self._memory.choose(colour, self.boxes[colour].currentData())
        self._fill_other(colour)
        self._on_layers_changed()

    def _fill_other(self, colour: str) -> None:
        """Choose the other channel, too, if it can only be one layer."""
        (other,) = (one for one in COLOURS if one != colour)
        layers, chosen = input_images(self._viewer.layers), self.value()
        known = {"red": chosen.red, "green": chosen.green}
        if known[other] is None and other not in self._memory.channels(layers):
            partner = infer_partner(layers, known, other)
            self.boxes[other].setCurrentIndex(self.boxes[other].findData(partner))

    def _split(self, layer: Image, axis: int | None = None) -> None:
        """Split a layer that holds all channels; names may say which one is red."""
        with input_errors_shown():
            if axis is None:
                split_layer(self._viewer, layer)
            else:
                split_channels(self._viewer, layer, axis)
            self.refresh()
            if None in (box.currentData() for box in self.boxes.values()):
                # short, because napari cuts what is longer than a line
                show_info("Choose which one is red and which green.")

    def _on_axis(self) -> None:
        axis = self.axes.first_axis()
        if axis is not None:
            self._memory.set_first_axis(self._layers(), axis)
        self._offer_split()
        self.valueChanged.emit()

    def _on_typed(self) -> None:
        size = self.pixel_size.spin.value()
        self._memory.set_size(self._layers(), size)
        self._size_source = _TYPED
        self.pixel_size.set_source(self._typed_text(size))
        self._offer_estimate()
        self.valueChanged.emit()

    def _on_diameter(self) -> None:
        diameter = self.diameter.value()
        self._memory.set_diameter(self._layers(), diameter, self.diameter.source())
        if not self.pixel_size.spin.value():
            self.pixel_size.set_assumed(diameter)
        self._offer_estimate()
        self.valueChanged.emit()

    def _offer_estimate(self) -> None:
        known = bool(self.pixel_size.spin.value()) or not self._layers()
        self.diameter.set_size_known(known)

    def _offer_split(self) -> None:
        value = self.value()
        leading = [layer.ndim for layer in self._layers()]
        open_axis = (3 in leading and value.first_axis is None) or (
            max(leading, default=2) > 3 and not value.axes_known
        )
        self.split.show_for(self._layers(), open_axis=open_axis)

    def _on_layers_changed(self) -> None:
        """Infer axes and pixel size of the layers that are chosen now."""
        layers = self._layers()
        self.axes.infer(layers, self._memory.first_axis(layers))
        self._offer_split()
        self._read_pixel_size()
        self.swap_button.setVisible(bool(layers))
        # one layer alone may hold both channels, or be of any colour
        if len(layers) == len(COLOURS):
            show_in_colours(self.value())
        self.valueChanged.emit()

    def _known_size(self) -> tuple[float | None, str, str]:
        """Pixel size (µm) by the layers or their file, its source, and a problem."""
        red, green = (self.boxes[colour].currentData() for colour in COLOURS)
        try:
            size = known_pixel_size(red, green)
        except InputError as error:
            return None, "", str(error)
        if size is not None:
            return size, _SCALE, ""
        return (*(file_size_of(red, green) or (None, "")), "")

    def _read_pixel_size(self) -> None:
        # what was typed is for these layers, not for the next recording
        layers = self._layers()
        size, source, problem = self._known_size()
        self._memory.set_known_size(layers, size)
        given = self._memory.diameter(layers)
        self.diameter.restore(*(given or (0.0, "")))
        typed = self._memory.size(layers)
        if typed:
            self._size_source = _TYPED
            self.pixel_size.set_value(typed, self._typed_text(typed))
        elif size is not None:
            self._size_source = source
            self.pixel_size.set_value(size, f"from {_where(source)}")
        else:
            self._size_source = ""
            self.pixel_size.set_missing(problem)
            self.pixel_size.set_assumed(self.diameter.value())
            if not layers:
                self.pixel_size.set_source("read when a channel is chosen")
        self._offer_estimate()

    def _typed_text(self, typed: float) -> str:
        """That a size was typed in, and another one that the recording says."""
        size, source, _ = self._known_size()
        if size is None or abs(typed - size) <= 0.01 * size:
            return "typed in"
        return f"typed in; {_where(source)} says {size:.4g}"

    def _layers(self) -> list[Image]:
        layers = [box.currentData() for box in self.boxes.values()]
        return [layer for layer in layers if layer is not None]

    def _notes(self) -> tuple[str, ...]:
        chosen = {colour: box.currentData() for colour, box in self.boxes.items()}
        return (*doubtful_channels(chosen), *self.axes.notes())


def _where(source: str) -> str:
    """Where a pixel size was read, in words."""
    return "the layer's scale" if source == _SCALE else f"the file ({source})"
