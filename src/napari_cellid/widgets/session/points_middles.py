"""Points layers of a viewer as middles of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.cells.middles import as_middles
from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.components import ViewerModel
    from napari.layers import Labels, Points

    from napari_cellid.cells.middles import Middle


def chosen_points(viewer: ViewerModel) -> Points:
    """The points layer that is selected, or the only one that can be edited.

    Raises
    ------
    InputError
        If there is none, there are several, or it is empty.
    """
    from napari.layers import Points

    # the ring around the current cell is a points layer, too, but cannot be edited
    layers = [k for k in viewer.layers if isinstance(k, Points) and k.editable]
    active = viewer.layers.selection.active
    if active in layers:
        layers = [active]
    if not layers:
        raise InputError(
            "There is no points layer; add one with points in the middles of the "
            "missed cells."
        )
    if len(layers) > 1:
        names = ", ".join(repr(layer.name) for layer in layers)
        raise InputError(
            f"There are {len(layers)} points layers ({names}); select one of them in "
            "the layer list."
        )
    if not len(layers[0].data):
        raise InputError(
            f"The points layer {layers[0].name!r} is empty; put a point into the "
            "middle of each missed cell."
        )
    return layers[0]


def place_in(layer: Labels, position: Sequence[float]) -> tuple[float, float, float]:
    """(plane, y, x) in px of a labels layer at a position in world coordinates."""
    # points of a movie have a time, which outlines have not
    place = layer.world_to_data(position[-layer.ndim :])
    plane = float(round(place[-3])) if layer.ndim > 2 else 0.0
    return plane, float(place[-2]), float(place[-1])


def add_at_points(
    viewer: ViewerModel,
    place_at: Callable[[Sequence[float]], tuple[float, float, float]],
    n_planes: int,
    add: Callable[[Sequence[Middle]], object],
) -> None:
    """Add cells at the points of a layer, and hide the points.

    Parameters
    ----------
    viewer
        One of its points layers is taken (`chosen_points`).
    place_at, n_planes
        As for `points_as_middles`.
    add
        Adds cells around middles, all or none.

    Raises
    ------
    InputError
        If there is no such layer, or the points or the cells are refused.
    """
    points = chosen_points(viewer)
    add(points_as_middles(points, place_at, n_planes))
    # the cells have their outlines now, and points would hide them
    points.visible = False


def points_as_middles(
    points: Points,
    place_at: Callable[[Sequence[float]], tuple[float, float, float]],
    n_planes: int,
) -> list[Middle]:
    """Middles at the points of a layer, where the screen shows them.

    Parameters
    ----------
    points
        The layer.
    place_at
        (plane, y, x) in pixels at a position in world coordinates.
    n_planes
        Number of planes of the recording.

    Raises
    ------
    InputError
        If a point is not finite, or the points have no planes and the recording has
        several.
    """
    data = np.asarray(points.data, np.float64)
    if n_planes > 1 and data.shape[1] < 3:
        raise InputError(
            f"The points of {points.name!r} have no plane, but the recording has "
            f"{n_planes}; put them into a points layer of three dimensions."
        )
    if not np.isfinite(data).all():
        raise InputError(
            f"A point of {points.name!r} is not a place (NaN); delete it first."
        )
    return as_middles([place_at(points.data_to_world(point)) for point in data])
