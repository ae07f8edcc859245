"""Choosing the two channels among the layers, their axes and their pixel size."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFormLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.layers import Channels, layer_pixel_size
from napari_cellid.widgets._shared.layouts import form_layout
from napari_cellid.widgets._shared.settings_form import CompactDoubleSpinBox
from napari_cellid.widgets.identify.infer_channels import (
    COLOURS,
    guess_channels,
    guess_first_axis,
)
from napari_cellid.widgets.session.result_layer import is_ours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel

    from napari_cellid.widgets._shared.layers import ThirdAxis

_TITLES = {"red": "Red (mCherry)", "green": "Green (GCaMP)"}
_TIPS = {
    "red": "The layer with the red nuclei; none to outline cells by the green alone.",
    "green": "The layer with the calcium indicator; none to outline by the red alone.",
}


class ChannelChoice(QWidget):
    """Edits `Channels`: guessed from the layers, changed by the user."""

    valueChanged = Signal()

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._by_user: set[str] = set()
        self._typed_for: set[int] = set()
        form = form_layout(self)
        self.boxes = {colour: self._layer_box(form, colour) for colour in COLOURS}
        self.third = QComboBox()
        self.third.addItem("planes (depth)", "planes")
        self.third.addItem("time (frames)", "time")
        self.third.activated.connect(lambda: self._take("third"))
        self._third_label = QLabel("First axis is")
        form.addRow(self._third_label, self.third)
        self.pixel_size = _PixelSize()
        self.pixel_size.spin.valueChanged.connect(self._on_typed)
        form.addRow("Pixel size (µm)", self.pixel_size)
        self.refresh()

    def value(self) -> Channels:
        """What is chosen."""
        size = self.pixel_size.spin.value() or None
        return Channels(
            red=self.boxes["red"].currentData(),
            green=self.boxes["green"].currentData(),
            third_axis=self._third_axis(),
            pixel_size_um=size,
            pixel_size_source="given" if "size" in self._by_user else "layer scale",
            notes=self._notes(),
        )

    def refresh(self) -> None:
        """List the image layers there are; guess what the user has not chosen."""
        layers = [
            layer
            for layer in self._viewer.layers
            if isinstance(layer, Image) and not is_ours(layer)
        ]
        before = {colour: box.currentData() for colour, box in self.boxes.items()}
        chosen = {
            colour: before[colour]
            for colour in COLOURS
            if colour in self._by_user
            and (before[colour] is None or before[colour] in layers)
        }
        self._by_user &= {*chosen, "third", "size"}
        guessed = guess_channels(layers)
        for colour, box in self.boxes.items():
            _fill(box, layers, chosen.get(colour, guessed[colour]))
        if before != {colour: box.currentData() for colour, box in self.boxes.items()}:
            self._on_layers_changed()

    def reread(self) -> None:
        """Take the pixel size from the layers again, after their scale changed."""
        self._take_pixel_size()
        self.valueChanged.emit()

    def choose(self, colour: str, layer: Image | None) -> None:
        """Choose a channel's layer, as the user does by hand."""
        self.boxes[colour].setCurrentIndex(self.boxes[colour].findData(layer))
        self._by_user.add(colour)
        self._on_layers_changed()

    def _layer_box(self, form: QFormLayout, colour: str) -> QComboBox:
        box = QComboBox()
        # a long layer name must not widen the whole dock
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box.setToolTip(_TIPS[colour])
        box.addItem("none", None)
        box.activated.connect(lambda: self._take(colour))
        form.addRow(_TITLES[colour], box)
        return box

    def _take(self, what: str) -> None:
        self._by_user.add(what)
        if what in COLOURS:
            self._on_layers_changed()
        else:
            self.valueChanged.emit()

    def _on_typed(self) -> None:
        self._by_user.add("size")
        self._typed_for = {id(layer) for layer in self._chosen()}
        self.pixel_size.say("typed in")
        self.valueChanged.emit()

    def _on_layers_changed(self) -> None:
        """Other layers: other axes, another pixel size."""
        self._by_user -= {"third"}
        stacks = self._stacks()
        if stacks:
            kind, _ = guess_first_axis(stacks)
            self.third.setCurrentIndex(self.third.findData(kind))
        for widget in (self.third, self._third_label):
            widget.setVisible(bool(stacks))
        self._take_pixel_size()
        self.valueChanged.emit()

    def _take_pixel_size(self) -> None:
        size, problem = None, ""
        for layer in self._chosen():
            try:
                size = size or layer_pixel_size(layer)
            except InputError as error:
                problem = str(error)
        # a size typed in holds for these layers, not for the next recording
        if size is not None or not self._typed_for & {id(x) for x in self._chosen()}:
            self._by_user.discard("size")
        if size is not None:
            self.pixel_size.show_found(size)
        elif "size" not in self._by_user:
            self.pixel_size.show_missing(problem)

    def _chosen(self) -> list[Image]:
        layers = [box.currentData() for box in self.boxes.values()]
        return [layer for layer in layers if layer is not None]

    def _stacks(self) -> list[Image]:
        return [layer for layer in self._chosen() if layer.ndim == 3 and not layer.rgb]

    def _third_axis(self) -> ThirdAxis | None:
        kind: ThirdAxis | None = self.third.currentData() if self._stacks() else None
        return kind

    def _notes(self) -> tuple[str, ...]:
        stacks = self._stacks()
        if not stacks or "third" in self._by_user:
            return ()
        kind, assumed = guess_first_axis(stacks)
        if not assumed:
            return ()
        n = " and ".join(str(layer.data.shape[0]) for layer in stacks)
        return (
            f"Nothing says what the images of the layers ({n}) are; assumed: {kind}. "
            "Change it at 'First axis is'.",
        )


class _PixelSize(QWidget):
    """A number, and in small where it comes from."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self.spin = CompactDoubleSpinBox()
        self.spin.setDecimals(4)
        self.spin.setRange(0, 20)
        self.spin.setSingleStep(0.01)
        self.spin.setSpecialValueText("not known")
        self.spin.setToolTip(
            "<qt>Edge of a pixel in micrometres. The models know cells by their size, "
            "so a wrong value means wrong outlines.</qt>"
        )
        self.source = QLabel()
        column.addWidget(self.spin)
        column.addWidget(self.source)

    def show_found(self, size: float) -> None:
        """Show a size that a layer tells."""
        self._show(size, "from the layer's scale")

    def show_missing(self, why: str) -> None:
        """Show that there is none."""
        self._show(0, "please type it in")
        self.source.setToolTip(why)

    def say(self, source: str) -> None:
        """Show where the number comes from."""
        self.source.setText(source)

    def _show(self, size: float, source: str) -> None:
        blocker = QSignalBlocker(self.spin)
        self.spin.setValue(size)
        blocker.unblock()
        self.source.setToolTip("")
        self.say(source)


def _fill(box: QComboBox, layers: Sequence[Any], chosen: Any) -> None:
    blocker = QSignalBlocker(box)
    box.clear()
    box.addItem("none", None)
    for layer in layers:
        box.addItem(layer.name, layer)
    with suppress(ValueError):
        box.setCurrentIndex([None, *layers].index(chosen))
    blocker.unblock()
