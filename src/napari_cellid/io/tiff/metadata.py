"""Pixel sizes and channel names from the header of a TIFF file."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import tifffile

from napari_cellid.io.stack import VoxelSize, frame_rate
from napari_cellid.io.tiff.scanimage_metadata import (
    header_values,
    number,
    old_values,
    scanimage_names,
    scanimage_pixel_um,
    scanimage_rate,
)

#: micrometres in a unit; centimetres and inches are left out, because programs write
#: the resolution of a print in them, not the size of a pixel
_UM = {
    "µm": 1.0, "um": 1.0, "micron": 1.0, "microns": 1.0, "micrometer": 1.0,
    "micrometers": 1.0, "micrometre": 1.0, "nm": 1e-3, "nanometer": 1e-3, "mm": 1e3,
    "millimeter": 1e3, "å": 1e-4, "m": 1e6, "pm": 1e-6,
}  # fmt: skip
_SECONDS = {
    "s": 1.0, "sec": 1.0, "seconds": 1.0, "second": 1.0, "ms": 1e-3, "msec": 1e-3,
    "µs": 1e-6, "us": 1e-6, "min": 60.0, "minutes": 60.0, "h": 3600.0,
}  # fmt: skip


@dataclass(frozen=True)
class TiffMetadata:
    """Sizes and names from a file's header; None or empty if not in it.

    Parameters
    ----------
    voxel
        Size of a pixel and distance of planes; its source is the header that was read,
        "OME metadata", "ImageJ metadata" or "ScanImage header", also without sizes.
    channels
        Name of each channel.
    other_files
        Number of other files of the same recording according to the header.
    pages_expected
        Number of pages according to the header; 0 if unknown.
    planes_or_channels
        Whether the header describes several planes or channels.
    frame_rate_hz
        Time points per second.
    colours
        Colour in which the microscope shows each channel, "" where it is neither red
        nor green.
    """

    voxel: VoxelSize = field(default_factory=VoxelSize)
    channels: tuple[str, ...] = ()
    other_files: int = 0
    pages_expected: int = 0
    planes_or_channels: bool = False
    frame_rate_hz: float | None = None
    colours: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Header that was read; empty without one."""
        return self.voxel.source


def read_metadata(tif: tifffile.TiffFile) -> TiffMetadata:
    """Read the header of an open file: ScanImage, OME, ImageJ or none."""
    if tif.is_scanimage:
        return _scanimage_metadata(tif)
    if tif.ome_metadata:
        return ome_metadata(tif.ome_metadata)
    if tif.imagej_metadata:
        return _imagej_metadata(tif)
    return TiffMetadata()


def _scanimage_metadata(tif: tifffile.TiffFile) -> TiffMetadata:
    header, _ = header_values(tif)
    if not header:
        old = old_values(tif)
        rate = number(old.get("frameRate"))
        one_plane = (number(old.get("numberOfZSlices")) or 1) <= 1
        return TiffMetadata(
            voxel=VoxelSize(source="ScanImage header"),
            frame_rate_hz=frame_rate(1 / rate) if rate and one_plane else None,
        )
    names, colours = scanimage_names(header)
    stacked = any(
        str(header.get(f"SI.{key}.enable")).lower() in ("true", "1")
        for key in ("hStackManager", "hFastZ")
    )
    slices = number(header.get("SI.hStackManager.numSlices")) or 1
    several = stacked and slices > 1
    # the frames of a slow stack follow one another at the rate of frames
    per_slice = number(header.get("SI.hStackManager.framesPerSlice")) or 1
    planes = int(slices) if several and per_slice == 1 else 1
    return TiffMetadata(
        voxel=VoxelSize(*scanimage_pixel_um(header), "ScanImage header"),
        channels=names,
        frame_rate_hz=scanimage_rate(header, planes),
        colours=colours,
    )


