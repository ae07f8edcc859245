"""Channels, planes and frames of a ScanImage file.

ScanImage writes one page after another: the channel changes fastest, then the frames
of one plane, then the planes, then the volumes. Its header describes the acquisition
that was planned; a file that was split, aborted or averaged holds another number of
frames, so the number of pages decides.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.io.tiff.scanimage_fields import fields_differ
from napari_cellid.io.tiff.scanimage_metadata import header_values, old_values
from napari_cellid.io.tiff.stated import disagreement, plain_layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import tifffile

    from napari_cellid.io.tiff.chain import PageChain
    from napari_cellid.io.tiff.scanimage_fields import ScanField
    from napari_cellid.io.tiff.stated import StatedLayout


@dataclass(frozen=True)
class ScanImageHeader:
    """What a ScanImage header says of an acquisition.

    Parameters
    ----------
    planes
        Planes of a volume.
    flyback
        Images a volume, without meaning, while the focus returns.
    frames
        Images of one plane that follow one another, after averaging; 0 if the
        acquisition has no planes.
    planned
        Planned number of time points; 0 if none is named.
    several_fields
        Whether each page shows several fields, one above the other.
    fields_differ
        Whether these are others in other depths.
    """

    channels: int = 1
    planes: int = 1
    flyback: int = 0
    frames: int = 1
    planned: int = 0
    several_fields: bool = False
    fields_differ: bool = False


def scanimage_header(tif: tifffile.TiffFile) -> ScanImageHeader | None:
    """Read the ScanImage header of an open file; None if there is none."""
    if not tif.is_scanimage:
        return None
    header, metadata = header_values(tif)
    if header:
        new = _new_header(header, metadata)
        return replace(new, fields_differ=new.several_fields and fields_differ(tif))
    return _old_header(old_values(tif))


def scanimage_layout(
    tif: tifffile.TiffFile,
    header: ScanImageHeader,
    chain: PageChain,
    path: Path,
    fields: Sequence[ScanField] = (),
) -> StatedLayout:
    """Give the pages of a file the dimensions that its ScanImage header explains.

    `fields` are those of each page, for the message if there are several.
    """
    plain = plain_layout(tif.pages.first, chain)
    n_pages, channels = len(plain.plain), header.channels
    if header.several_fields:
        names = ", ".join(f"{k} ({field.name})" for k, field in enumerate(fields))
        remedy = (
            f"choose one of {names} with --image"
            if names
            else "save each field as a file of its own"
        )
        if header.fields_differ:
            remedy = (
                "they differ between depths, so that pages do not show the same ones: "
                "save the pages of one depth as a file of their own"
            )
        problem = (
            f"{path.name}: each of its {n_pages} pages shows several fields of "
            f"ScanImage, one above the other; {remedy}, or "
            "name the axes with --axes to read a page as one field, such as --axes "
            f"{'TC' if channels > 1 else 'T'}YX."
        )
        return replace(plain, problem=problem, counts=(channels, header.planes))
    if n_pages < channels:
        names = f"its header names {channels} channels"
        problem = disagreement(path, names, n_pages, channels)
        return replace(plain, problem=problem)
    begins = _begins_within_volume(tif, header)
    if begins:
        problem = (
            f"{path.name}: it begins with frame {begins} of the acquisition, within a "
            f"volume of {header.planes} planes; save the whole acquisition as one "
            f"file, or say what its {n_pages} pages are with --axes and --channels."
        )
        return replace(plain, problem=problem)
    return _stacked(plain, header, path)


def _stacked(plain: StatedLayout, header: ScanImageHeader, path: Path) -> StatedLayout:
    n_pages, channels = len(plain.plain), header.channels
    images = n_pages // channels
    planes, frames, stored = header.planes, max(1, header.frames), header.planes
    if planes > 1 and header.flyback:
        both = [planes + header.flyback, planes]
        fitting = [size for size in both if images % (size * frames) == 0]
        if len(fitting) == 2:
            problem = disagreement(
                path,
                f"its header names {planes} planes and {header.flyback} flyback "
                "images a volume",
                n_pages, channels, planes,
            )  # fmt: skip
            return replace(plain, problem=problem)
        stored = fitting[0] if fitting else both[0]
    if images < frames * stored:
        # less than one volume: the planes that are there
        planes = stored = min(planes, max(1, images // frames))
        frames = min(images, frames) if header.planes > 1 else images
    volumes = max(1, images // (frames * stored))
    used = volumes * frames * stored * channels
    table = np.array(plain.plain[:used], np.int64)
    table = table.reshape(volumes, stored, frames, channels)[:, :planes]
    # the frames of a volume are time points, too
    table = table.transpose(0, 2, 1, 3)
    n_times = volumes * frames
    sizes = (n_times, planes, channels)
    letters = "".join(
        letter for letter, size in zip("TZC", sizes, strict=True) if size > 1
    )
    shape = plain.keyframe.shape[-2:]
    return replace(
        plain,
        letters=f"{letters}YX",
        shape=(*(size for size in sizes if size > 1), *shape),
        all_sizes=(*sizes, *shape),
        pages=table.reshape(-1),
        counts=(channels, planes),
        notes=tuple(_notes(header, sizes, n_pages, used, path)),
    )


def _notes(
    header: ScanImageHeader,
    sizes: tuple[int, int, int],
    n_pages: int,
    used: int,
    path: Path,
) -> list[str]:
    """Say where the pages differ from what the header names."""
    n_times, planes, channels = sizes
    notes = []
    expected = header.planned and header.planned != n_times
    if expected or planes != header.planes:
        named = [f"{header.planned} time points"] if expected else []
        if header.planes > 1:
            named.append(f"{header.planes} planes")
        notes.append(
            f"{path.name}: its ScanImage header names {' and '.join(named)}, but its "
            f"{n_pages} pages are {n_times} time points, {planes} planes and "
            f"{channels} channels, which were read."
        )
    if used < n_pages:
        notes.append(
            f"{path.name}: its last {n_pages - used} pages are part of an incomplete "
            "volume and were left out."
        )
    return notes


def _begins_within_volume(tif: tifffile.TiffFile, header: ScanImageHeader) -> int:
    """Number of the first frame if it is not the first of a volume, else 0."""
    if header.planes == 1:
        return 0
    text = re.search(
        r"^frameNumberAcquisition = (\d+)", tif.pages.first.description, re.MULTILINE
    )
    number = int(text.group(1)) if text else 1
    per_volume = (header.planes + header.flyback) * max(1, header.frames)
    bare = header.planes * max(1, header.frames)
    if (number - 1) % per_volume == 0 or (number - 1) % bare == 0:
        return 0
    return number


def _new_header(
    header: Mapping[str, Any], metadata: Mapping[str, Any]
) -> ScanImageHeader:
    stack = "SI.hStackManager."
    stacked = _true(header.get(f"{stack}enable")) or _true(
        header.get("SI.hFastZ.enable")
    )
    per_plane = _count(header.get(f"{stack}framesPerSlice"), 0)
    average = _count(header.get("SI.hScan2D.logAverageFactor"), 1)
    volumes = _count(header.get(f"{stack}actualNumVolumes"), 0) or _count(
        header.get(f"{stack}numVolumes"), 0
    )
    planes = _count(header.get(f"{stack}actualNumSlices"), 0) or _count(
        header.get(f"{stack}numSlices"), 1
    )
    planes = planes if stacked else 1
    frames = max(1, per_plane // average)
    flyback = _flyback(header) if planes > 1 else 0
    saved = header.get("SI.hChannels.channelSave", header.get("SI.channelsSave", 1))
    return ScanImageHeader(
        channels=max(1, int(np.size(saved))),
        planes=planes,
        flyback=flyback,
        frames=frames if planes > 1 else 1,
        planned=frames * volumes if planes > 1 else (frames if per_plane else 0),
        several_fields=_several_fields(header, metadata),
    )


def _flyback(header: Mapping[str, Any]) -> int:
    stack = "SI.hStackManager."
    alone = _count(header.get(f"{stack}numFramesPerVolume"), 0)
    together = _count(header.get(f"{stack}numFramesPerVolumeWithFlyback"), 0)
    if alone and together > alone:
        return together - alone
    if _true(header.get("SI.hFastZ.discardFlybackFrames")):
        return 0
    return _count(header.get("SI.hFastZ.numDiscardFlybackFrames"), 0)


def _several_fields(header: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    if not _true(header.get("SI.hRoiManager.mroiEnable")):
        return False
    try:
        rois = metadata["RoiGroups"]["imagingRoiGroup"]["rois"]
    except (KeyError, TypeError):
        # how many there are is not told
        return True
    return not isinstance(rois, dict) and len(rois or ()) > 1


def _old_header(header: Mapping[str, str]) -> ScanImageHeader:
    channels = sum(
        header.get(f"savingChannel{number}", "0").strip() == "1"
        for number in range(1, 5)
    )
    planes = _count(header.get("numberOfZSlices"), 1)
    frames = _count(header.get("numberOfFrames"), 1)
    averaged = header.get("averaging", "0").strip() == "1"
    frames = 1 if averaged else max(1, frames)
    return ScanImageHeader(
        channels=max(1, channels),
        planes=planes,
        frames=frames if planes > 1 else 1,
        planned=0,
    )


def _true(value: Any) -> bool:
    return bool(value) and str(value).lower() not in ("false", "0")


def _count(value: Any, default: int) -> int:
    """A whole number above 0; ScanImage writes also lists, inf and empty lists."""
    if isinstance(value, (list, tuple)):
        value = value[0] if value else None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return default
    return int(number) if math.isfinite(number) and number >= 1 else default
