"""Fields of a multi-region recording of ScanImage, one above the other in each page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_cellid.errors import InputError
from napari_cellid.io.tiff.scanimage_metadata import header_values, number

if TYPE_CHECKING:
    from pathlib import Path

    import tifffile

_ARTIST = 315


@dataclass(frozen=True)
class ScanField:
    """One field of each page.

    Parameters
    ----------
    name
        Name of the region.
    first, last
        Its rows in the page: the first, and the one after the last.
    y_um, x_um
        Height and width of a pixel in µm; None if they are not known.
    """

    name: str
    first: int
    last: int
    y_um: float | None
    x_um: float | None


def scan_fields(tif: tifffile.TiffFile) -> list[ScanField]:
    """The fields of a page from top to bottom; empty if they cannot be told apart.

    Between two fields lie as many rows without meaning as the mirrors need. Those that
    differ between depths cannot be told apart.
    """
    if fields_differ(tif):
        return []
    header, metadata = header_values(tif)
    rois = _rois(tif, metadata)
    parts = [_scan_field(roi) for roi in rois]
    if len(parts) < 2 or any(part is None for part in parts):
        return []
    heights = [part[1] for part in parts if part is not None]
    rows = tif.pages.first.shape[-2]
    gap, rest = divmod(rows - sum(heights), len(parts) - 1)
    if gap < 0 or rest:
        return []
    per_degree = number(header.get("SI.objectiveResolution"))
    fields, top = [], 0
    for index, part in enumerate(parts):
        if part is None:
            continue
        name, height, y_degrees, x_degrees = part
        known = per_degree if per_degree and per_degree > 0 else None
        fields.append(
            ScanField(
                name or f"field {index}",
                top,
                top + height,
                y_degrees * known if y_degrees and known else None,
                x_degrees * known if x_degrees and known else None,
            )
        )
        top += height + gap
    return fields


def fields_differ(tif: tifffile.TiffFile) -> bool:
    """Whether the regions of a page are others in other depths.

    A region of one depth lies in all of them, unless regions are scanned in their own
    depths alone; one of several depths changes from one to the next.
    """
    _, metadata = header_values(tif)
    rois = _rois(tif, metadata)
    several = [roi for roi in rois if _n_fields(roi) > 1]
    apart = [str(roi.get("zs")) for roi in rois if roi.get("discretePlaneMode")]
    return bool(several) or (bool(apart) and len({*apart, *_depths(rois)}) > 1)


def _n_fields(roi: dict[str, Any]) -> int:
    fields = roi.get("scanfields")
    return len(fields) if isinstance(fields, list) else 1


def _depths(rois: list[dict[str, Any]]) -> set[str]:
    return {str(roi.get("zs")) for roi in rois}


def choose_field(fields: list[ScanField], image: str | int, path: Path) -> ScanField:
    """The field that the user chose by its name or its number from 0.

    Raises
    ------
    InputError
        If there is none of that name or number.
    """
    names = [field.name for field in fields]
    if isinstance(image, str) and names.count(image) == 1:
        return fields[names.index(image)]
    if str(image).isdecimal() and int(image) < len(fields):
        return fields[int(image)]
    raise InputError(
        f"{path.name} has no field {image!r}; choose one of "
        f"{', '.join(f'{k} ({name})' for k, name in enumerate(names))} with --image."
    )


def _rois(tif: tifffile.TiffFile, metadata: dict[str, Any]) -> list[dict[str, Any]]:
    groups = metadata.get("RoiGroups")
    if not groups:
        try:
            groups = json.loads(tif.pages.first.tags.valueof(_ARTIST, "{}"))
        except (TypeError, ValueError):
            return []
    try:
        rois = groups.get("RoiGroups", groups)["imagingRoiGroup"]["rois"]
    except (AttributeError, KeyError, TypeError):
        return []
    several = rois if isinstance(rois, list) else [rois]
    return [roi for roi in several if isinstance(roi, dict) and roi.get("enable", 1)]


def _scan_field(
    roi: dict[str, Any],
) -> tuple[str, int, float | None, float | None] | None:
    """Name, height, and degrees of a pixel of a region of one depth."""
    fields = roi.get("scanfields")
    if isinstance(fields, list):
        # of a region that changes with depth, which page has what is not clear
        if len(fields) != 1:
            return None
        fields = fields[0]
    if not isinstance(fields, dict):
        return None
    pixels, size = fields.get("pixelResolutionXY"), fields.get("sizeXY")
    try:
        columns, rows = (int(n) for n in pixels or ())
        width, height = (number(n) for n in size or ())
    except (TypeError, ValueError, OverflowError):
        return None
    if columns < 1 or rows < 1:
        return None
    name = roi.get("name")
    return (
        name if isinstance(name, str) else "",
        rows,
        abs(height) / rows if height else None,
        abs(width) / columns if width else None,
    )
