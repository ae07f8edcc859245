"""What an NWB file holds: series of two-photon images, mean images, imaging planes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_cellid.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import h5py

_SERIES = ("TwoPhotonSeries", "OnePhotonSeries")
_IMAGE = "GrayscaleImage"
#: groups below groups; a file with a loop of links would never end
_DEEPEST = 8
#: objects that are looked at; a session has some hundred
_MOST_OBJECTS = 20_000
#: factors to µm of the units in which a pixel size is given
_UM = {
    "m": 1e6, "meter": 1e6, "meters": 1e6, "metre": 1e6, "metres": 1e6, "mm": 1e3,
    "millimeters": 1e3, "um": 1.0, "µm": 1.0, "micrometers": 1.0, "microns": 1.0,
}  # fmt: skip
#: emission (nm) that the green and the red detector of a microscope see
_GREEN_NM, _RED_NM = (490.0, 560.0), (570.0, 690.0)


@dataclass(frozen=True)
class ImageSource:
    """One series of images, or one image.

    Parameters
    ----------
    place
        Path in the file of the object.
    name
        Its name.
    shape, dtype
        Of its data, as they are stored.
    is_image
        Whether it is one image, not a series.
    channels
        Name and emission (nm, None if unknown) of each optical channel of its plane.
    plane_shape
        Width and height in px by the series itself; None if it does not say them.
    size_um
        Pixel size along x and y, and the distance of planes; None where they are not
        known.
    rate_hz
        Time points per second; None if it is not known.
    external
        Whether the images are in other files.
    """

    place: str
    name: str
    shape: tuple[int, ...]
    dtype: Any
    is_image: bool = False
    channels: tuple[tuple[str, float | None], ...] = ()
    plane_shape: tuple[int, int] | None = None
    size_um: tuple[float | None, float | None, float | None] = (None, None, None)
    rate_hz: float | None = None
    external: bool = False

    @property
    def colour(self) -> str:
        """Colour by the emission of the only optical channel, else ""."""
        if len(self.channels) != 1 or self.channels[0][1] is None:
            return ""
        emission = self.channels[0][1]
        if _GREEN_NM[0] <= emission <= _GREEN_NM[1]:
            return "green"
        return "red" if _RED_NM[0] <= emission <= _RED_NM[1] else ""


def image_sources(file: h5py.File, path: Path) -> list[ImageSource]:
    """All image series of a file, then all its single images.

    Raises
    ------
    InputError
        If the file holds neither.
    """
    found = [
        _image(group) if _kind(group) == _IMAGE else _series(group)
        for group in _objects(file)
        if _kind(group) in (*_SERIES, _IMAGE)
    ]
    sources = [source for source in found if source is not None]
    if not sources:
        raise InputError(
            f"{path.name} is an NWB file without two-photon images; choose one with a "
            "TwoPhotonSeries or mean images, such as the one with the raw data."
        )
    return sorted(sources, key=lambda source: source.is_image)


def text_attribute(node: Any, name: str) -> str:
    """An attribute as text; "" if there is none."""
    value = node.attrs.get(name, "")
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _kind(node: Any) -> str:
    return text_attribute(node, "neurodata_type")


def _objects(file: h5py.File) -> Iterator[Any]:
    """Groups and data sets of the file, without following links to other files."""
    import h5py

    waiting: list[tuple[Any, int]] = [(file, 0)]
    seen: set[Any] = set()
    while waiting and len(seen) < _MOST_OBJECTS:
        group, depth = waiting.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                continue
            node = group[name]
            if node.id in seen:
                continue
            seen.add(node.id)
            yield node
            if isinstance(node, h5py.Group) and depth < _DEEPEST:
                waiting.append((node, depth + 1))


def _image(node: Any) -> ImageSource | None:
    if not hasattr(node, "shape") or len(node.shape) != 2 or not all(node.shape):
        return None
    per_cm = _number(node.attrs.get("resolution"))
    size = 1e4 / per_cm if per_cm and per_cm > 0 else None
    return ImageSource(
        node.name, node.name.rsplit("/", 1)[-1], tuple(node.shape), node.dtype,
        is_image=True, size_um=(size, size, None),
    )  # fmt: skip


def _series(group: Any) -> ImageSource | None:
    data = group.get("data")
    if data is None or not hasattr(data, "shape"):
        return None
    plane = group.get("imaging_plane")
    shape = tuple(int(n) for n in data.shape)
    return ImageSource(
        place=group.name,
        name=group.name.rsplit("/", 1)[-1],
        shape=shape,
        dtype=data.dtype,
        channels=() if plane is None else tuple(_optical_channels(plane)),
        plane_shape=_plane_shape(group, plane),
        size_um=_pixel_size(group, plane),
        rate_hz=_rate(group, plane),
        external=len(shape) < 3 or shape[0] == 0 or "external_file" in group,
    )


def _optical_channels(plane: Any) -> Iterator[tuple[str, float | None]]:
    for name in plane:
        channel = plane.get(name)
        if channel is not None and _kind(channel) == "OpticalChannel":
            yield name, _number(_value(channel.get("emission_lambda")))


def _plane_shape(group: Any, plane: Any) -> tuple[int, int] | None:
    """Width and height in pixels, where the file says them; None if it does not.

    neuroconv stores images by the schema, but names the height before the width.
    """
    by_field = _field_pixels(group, plane)
    if by_field is not None:
        return by_field
    script = _value(group.file.get("general/source_script"))
    text = script.decode("utf-8", "replace") if isinstance(script, bytes) else script
    return None if "neuroconv" in str(text).lower() else _dimension(group)


def _field_pixels(group: Any, plane: Any) -> tuple[int, int] | None:
    """Width and height by the field of view and the size of a pixel."""
    edges = _numbers(group.get("field_of_view"))
    steps = _numbers(None if plane is None else plane.get("grid_spacing"))
    if len(edges) < 2 or len(steps) < 2 or not all(steps):
        return None
    counts = [edge / step for edge, step in zip(edges[:2], steps[:2], strict=True)]
    # sizes in other units, or of another field, say nothing about these pixels
    in_file = [int(n) for n in group["data"].shape[1:3]]
    for stated in (in_file, in_file[::-1]):
        if len(stated) == 2 and np.allclose(counts, stated, rtol=0.01, atol=0.5):
            return stated[0], stated[1]
    return None


def _dimension(group: Any) -> tuple[int, int] | None:
    values = _value(group.get("dimension"))
    try:
        first, second = (int(n) for n in np.ravel(values)[:2])
    except (TypeError, ValueError, OverflowError):
        return None
    return first, second


def _pixel_size(
    group: Any, plane: Any
) -> tuple[float | None, float | None, float | None]:
    """Pixel size by the imaging plane, else by the field of view of the series."""
    spacing = None if plane is None else plane.get("grid_spacing")
    if spacing is not None and getattr(spacing, "size", 0) in (2, 3):
        factor = _UM.get(text_attribute(spacing, "unit").strip().lower() or "meters")
        numbers = [_number(value) for value in np.ravel(spacing[()])]
        sizes = [None if n is None or factor is None else n * factor for n in numbers]
        return sizes[0], sizes[1], sizes[2] if len(sizes) > 2 else None
    field = group.get("field_of_view")
    pixels = group["data"].shape[1:]
    if field is None or getattr(field, "size", 0) not in (2, 3) or len(pixels) < 2:
        return None, None, None
    edges = [_number(value) for value in np.ravel(field[()])[:2]]
    first, second = (
        edge * 1e6 / n if edge and n else None
        for edge, n in zip(edges, pixels, strict=False)
    )
    return first, second, None


def _rate(group: Any, plane: Any) -> float | None:
    start = group.get("starting_time")
    rate = None if start is None else _number(start.attrs.get("rate"))
    if not rate:
        times = group.get("timestamps")
        if times is not None and getattr(times, "size", 0) > 1:
            first, last = (_number(times[k]) for k in (0, times.size - 1))
            if first is not None and last is not None and last > first:
                rate = (times.size - 1) / (last - first)
    if not rate and plane is not None:
        rate = _number(_value(plane.get("imaging_rate")))
    return rate if rate and math.isfinite(rate) and rate > 0 else None


def _value(node: Any) -> Any:
    """Content of a small data set; None if there is none or it is large."""
    if node is None or not hasattr(node, "size") or (node.size or 0) > 16:
        return None
    return node[()]


def _numbers(node: Any) -> list[float]:
    """Content of a small data set of numbers; empty if one of them is none."""
    value = _value(node)
    numbers = [] if value is None else [_number(each) for each in np.ravel(value)]
    known = [number for number in numbers if number is not None]
    return known if len(known) == len(numbers) else []


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
