"""How linear indices of ROIs count: MATLAB's order, unless the image says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.io.crcns.plane import SscPlane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.io.crcns.plane import RawPlane


@dataclass(frozen=True)
class IndexOrder:
    """How linear indices count: from `first`, along columns or along rows."""

    first: int
    by_column: bool


#: MATLAB's own order first, which the others must clearly beat
_ORDERS = tuple(IndexOrder(first, by) for by in (True, False) for first in (1, 0))
#: contrast by which another order must be better than MATLAB's
_CLEARLY = 0.02


def find_index_order(planes: Sequence[RawPlane]) -> tuple[IndexOrder, str]:
    """Order in which the ROIs are brightest in green, and a note if it is unusual."""
    contrasts = [_contrast(planes, order) for order in _ORDERS]
    best = int(np.argmax(contrasts))
    if best == 0 or contrasts[best] < contrasts[0] + _CLEARLY:
        return _ORDERS[0], ""
    order = _ORDERS[best]
    return order, (
        f"the ROIs lie on cells if their indices count from {order.first} along "
        f"{'columns' if order.by_column else 'rows'} (contrast {contrasts[best]:.2f} "
        f"against {contrasts[0]:.2f}), and were read so; look at the outlines."
    )


def _contrast(planes: Sequence[RawPlane], order: IndexOrder) -> float:
    """Mean green inside the ROIs over that of the ring around them, less 1."""
    from scipy import ndimage

    values = []
    for one in planes:
        inside = labelled_plane(one, order).labels > 0
        ring = ndimage.binary_dilation(inside, iterations=4) & ~ndimage.binary_dilation(
            inside, iterations=1
        )
        if inside.any() and ring.any():
            green = np.asarray(one.green, float)
            values.append(green[inside].mean() / max(green[ring].mean(), 1e-9) - 1)
    return float(np.mean(values)) if values else 0.0


def labelled_plane(one: RawPlane, order: IndexOrder) -> SscPlane:
    """Plane with its ROIs as labels, read in an order of their indices."""
    height, width = one.green.shape
    labels, ids = np.zeros((height, width), np.int32), []
    for number, pixels in one.rois:
        k = pixels - order.first
        k = k[(k >= 0) & (k < height * width)]
        ids.append(number)
        if order.by_column:
            labels[k % height, k // height] = len(ids)
        else:
            labels[k // width, k % width] = len(ids)
    red = one.green if one.red is None else one.red
    red, green = (
        np.clip(np.round(image), 0, 65535).astype(np.uint16)
        for image in (red, one.green)
    )
    return SscPlane(green, red, labels, tuple(ids), one.fov, one.plane)
