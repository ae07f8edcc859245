"""The layers of a recording of a study: red, green, outlines, and the marked cell."""

from __future__ import annotations

import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.cells.contours import OutlinePixels, join_indices
from napari_cellid.colours import UNCLASSIFIED, answer_colours
from napari_cellid.widgets._shared.layers import (
    add_channel_image,
    transform_in_um,
    transform_of,
)
from napari_cellid.widgets.session.marker import Marker
from napari_cellid.widgets.session.result_layer import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari.components import ViewerModel
    from napari.layers import Image, Layer
    from numpy.typing import NDArray

    from napari_cellid.config import StudyConfig
    from napari_cellid.recording import MeanPlanes

#: values in the outline image: nothing, no answer yet, inside a selected cell; answers
#: come after them
_NOTHING, _UNANSWERED, _SELECTED, _FIRST = 0, 1, 2, 3
_SELECTED_SHADE = (1.0, 1.0, 1.0, 0.4)
#: so much of the field is shown at first (µm): cells are seen with their neighbours
_FIRST_VIEW_UM = 260.0


def camera_of(viewer: ViewerModel) -> Any:
    """The camera, which napari 0.9 moved to another place."""
    return getattr(viewer, "scene", viewer).camera


class RecordingLayers:
    """What a viewer shows of one recording.

    Outlines are an image of small numbers, one for each answer, so that an answer
    changes the few pixels of its cell and nothing else.

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
    like
        A layer of the same recording that is there already, on which these shall lie.
        Identify still chooses the images that this one came from.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        planes: MeanPlanes,
        labels: NDArray[Any],
        config: StudyConfig,
        *,
        like: Layer | None = None,
    ) -> None:
        self.name = planes.name
        # a session outlives no viewer, and must not keep one alive
        self._viewer: ViewerModel = weakref.proxy(viewer)
        self._labels = labels
        self._size = planes.pixel_size_um
        self._transform = (
            transform_in_um(planes.pixel_size_um, planes.shape[0])
            if like is None
            else transform_of(like)
        )
        self._pixels = OutlinePixels(labels)
        self._first_zoom = 0.0
        self._selected: tuple[int, ...] = ()
        self._code = _codes(config)
        self._images = [
            self._add_image(viewer, colour, image, like is not None)
            for colour in ("red", "green")
            if (image := getattr(planes, colour)) is not None
        ]
        self._outlines = self._add_outlines(config)
        self._marker = Marker(viewer, planes.shape, self._transform, self._size)
        # an image: what napari shows of it is short, and nothing can be painted
        viewer.layers.selection.active = self._images[-1]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All of them, from below."""
        return (*self._images, self._outlines, self._marker.layer)

    @property
    def complete(self) -> bool:
        """Whether the user has taken none of them away."""
        return all(layer in self._viewer.layers for layer in self.layers)

    def draw(self, answers: Mapping[int, str]) -> None:
        """Colour all outlines.

        Parameters
        ----------
        answers
            By label; the others have no answer yet.
        """
        codes = {k: self._code.get(a, _UNANSWERED) for k, a in answers.items()}
        drawn = self._pixels.draw(codes, _UNANSWERED)
        self._selected = ()
        self._outlines.data = drawn[-1] if self._flat else drawn

    def colour(self, labels: Sequence[int], answer: str | None) -> None:
        """Colour the outlines of some cells."""
        code = self._code.get(answer or "", _UNANSWERED)
        self._write([self._pixels.outline(label) for label in labels], code)

    def select(self, labels: Sequence[int]) -> None:
        """Show which cells the next answer is for."""
        before, now = set(self._selected), set(labels)
        for some, code in ((before - now, _NOTHING), (now - before, _SELECTED)):
            self._write([self._pixels.inside(label) for label in some], code)
        self._selected = tuple(labels)

    def look_at(self, plane: int, y: float, x: float, *, centre: bool = True) -> None:
        """Show a plane, mark a place in it (px), and bring it to the middle."""
        dims = self._viewer.dims
        spot = (y, x) if self._flat else (plane, y, x)
        world = self._outlines.data_to_world(spot)
        if not self._flat and dims.point[dims.ndim - 3] != world[0]:
            dims.set_point(dims.ndim - 3, world[0])
        self._marker.show(plane, y, x)
        if centre and dims.ndisplay == 2:
            camera_of(self._viewer).center = (0.0, *world[-2:])

    def look_away(self) -> None:
        """Mark nothing."""
        self._marker.hide()

    def zoom_in(self) -> None:
        """Show a part of the field, in which a cell and its neighbours are large."""
        self._viewer.reset_view()
        shown = max(self._labels.shape[1:]) * self._size
        camera = camera_of(self._viewer)
        camera.zoom *= max(1.0, shown / _FIRST_VIEW_UM)
        self._first_zoom = camera.zoom

    def zoom_again(self) -> None:
        """Do so for the size that the window has now, unless the user has zoomed."""
        camera = camera_of(self._viewer)
        if camera.zoom == self._first_zoom:
            centre = camera.center
            self.zoom_in()
            camera.center = centre

    def label_at(self, position: Sequence[float]) -> int:
        """Label of the cell at a place of the viewer's world; 0 where there is none."""
        spot = np.round(self._outlines.world_to_data(position)).astype(int)
        at = (0, *spot) if self._flat else tuple(spot)
        inside = all(0 <= k < n for k, n in zip(at, self._labels.shape, strict=True))
        return int(self._labels[at]) if inside else 0

    def labels_within(
        self, one: Sequence[float], other: Sequence[float]
    ) -> tuple[int, ...]:
        """Labels that lie, at least in part, in a rectangle of the plane shown."""
        corners = [self._outlines.world_to_data(k)[-2:] for k in (one, other)]
        low, high = np.sort(np.round(corners).astype(int).clip(0), axis=0)
        plane = 0 if self._flat else round(self._outlines.world_to_data(one)[0])
        if not 0 <= plane < len(self._labels):
            return ()
        part = self._labels[plane, low[0] : high[0] + 1, low[1] : high[1] + 1]
        return tuple(int(k) for k in np.unique(part) if k)

    def remove(self) -> None:
        """Take the layers from the viewer."""
        for layer in self.layers:
            # the user may have done so already
            with suppress(ValueError):
                self._viewer.layers.remove(layer)

    @property
    def _flat(self) -> bool:
        return len(self._transform["scale"]) == 2

    def _write(self, parts: Sequence[tuple[NDArray[np.intp], ...]], code: int) -> None:
        if not parts:
            return
        layer, where = self._outlines, join_indices(parts)
        layer.data_setitem(where[1:] if self._flat else where, code)
        # a layer that cannot be edited forgets what could be undone: napari's undo
        # would show an earlier answer than the one that counts
        layer.editable = True
        layer.editable = False

    def _add_image(
        self, viewer: ViewerModel, colour: str, image: NDArray[np.float32], own: bool
    ) -> Image:
        metadata = {KEY: ("study", self.name)} if own else None
        name = f"{self.name} {colour}"
        return add_channel_image(viewer, image, name, colour, self._transform, metadata)

    def _add_outlines(self, config: StudyConfig) -> Any:
        from napari.layers import Labels
        from napari.utils.colormaps import DirectLabelColormap

        shades: dict[int | None, Any] = dict.fromkeys((None, _NOTHING), "transparent")
        shades |= {_UNANSWERED: UNCLASSIFIED, _SELECTED: _SELECTED_SHADE}
        colours = answer_colours(config)
        shades |= {code: colours[answer] for answer, code in self._code.items()}
        shape = self._labels.shape[1:] if self._flat else self._labels.shape
        layer = Labels(
            np.zeros(shape, np.uint8),
            name=f"{self.name} classes",
            colormap=DirectLabelColormap(color_dict=shades),
            opacity=1,
            **self._transform,
        )
        self._viewer.add_layer(layer)
        layer.editable = False
        return layer


def _codes(config: StudyConfig) -> dict[str, int]:
    return {answer: _FIRST + k for k, answer in enumerate(config.answers)}