def ome_metadata(text: str) -> TiffMetadata:
    """Read OME-XML; XML that cannot be parsed counts as empty."""
    try:
        # without a separator, because "1,5" is a text and no pair of numbers
        ome = _children(tifffile.xml2dict(text, sep=""), "OME")
    except (SyntaxError, ValueError):
        return TiffMetadata()
    root = ome[0] if ome else {}
    images = _children(root, "Image")
    pixels = [one for image in images for one in _children(image, "Pixels")]
    if not pixels:
        # the metadata is in another file, and so are some of the images
        return TiffMetadata(other_files=int("BinaryOnly" in root))
    first = pixels[0]
    return TiffMetadata(
        voxel=VoxelSize(
            _ome_size(first, "Y"),
            _ome_size(first, "X"),
            _ome_size(first, "Z"),
            "OME metadata",
        ),
        channels=tuple(str(c.get("Name", "")) for c in _children(first, "Channel")),
        other_files=_other_files(root, first),
        planes_or_channels=max(_integer(first.get(f"Size{axis}")) for axis in "CZ") > 1,
        frame_rate_hz=_ome_rate(first),
    )


def _children(element: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Elements of a name: `xml2dict` gives one alone, several as a list."""
    found = element.get(name, [])
    several = found if isinstance(found, list) else [found]
    # an element without attributes and children is its text
    return [one if isinstance(one, dict) else {"value": one} for one in several]


def _other_files(root: dict[str, Any], pixels: dict[str, Any]) -> int:
    # by UUID, not by name: a file that was renamed keeps its UUID
    uuids = {
        str(uuid.get("value", ""))
        for data in _children(pixels, "TiffData")
        for uuid in _children(data, "UUID")
    }
    own = root.get("UUID")
    return max(0, len(uuids | {str(own)} if uuids and own else uuids) - 1)


def _ome_size(pixels: dict[str, Any], axis: str) -> float | None:
    unit = str(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
    return _in_um(pixels.get(f"PhysicalSize{axis}"), unit)


def _ome_rate(pixels: dict[str, Any]) -> float | None:
    unit = str(pixels.get("TimeIncrementUnit", "s"))
    return _rate(pixels.get("TimeIncrement"), unit)


def _rate(period: Any, unit: str) -> float | None:
    seconds = _SECONDS.get(unit.strip().replace("μ", "µ").lower())
    try:
        return frame_rate(float(period) * seconds) if seconds else None
    except (TypeError, ValueError):
        return None


def _imagej_metadata(tif: tifffile.TiffFile) -> TiffMetadata:
    header = tif.imagej_metadata or {}
    unit = str(header.get("unit", ""))
    page = tif.pages.first
    sizes = [header.get(key, 1) for key in ("frames", "slices", "channels")]
    counts = [size for size in sizes if isinstance(size, int)]
    return TiffMetadata(
        voxel=VoxelSize(
            _in_um(_per_pixel(page, "YResolution"), unit),
            _in_um(_per_pixel(page, "XResolution"), unit),
            _in_um(header.get("spacing"), unit),
            "ImageJ metadata",
        ),
        pages_expected=max(_integer(header.get("images")), math.prod(counts)),
        frame_rate_hz=_rate(header.get("finterval"), str(header.get("tunit", "s")))
        or frame_rate(_period(header.get("fps"))),
    )


def _period(rate: Any) -> float | None:
    """Seconds of a frame; None if the rate is not a number above 0."""
    try:
        return 1 / float(rate)
    except (TypeError, ValueError, ZeroDivisionError):
        return None


def _per_pixel(page: tifffile.TiffPage, tag: str) -> float | None:
    """Units per pixel; the tag holds pixels per unit."""
    pixels, units = page.tags.valueof(tag, (0, 0))
    return units / pixels if pixels and units else None


def _in_um(value: Any, unit: str) -> float | None:
    # Greek mu and ImageJ's escape stand for the micro sign
    unit = unit.strip().replace("μ", "µ").replace("\\u00B5", "µ").lower()
    factor = _UM.get(unit)
    try:
        size = float(value) * factor if factor and value is not None else 0.0
    except ValueError:
        return None
    return size if math.isfinite(size) and size > 0 else None


def _integer(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
