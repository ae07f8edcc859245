"""Planes in the copies of CRCNS ssc-2 in NWB 1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.io.crcns.plane import RawPlane

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLANE_KEY = re.compile(r"fov_(\d{2})(\d{3})")


def planes_of_nwb(file: Any) -> Iterator[RawPlane]:
    """Planes of a copy in NWB 1."""
    images = _group(file, "acquisition/images")
    rois = _group(file, "processing/ROIs/ImageSegmentation")
    for name in sorted(images):
        match = _PLANE_KEY.match(name)
        if not match or not name.endswith("_green"):
            continue
        key = match.group(0)
        red = images.get(f"{key}_red")
        green = np.asarray(images[name][()])
        masks = _group(rois, key)
        pairs = []
        for k, roi in enumerate(sorted(masks), 1):
            if not hasattr(masks[roi], "keys") or "pix_mask" not in masks[roi]:
                continue
            pixels = np.asarray(masks[roi]["pix_mask"][()], np.int64)
            # (pixel, 2) or (2, pixel): x and y, counted as MATLAB's linear index
            x, y = pixels.T if pixels.shape[-1] == 2 else pixels
            digits = re.sub(r"\D", "", roi)
            number = int(digits) if digits else k
            pairs.append((number, x * green.shape[0] + y + 1))
        yield RawPlane(
            green, None if red is None else np.asarray(red[()]), tuple(pairs),
            int(match.group(1)), int(match.group(2)),
        )  # fmt: skip


def _group(parent: Any, name: str) -> Any:
    """A group by its name; empty where there is none."""
    found = parent.get(name, {})
    return found if hasattr(found, "keys") else {}
