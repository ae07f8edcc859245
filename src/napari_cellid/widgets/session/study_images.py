"""The images of a recording of a study: layers that are open already, or new ones."""

from __future__ import annotations

import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.channels.normalisation import contrast_limits
from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.layers import (
    METADATA_KEY,
    STUDY_IMAGE,
    channel_image,
    has_default_display,
    lie_alike,
    show_other_image,
)
from napari_cellid.widgets._shared.waiting import draw_pending
from napari_cellid.widgets.session.hover_text import say_values
from napari_cellid.widgets.session.result_layer import (
    is_output_layer,
    is_study_image,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari.components import ViewerModel
    from napari.layers import Image, Layer
    from numpy.typing import NDArray

    from napari_cellid.recording import MeanPlanes


def same_images(viewer: ViewerModel, planes: MeanPlanes) -> dict[str, Image]:
    """Layers of a viewer that show the mean images of a recording, by colour.

    Every pixel has the same value. Layers that a study added are not among them, and
    the two lie on one another.
    """
    same: dict[str, Image] = {}
    for colour, image in images_of(planes).items():
        layers = [
            layer
            for layer in _other_images(viewer)
            if layer not in same.values() and _shows(layer, image)
        ]
        if layers:
            # rather what the user opened than the mean image of a result
            same[colour] = min(layers, key=is_output_layer)
    if len(same) == 2 and not lie_alike(same["red"], same["green"]):
        del same["red"]
    return same


def images_of(planes: MeanPlanes) -> dict[str, NDArray[np.float32]]:
    """The mean images that there are, by colour."""
    images = {"red": planes.red, "green": planes.green}
    return {colour: image for colour, image in images.items() if image is not None}


@dataclass(eq=False)
class _Borrowed:
    """A layer of the user that shows a channel, and how it was shown before."""

    layer: Image
    visible: bool
    data: Any
    before: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, layer: Image, colour: str, image: NDArray[np.float32]) -> _Borrowed:
        """Show a layer as a channel: in red or green, and additive."""
        borrowed = cls(layer, layer.visible, layer.data)
        borrowed._set("blending", "additive")
        if has_default_display(layer):
            borrowed._set("contrast_limits", contrast_limits(image))
            borrowed._set("colormap", colour)
        elif layer.colormap.name in ("red", "green"):
            borrowed._set("colormap", colour)
        layer.visible = True
        return borrowed

    def give_back(self) -> None:
        """Show the layer as before; what the user has changed since stays."""
        for name, value in self.before.items():
            if _display(self.layer, name) == self.shown[name]:
                setattr(self.layer, name, value)
        self.layer.visible = self.visible
        say_values(self.layer)

    def _set(self, name: str, value: Any) -> None:
        self.before[name] = _display(self.layer, name)
        setattr(self.layer, name, value)
        self.shown[name] = _display(self.layer, name)


class StudyImages:
    """The red and the green image of the recording that is shown.

    A layer that shows an image already is used, so that no image is there twice. It is
    never removed.

    Parameters
    ----------
    viewer
        Gets the other layers.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        # a session must not keep its viewer alive
        self._viewer: ViewerModel = weakref.proxy(viewer)
        self._own: dict[str, Image] = {}
        self._borrowed: dict[str, _Borrowed] = {}
        self._colours: tuple[str, ...] = ()

    @property
    def layers(self) -> tuple[Image, ...]:
        """The layers, from the bottom."""
        return tuple(
            self._borrowed[colour].layer
            if colour in self._borrowed
            else self._own[colour]
            for colour in self._colours
        )

    @property
    def own(self) -> tuple[Image, ...]:
        """Those that were added for the study."""
        return tuple(self._own.values())

    @property
    def borrowed(self) -> tuple[Image, ...]:
        """Those of the user."""
        return tuple(borrowed.layer for borrowed in self._borrowed.values())

    @property
    def complete(self) -> bool:
        """Whether all are there, and show what they showed at first."""
        there = all(layer in self._viewer.layers for layer in self.layers)
        return there and all(
            one.layer.data is one.data for one in self._borrowed.values()
        )

    def show(
        self,
        planes: MeanPlanes,
        transform: Mapping[str, Any],
        same: Mapping[str, Image],
        title: str,
        below: Layer | None = None,
    ) -> None:
        """Show the images of a recording.

        Parameters
        ----------
        planes
            The images.
        transform
            Arguments of new layers.
        same
            Layers that show them already, by colour.
        title
            What people see of the recording, for the names of its own layers.
        below
            The layer below which new ones come; None for the top.
        """
        images = images_of(planes)
        for colour in ("red", "green"):
            if colour in self._borrowed:
                self._borrowed.pop(colour).give_back()
            if colour in self._own and (colour in same or colour not in images):
                self._remove(colour)
        self._colours = tuple(images)
        metadata = {METADATA_KEY: (STUDY_IMAGE, planes.name)}
        for colour, image in images.items():
            name = _layer_name(title, colour)
            if colour in same:
                self._borrowed[colour] = _Borrowed.of(same[colour], colour, image)
            elif colour in self._own and self._own[colour] in self._viewer.layers:
                own = self._own[colour]
                show_other_image(own, image, name, transform, metadata)
            else:
                own = channel_image(image, name, colour, transform, metadata)
                self._own[colour] = own
                layers = self._viewer.layers
                layers.insert(
                    len(layers) if below is None else layers.index(below), own
                )
                # napari needs a while for each layer
                draw_pending()

    def set_title(self, title: str) -> None:
        """Name the layers that were added."""
        for colour, layer in self._own.items():
            layer.name = _layer_name(title, colour)

    def remove(self) -> None:
        """Remove the layers that were added, and give the others back."""
        while self._borrowed:
            self._borrowed.popitem()[1].give_back()
        for colour in list(self._own):
            self._remove(colour)
        self._colours = ()

    def _remove(self, colour: str) -> None:
        layer = self._own.pop(colour)
        # the user may have removed it already
        with suppress(ValueError):
            self._viewer.layers.remove(layer)
            draw_pending()


def _layer_name(title: str, colour: str) -> str:
    return f"{title} {colour}"


def _display(layer: Image, name: str) -> Any:
    """How a layer is shown, in a form that can be compared."""
    value = getattr(layer, name)
    if name == "colormap":
        return value.name
    return tuple(value) if name == "contrast_limits" else str(value)


def _other_images(viewer: ViewerModel) -> Iterator[Image]:
    from napari.layers import Image

    for layer in viewer.layers:
        if isinstance(layer, Image) and not is_study_image(layer):
            yield layer


def _shows(layer: Image, image: NDArray[np.float32]) -> bool:
    """Whether a layer shows exactly this image (plane, y, x), or its one plane."""
    if layer.rgb or layer.multiscale or layer.data.dtype.kind not in "buif":
        return False
    flat = layer.ndim == 2 and len(image) == 1
    if tuple(layer.data.shape) != (image.shape[1:] if flat else image.shape):
        return False
    stack = [layer.data] if flat else layer.data
    try:
        # plane by plane: others differ in the first one
        return all(
            np.array_equal(np.asarray(shown, np.float32), plane, equal_nan=True)
            for shown, plane in zip(stack, image, strict=True)
        )
    except (OSError, InputError):
        # a file that is read when it is looked at, and is gone or damaged
        return False
