"""Names, colours, sizes and rates in the header of a ScanImage file."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile

from napari_cellid.io.stack import frame_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

_OLD = re.compile(r"^state\.acq\.(\w+)=(.*)$", re.MULTILINE)
#: relative difference up to which two edges of a field are the same
_SAME = 1e-3


def header_values(tif: tifffile.TiffFile) -> tuple[dict[str, Any], dict[str, Any]]:
    """The keys "SI.…" of a file, and its regions; both empty if there are none."""
    metadata: dict[str, Any] = tif.scanimage_metadata or {}
    header: dict[str, Any] = metadata.get("FrameData") or _software(tif)
    return header, metadata


def old_values(tif: tifffile.TiffFile) -> dict[str, str]:
    """The keys "state.acq.…" of a file of ScanImage 3, which ends lines with CR."""
    text = tif.pages.first.description.replace("\r\n", "\n").replace("\r", "\n")
    return dict(_OLD.findall(text))


def scanimage_names(
    header: Mapping[str, Any],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name and colour of each channel that was saved."""
    saved = np.ravel(header.get("SI.hChannels.channelSave", 1)).tolist()
    names = _texts(header.get("SI.hChannels.channelName"))
    colours = _texts(header.get("SI.hChannels.channelMergeColor"))
    shown = [colour if colour in ("red", "green") else "" for colour in colours]
    return _of_saved(names, saved), _of_saved(shown, saved)


def scanimage_rate(header: Mapping[str, Any], planes: int) -> float | None:
    """Time points per second of a file with so many planes; None if unknown."""
    key = "scanVolumeRate" if planes > 1 else "scanFrameRate"
    rate = number(header.get(f"SI.hRoiManager.{key}"))
    if rate is None or rate <= 0:
        return None
    averaged = number(header.get("SI.hScan2D.logAverageFactor")) or 1.0
    return frame_rate(averaged / rate) if averaged >= 1 else None


def scanimage_pixel_um(
    header: Mapping[str, Any],
) -> tuple[float | None, float | None, float | None]:
    """Height and width of a pixel and the distance of planes, in µm."""
    step = number(header.get("SI.hStackManager.actualStackZStepSize"))
    step = step or number(header.get("SI.hStackManager.stackZStepSize"))
    z_um = abs(step) if step else None
    corners = _array(header.get("SI.hRoiManager.imagingFovUm"))
    columns = number(header.get("SI.hRoiManager.pixelsPerLine"))
    rows = number(header.get("SI.hRoiManager.linesPerFrame"))
    if corners is None or corners.shape != (4, 2) or not columns or not rows:
        return None, None, z_um
    # its edges, also where the field is turned
    edges = [math.dist(corners[a], corners[b]) for a, b in ((0, 1), (1, 2))]
    opposite = [math.dist(corners[a], corners[b]) for a, b in ((2, 3), (3, 0))]
    if not np.allclose(edges, opposite, rtol=_SAME) or min(edges) <= 0:
        return None, None, z_um
    return edges[1] / rows, edges[0] / columns, z_um


def number(value: Any) -> float | None:
    """A finite number; ScanImage writes also lists, inf and empty lists."""
    if isinstance(value, (list, tuple)):
        value = value[0] if value else None
    try:
        result = float(value)
    except (TypeError, ValueError):
        return None
    return result if math.isfinite(result) else None


def _of_saved(values: list[str], saved: list[Any]) -> tuple[str, ...]:
    try:
        return tuple(values[int(channel) - 1] for channel in saved)
    except (IndexError, TypeError, ValueError):
        return ()


def _texts(value: Any) -> list[str]:
    """A cell array of texts, in whichever direction it lies."""
    if isinstance(value, str):
        return [value]
    if not isinstance(value, (list, tuple)):
        return []
    return [text for part in value for text in _texts(part)]


def _array(value: Any) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    try:
        array = np.array(value, dtype=float)
    except (TypeError, ValueError):
        return None
    return array if array.size and np.isfinite(array).all() else None


def _software(tif: tifffile.TiffFile) -> dict[str, Any]:
    text = tif.pages.first.software
    if text.startswith("SI."):
        header: dict[str, Any] = tifffile.matlabstr2py(text)
        return header
    description = tif.pages.first.description
    if "scanimage.SI" in description:
        text = re.sub(r"^scanimage\.SI\d*\.", "SI.", description, flags=re.MULTILINE)
        lines = [line for line in text.splitlines() if line.startswith("SI.")]
        header = tifffile.matlabstr2py("\n".join(lines))
        return header
    return {}
