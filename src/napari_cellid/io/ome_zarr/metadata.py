"""The multiscales metadata of an OME-Zarr image: axes, sizes and channels."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_cellid.errors import InputError, file_reason

if TYPE_CHECKING:
    from pathlib import Path

#: files with the attributes of a folder, and where in them those of OME lie
ATTRIBUTE_FILES = ("zarr.json", ".zattrs")
_MOST_BYTES = 16 << 20
_UM = {
    "micrometer": 1.0, "micrometre": 1.0, "nanometer": 1e-3, "millimeter": 1e3,
    "meter": 1e6, "angstrom": 1e-4, "um": 1.0, "µm": 1.0,
}  # fmt: skip
_SECONDS = {"second": 1.0, "millisecond": 1e-3, "microsecond": 1e-6, "minute": 60.0}
_KNOWN = "tczyx"


@dataclass(frozen=True)
class OmeZarrImage:
    """What the metadata say of the largest resolution of an image.

    Parameters
    ----------
    array
        Path of its array in the folder.
    axes
        Letters of its axes, such as "tczyx".
    scale
        Step along each axis, in its unit.
    units
        Unit of each axis, "" if none is given.
    channel_names, channel_colours
        Of each channel; empty if they are not given.
    """

    array: str
    axes: str
    scale: tuple[float, ...]
    units: tuple[str, ...]
    channel_names: tuple[str, ...]
    channel_colours: tuple[str, ...]

    def size_um(self, axis: str) -> float | None:
        """Step along an axis in µm; None if it is not known."""
        return self._step(axis, _UM)

    def period_s(self) -> float | None:
        """Seconds of a time point; None if they are not known."""
        return self._step("t", _SECONDS)

    def _step(self, axis: str, factors: dict[str, float]) -> float | None:
        if axis not in self.axes:
            return None
        index = self.axes.index(axis)
        factor = factors.get(self.units[index].lower())
        return None if factor is None else self.scale[index] * factor


def ome_attributes(folder: Path) -> dict[str, Any] | None:
    """The attributes of OME in a folder; None if it is no OME-Zarr.

    Raises
    ------
    InputError
        If the file of attributes cannot be read.
    """
    for name in ATTRIBUTE_FILES:
        path = folder / name
        if not path.is_file():
            continue
        try:
            if path.stat().st_size > _MOST_BYTES:
                return None
            content = json.loads(path.read_text("utf-8"))
        except OSError as error:
            raise InputError(
                f"{path} cannot be read ({file_reason(error)}); check its permissions."
            ) from error
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{folder.name}: its metadata {name} cannot be read ({error}); it is "
                "damaged, copy the folder again."
            ) from error
        if isinstance(content, dict) and name == "zarr.json":
            content = content.get("attributes")
            content = content.get("ome") if isinstance(content, dict) else None
        if isinstance(content, dict) and _MARKS & set(content):
            return content
    return None


_MARKS = {"multiscales", "plate", "well", "bioformats2raw.layout"}


def image_of(attributes: dict[str, Any], folder: Path) -> OmeZarrImage:
    """The first image that the attributes describe.

    Raises
    ------
    InputError
        If they describe a plate or several positions, or are not complete.
    """
    if "multiscales" not in attributes:
        kind = next(iter(sorted(_MARKS & set(attributes))))
        raise InputError(
            f"{folder.name} is an OME-Zarr with several images ({kind}); choose the "
            "folder of one image in it, such as 0."
        )
    try:
        image = attributes["multiscales"][0]
        level = image["datasets"][0]
        axes = "".join(str(axis["name"]).lower() for axis in image["axes"])
        units = tuple(str(axis.get("unit") or "") for axis in image["axes"])
        array, scale = str(level["path"]), _scale(level, image, len(units))
        names, colours = _channels(attributes)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{folder.name}: its metadata of OME-Zarr are not complete ({error!r}); "
            "export it again as OME-Zarr 0.4 or 0.5."
        ) from error
    if not axes.endswith("yx") or set(axes) - set(_KNOWN) or len(set(axes)) < len(axes):
        raise InputError(
            f"{folder.name} has the axes {axes}, but t, c, z, y and x in this order, y "
            "and x last, are read; export it again."
        )
    if any(part in ("", ".", "..") for part in array.split("/")) or "\\" in array:
        raise InputError(
            f"{folder.name} names an array outside its folder ({array!r}); export it "
            "again."
        )
    return OmeZarrImage(array, axes, scale, units, names, colours)


def _scale(level: Any, image: Any, n_axes: int) -> tuple[float, ...]:
    """Product of the scales of the level and of the image."""
    scale = [1.0] * n_axes
    for owner in (level, image):
        for transform in owner.get("coordinateTransformations") or ():
            if transform.get("type") == "scale":
                steps = [float(step) for step in transform["scale"]]
                scale = [a * b for a, b in zip(scale, steps, strict=True)]
    return tuple(step if math.isfinite(step) else math.nan for step in scale)


def _channels(
    attributes: dict[str, Any],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    channels = (attributes.get("omero") or {}).get("channels") or ()
    names = tuple(str(channel.get("label") or "") for channel in channels)
    colours = tuple(_colour(str(channel.get("color") or "")) for channel in channels)
    return names, colours


def _colour(text: str) -> str:
    """The colour of an RGB number such as "00FF00", if it is pure."""
    return {"ff0000": "red", "00ff00": "green"}.get(text.lstrip("#").lower()[:6], "")
