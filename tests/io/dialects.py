"""Random recordings in the ways in which programs write them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from raw_tiff import RawTiff, ome_xml, scanimage

from napari_cellid.io.base import ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

DIALECTS = (
    "plain", "imagej", "imagej few frames", "ome", "ome images", "ome positions",
    "scanimage", "scanimage slow stack", "scanimage split", "blocks", "samples",
    "last axis", "side-by-side", "stacked",
)  # fmt: skip
_ORDERS = {"XYCZT": "TZC", "XYZCT": "TCZ", "XYCTZ": "ZTC", "XYTZC": "CZT"}


@dataclass
class Made:
    """A file, the options to read it, and what it holds: (time, plane, c, y, x)."""

    path: Path
    expected: NDArray[Any]
    options: dict[str, Any] = field(default_factory=dict)

    def read_options(self, **more: Any) -> ReadOptions:
        """Options with the red channel first and the green one second."""
        return ReadOptions(
            pixel_size_um=1.0, red_channel=0, green_channel=1, **self.options, **more
        )


def make(dialect: str, folder: Path, random: np.random.Generator) -> Made:
    """Write a recording of a random shape."""
    times, planes = (int(random.integers(1, n)) for n in (6, 4))
    channels = int(random.integers(2, 4))
    rows, columns = (int(n) for n in random.integers(32, 48, 2))
    dtype = random.choice(["u1", "u2", "i2"])
    shape = (times, planes, channels, rows, columns)
    data = random.integers(0, 120, shape).astype(dtype)
    raw = RawTiff(
        order=str(random.choice(["<", ">"])),
        big=bool(random.random() < 0.3),
        gaps=tuple(int(n) for n in random.integers(0, 60, 3)),
    )
    path = folder / f"{dialect.replace(' ', '_')}.tif"
    writer = _WRITERS.get(dialect.split()[0], _in_page)
    return writer(dialect, path, data, raw, random)


def _pages(data: NDArray[Any]) -> NDArray[Any]:
    return data.reshape(-1, *data.shape[-2:])


def _plain(dialect, path, data, raw, random):
    _, planes, channels = data.shape[:3]
    if dialect == "blocks":
        data = data[:, :1]
        raw.write(path, _pages(data.transpose(2, 1, 0, 3, 4)))
        return Made(path, data, {"channels": channels, "channel_order": "blocks"})
    raw.write(path, _pages(data))
    if planes == 1 and random.random() < 0.5:
        return Made(path, data, {"channels": channels})
    return Made(path, data, {"channels": channels, "planes": planes, "axes": "TZCYX"})


def _imagej(dialect, path, data, raw, random):
    times, planes, channels = data.shape[:3]
    named = times
    if dialect.endswith("few frames"):
        # a header of another number of frames than there are
        named = int(random.choice([n for n in (2, 3, 9, 50) if n != times]))
    raw.description = (
        f"ImageJ=1.54f\nimages={named * planes * channels}\nchannels={channels}\n"
        f"slices={planes}\nframes={named}\nhyperstack=true\nmode=composite\n"
    )
    raw.page_description = ""
    raw.big = False
    raw.write(path, _pages(data))
    return Made(path, data)


def _ome(dialect, path, data, raw, random):
    times, planes, channels = data.shape[:3]
    sizes = {"C": channels, "Z": planes, "T": times}
    names = [f"k{k}" for k in range(channels)]
    data = data.astype("u2")
    path = path.with_suffix(".ome.tif")
    field_shape = data.shape[-2:]
    raw.page_description = ""
    if dialect == "ome images":
        one = {"Z": planes, "T": times}
        images = [(name, one, [name], field_shape) for name in names]
        raw.description = ome_xml(images)
        raw.write(path, _pages(data.transpose(2, 0, 1, 3, 4)))
        return Made(path, data, {"channels": channels})
    if dialect == "ome positions":
        images = [(f"Pos{k}", sizes, names, field_shape) for k in range(3)]
        raw.description = ome_xml(images)
        every = np.stack([data + 200 * k for k in range(3)]).astype("u2")
        raw.write(path, every.reshape(-1, *field_shape))
        chosen = int(random.integers(3))
        name = chosen if random.random() < 0.5 else f"Pos{chosen}"
        return Made(path, every[chosen], {"image": name})
    order = str(random.choice(list(_ORDERS)))
    raw.description = ome_xml([("one", sizes, names, field_shape)], order)
    axes = ["TZC".index(letter) for letter in _ORDERS[order]]
    raw.write(path, _pages(data.transpose(*axes, 3, 4)))
    return Made(path, data)


def _scanimage(dialect, path, data, raw, random):
    times, planes, channels = data.shape[:3]
    data = data.astype("i2")
    if dialect == "scanimage slow stack":
        writer = scanimage(None, channels, planes, times, stack=True)
        writer.write(path, _pages(data.transpose(1, 0, 2, 3, 4)))
        return Made(path, data)
    writer = scanimage(None, channels, planes, 1, stack=planes > 1)
    if dialect == "scanimage split":
        data = data[:, :1]
        writer = scanimage(None, channels, 1, 5000, stack=False)
    writer.gaps = raw.gaps
    writer.write(path, _pages(data))
    return Made(path, data)


def _in_page(dialect, path, data, raw, random):
    channels = data.shape[2]
    data = data[:, :1]
    frames = data[:, 0]
    options = {"channels": channels}
    if dialect == "samples":
        raw.samples = channels
        raw.write(path, frames.transpose(0, 2, 3, 1))
    elif dialect == "last axis":
        array = np.ascontiguousarray(frames.transpose(0, 2, 3, 1))
        tifffile.imwrite(path, array, photometric="minisblack")
        options = {"axes": "TYXC"}
    elif dialect == "side-by-side":
        raw.write(path, np.concatenate(list(frames.swapaxes(0, 1)), axis=2))
        options["channel_order"] = dialect
    else:
        raw.write(path, np.concatenate(list(frames.swapaxes(0, 1)), axis=1))
        options["channel_order"] = "stacked"
    return Made(path, data, options)


_WRITERS = {
    "plain": _plain, "blocks": _plain, "imagej": _imagej, "ome": _ome,
    "scanimage": _scanimage,
}  # fmt: skip
