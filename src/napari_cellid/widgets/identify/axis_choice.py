"""Choosing what the leading axes of layers are: planes, time, or channels to split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QComboBox, QLabel, QSizePolicy
from superqt.utils import signals_blocked

from napari_cellid.widgets._shared.layer_axes import (
    holds_channels,
    possible_channel_axes,
)
from napari_cellid.widgets.identify.infer_channels import (
    first_axis_in_doubt,
    infer_shared_first_axis,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image
    from qtpy.QtWidgets import QFormLayout, QWidget

    from napari_cellid.widgets._shared.layer_axes import FirstAxis

_CHANNELS = "channels"
_CHOOSE = "please choose"
_ORDINALS = ("first", "second", "third", "fourth", "fifth")


class AxisChoice(QObject):
    """Two rows of a form: the first axis of three, and the first axes of four or more.

    Parameters
    ----------
    form
        Gets the rows; they are visible where they matter.
    parent
        Owns this object.
    """

    changed = Signal()
    #: a layer, and its axis that holds the channels
    split_requested = Signal(object, int)

    def __init__(self, form: QFormLayout, parent: QWidget) -> None:
        super().__init__(parent)
        self._layers: list[Image] = []
        self._shapes: list[tuple[int, ...]] = []
        self._chosen_by_user = False
        self.first, self.leading = QComboBox(), QComboBox()
        for box in (self.first, self.leading):
            box.setPlaceholderText(_CHOOSE)
            # long items must not widen the whole dock
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.first.addItem("planes (depth)", "planes")
        self.first.addItem("time (frames)", "time")
        self.first.addItem("channels: split them", _CHANNELS)
        # `activated` comes from the user alone, unlike `currentIndexChanged`
        self.first.activated.connect(self._on_first)
        self.leading.activated.connect(self._on_leading)
        self._rows = [
            (self.first, QLabel("First axis is")),
            (self.leading, QLabel("First axes are")),
        ]
        for box, label in self._rows:
            form.addRow(label, box)

    def infer(self, layers: Sequence[Image], chosen: FirstAxis | None = None) -> None:
        """Infer the axes of the layers that are chosen as channels now.

        Parameters
        ----------
        layers
            The layers.
        chosen
            What the user said that the first axis of three is; None if nothing.
        """
        self._layers = [layer for layer in layers if not layer.rgb]
        self._shapes = _shapes(self._layers)
        self._chosen_by_user = chosen is not None
        stacks, large = self._stacks(), self._large()
        self.first.setCurrentIndex(-1)
        if chosen is not None:
            self.first.setCurrentIndex(self.first.findData(chosen))
        elif stacks and not first_axis_in_doubt(self._layers):
            kind, _ = infer_shared_first_axis(stacks)
            self.first.setCurrentIndex(self.first.findData(kind))
        if large is not None:
            self._fill_leading(large)
        for (box, label), layer in zip(self._rows, (stacks, large), strict=True):
            for widget in (box, label):
                widget.setVisible(bool(layer))

    @property
    def outdated(self) -> bool:
        """Whether the layers have other shapes than when their axes were inferred."""
        return self._shapes != _shapes(self._layers)

    def first_axis(self) -> FirstAxis | None:
        """What the first of three axes is; None if that is open or there are none."""
        kind: FirstAxis | None = self.first.currentData() if self._stacks() else None
        return kind

    def known(self) -> bool:
        """Whether four axes are known to be time, plane, y and x."""
        return (
            self._large() is not None and self.leading.currentData() == "time, planes"
        )

    def notes(self) -> tuple[str, ...]:
        """A sentence if the first axis is a mere assumption."""
        stacks = self._stacks()
        if not stacks or self._chosen_by_user or self.first_axis() is None:
            return ()
        kind, assumed = infer_shared_first_axis(stacks)
        if not assumed:
            return ()
        counts = " and ".join(str(layer.data.shape[0]) for layer in stacks)
        return (
            f"The layers do not say what their {counts} images are; assumed: {kind}. "
            "Change it at 'First axis is'.",
        )

    def _fill_leading(self, layer: Image) -> None:
        with signals_blocked(self.leading):
            self.leading.clear()
            if layer.ndim == 4:
                self.leading.addItem("time, then planes", "time, planes")
            for axis, length in enumerate(layer.data.shape[: layer.ndim - 2]):
                text = f"{_ORDINALS[axis]} ({length}) is channels: split them"
                self.leading.addItem(text, axis)
            doubt = possible_channel_axes(layer) or holds_channels(layer)
            self.leading.setCurrentIndex(-1 if doubt or layer.ndim > 4 else 0)

    def _on_first(self, _: int) -> None:
        if self.first.currentData() == _CHANNELS:
            # of two stacks the shorter one holds the channels
            stack = min(self._stacks(), key=_length)
            self.first.setCurrentIndex(-1)
            self.split_requested.emit(stack, 0)
            return
        self._chosen_by_user = True
        self.changed.emit()

    def _on_leading(self, _: int) -> None:
        axis = self.leading.currentData()
        if isinstance(axis, int):
            self.leading.setCurrentIndex(-1)
            self.split_requested.emit(self._large(), axis)
            return
        self.changed.emit()

    def _stacks(self) -> list[Image]:
        return [layer for layer in self._layers if layer.ndim == 3]

    def _large(self) -> Image | None:
        """The layer of four or more axes; of two the one with more axes."""
        layers = [layer for layer in self._layers if layer.ndim > 3]
        return max(layers, key=_ndim) if layers else None


def _shapes(layers: Sequence[Image]) -> list[tuple[int, ...]]:
    return [tuple(layer.data.shape) for layer in layers]


def _length(layer: Image) -> int:
    return int(layer.data.shape[0])


def _ndim(layer: Image) -> int:
    return int(layer.ndim)
