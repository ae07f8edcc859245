"""The layers of a recording of a study: red, green, outlines and the cell marker."""

from __future__ import annotations

import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.widgets._shared.layers import (
    lie_alike,
    set_transform,
    shared_units,
    transform_in_um,
    transform_of,
)
from napari_cellid.widgets._shared.waiting import draw_pending
from napari_cellid.widgets.session.marker import CellMarker
from napari_cellid.widgets.session.outline_layer import OutlineLayer
from napari_cellid.widgets.session.points_middles import place_in
from napari_cellid.widgets.session.study_images import StudyImages, same_images

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.components import ViewerModel
    from napari.layers import Image, Layer
    from numpy.typing import NDArray

    from napari_cellid.config import StudyConfig
    from napari_cellid.recording import MeanPlanes

#: part of the field that is shown at first (µm): a cell with its neighbours
_FIRST_VIEW_UM = 260.0


def camera_of(viewer: ViewerModel) -> Any:
    """The camera of a viewer, which is elsewhere since napari 0.9."""
    return getattr(viewer, "scene", viewer).camera


class RecordingLayers:
    """The layers that show one recording in a viewer.

    Images that the viewer shows already are used, see `StudyImages`.

    Parameters
    ----------
    viewer
        Gets the layers.
    planes
        Mean images.
    labels
        (plane, y, x) of the same shape.
    config
        Classes of the study.
    title
        What people see of the recording, for the names of its layers.
    like
        A layer of the same recording that exists already and whose transform the new
        layers get.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        planes: MeanPlanes,
        labels: NDArray[Any],
        config: StudyConfig,
        title: str,
        *,
        like: Layer | None = None,
    ) -> None:
        # a session must not keep its viewer alive
        self._viewer: ViewerModel = weakref.proxy(viewer)
        self._images = StudyImages(viewer)
        same = same_images(viewer, planes)
        self.title = title
        self._set_recording(planes, labels, _transform(planes, like, same))
        self._first_zoom = 0.0
        self._images.show(planes, self._transform, same, title)
        self.outlines = OutlineLayer(
            viewer, self._outlines_name, labels, self._transform, config
        )
        self._outlines = self.outlines.layer
        draw_pending()
        self._marker = CellMarker(
            viewer, planes.shape, self._transform, self._pixel_size_um
        )
        # an image, because its controls are few and nothing can be painted on it
        viewer.layers.selection.active = self._images.layers[-1]

    def show(
        self,
        planes: MeanPlanes,
        labels: NDArray[Any],
        config: StudyConfig,
        title: str,
        like: Layer | None = None,
    ) -> bool:
        """Show another recording in these layers, if they can.

        Adding and removing layers takes napari far longer than showing other data in
        them. They can if the user has removed no layer over the images, and the
        recording has as many axes.

        Parameters
        ----------
        planes, labels, config, title, like
            As for the layers themselves.

        Returns
        -------
        Whether they show it; otherwise nothing has changed.
        """
        same = same_images(self._viewer, planes)
        transform = _transform(planes, like, same)
        as_many = len(transform["scale"]) == len(self._transform["scale"])
        if not as_many or not self._drawn_complete:
            return False
        self.title = title
        self._set_recording(planes, labels, transform, self._added)
        self._images.show(planes, self._transform, same, title, self._outlines)
        self.outlines.set_recording(
            self._outlines_name, labels, self._transform, config
        )
        self._marker.set_recording(self._transform, self._pixel_size_um)
        self._viewer.layers.selection.active = self._images.layers[-1]
        return True

    def _set_recording(
        self,
        planes: MeanPlanes,
        labels: NDArray[Any],
        transform: dict[str, Any],
        own: tuple[Layer, ...] = (),
    ) -> None:
        self._planes, self._labels = planes, labels
        self._pixel_size_um = planes.pixel_size_um
        self._transform, self._units_alone = transform, transform["units"]
        # before the first layer is added, which napari draws at once
        transform["units"] = shared_units(self._viewer, self._units_alone, own)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All layers, from the bottom."""
        return (*self._images.layers, *self._drawn)

    @property
    def borrowed(self) -> tuple[Image, ...]:
        """Images of the user that are used."""
        return self._images.borrowed

    @property
    def complete(self) -> bool:
        """Whether the user has removed none of them."""
        return self._images.complete and self._drawn_complete

    def is_of(self, planes: MeanPlanes) -> bool:
        """Whether these are the images of the recording that is shown."""
        return self._planes.has_images_of(planes)

    def set_title(self, title: str) -> None:
        """Name the layers that were added by what people see of the recording."""
        self.title = title
        self._images.set_title(title)
        self._outlines.name = self._outlines_name

    def use_same_images(self) -> None:
        """Use images that were opened since, if they lie where the outlines lie."""
        same = same_images(self._viewer, self._planes)
        if not same or any(
            layer.ndim != self._outlines.ndim or not lie_alike(layer, self._outlines)
            for layer in same.values()
        ):
            return
        self._images.show(
            self._planes, self._transform, same, self.title, self._outlines
        )
        self._transform = _transform(self._planes, None, same)
        self._units_alone = self._transform["units"]
        for layer in self._drawn:
            set_transform(layer, self._transform)
        self.follow_units()

    def mark_cell(self, plane: int, y: float, x: float, *, centre: bool = True) -> None:
        """Show a plane, mark a position in it (px), and centre the camera on it."""
        dims = self._viewer.dims
        position = (y, x) if self._flat else (plane, y, x)
        world = self._outlines.data_to_world(position)
        if not self._flat and dims.point[dims.ndim - 3] != world[0]:
            dims.set_point(dims.ndim - 3, world[0])
        self._marker.show(plane, y, x)
        if centre and dims.ndisplay == 2:
            camera_of(self._viewer).center = (0.0, *world[-2:])

    def unmark_cell(self) -> None:
        """Mark no cell."""
        self._marker.hide()

    def zoom_in(self) -> None:
        """Zoom in so that a cell and its neighbours are large."""
        self._viewer.reset_view()
        field_um = max(self._labels.shape[1:]) * self._pixel_size_um
        camera = camera_of(self._viewer)
        camera.zoom *= max(1.0, field_um / _FIRST_VIEW_UM)
        self._first_zoom = camera.zoom

    def adjust_zoom(self) -> None:
        """Zoom in for the present size of the window, unless the user has zoomed."""
        camera = camera_of(self._viewer)
        if camera.zoom == self._first_zoom:
            centre = camera.center
            self.zoom_in()
            camera.center = centre

    def label_at(self, position: Sequence[float]) -> int:
        """Label of the cell at a position in world coordinates; 0 if there is none."""
        pixel = np.round(self._outlines.world_to_data(position)).astype(int)
        index = (0, *pixel) if self._flat else tuple(pixel)
        inside = all(0 <= k < n for k, n in zip(index, self._labels.shape, strict=True))
        return int(self._labels[index]) if inside else 0

    def place_at(self, position: Sequence[float]) -> tuple[float, float, float]:
        """(plane, y, x) in px of a position in world coordinates."""
        return place_in(self._outlines, position)

    def labels_within(
        self, corner: Sequence[float], opposite: Sequence[float]
    ) -> tuple[int, ...]:
        """Labels that lie at least partly in a rectangle of the plane shown."""
        corners = [self._outlines.world_to_data(k)[-2:] for k in (corner, opposite)]
        low, high = np.sort(np.round(corners).astype(int).clip(0), axis=0)
        plane = 0 if self._flat else round(self._outlines.world_to_data(corner)[0])
        if not 0 <= plane < len(self._labels):
            return ()
        part = self._labels[plane, low[0] : high[0] + 1, low[1] : high[1] + 1]
        return tuple(int(k) for k in np.unique(part) if k)

    def set_visible(self, visible: bool, *, images: bool = True) -> None:
        """Show or hide the layers, with or without the images."""
        for layer in self.layers if images else self._drawn:
            layer.visible = visible

    def follow_units(self) -> None:
        """Use units that go with those of the other layers of the viewer now."""
        units = shared_units(self._viewer, self._units_alone, self._added)
        for layer in self._added:
            if [str(unit) for unit in layer.units] != [str(unit) for unit in units]:
                layer.units = units

    def remove(self) -> None:
        """Remove the layers from the viewer."""
        self._images.remove()
        for layer in self._drawn:
            # the user may have removed it already
            with suppress(ValueError):
                self._viewer.layers.remove(layer)
                draw_pending()

    @property
    def _outlines_name(self) -> str:
        return f"{self.title} classes"

    @property
    def _drawn(self) -> tuple[Layer, ...]:
        """The layers over the images."""
        return self._outlines, self._marker.layer

    @property
    def _drawn_complete(self) -> bool:
        return all(layer in self._viewer.layers for layer in self._drawn)

    @property
    def _added(self) -> tuple[Layer, ...]:
        """All layers that were added for the study."""
        return (*self._images.own, *self._drawn)

    @property
    def _flat(self) -> bool:
        return len(self._transform["scale"]) == 2


def _transform(
    planes: MeanPlanes, like: Layer | None, same: Mapping[str, Image]
) -> dict[str, Any]:
    """Arguments of layers of a recording, which lie on images that are there."""
    like = same.get("green", same.get("red", like))
    if like is not None:
        return transform_of(like)
    transform = transform_in_um(planes.pixel_size_um, planes.shape[0])
    n = len(transform["scale"])
    # all of them, so that layers that were moved lie straight again
    return transform | {
        "translate": np.zeros(n),
        "rotate": np.eye(n),
        "shear": np.zeros(n * (n - 1) // 2),
        "affine": np.eye(n + 1),
    }
