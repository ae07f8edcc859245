"""Fields of which statistics are taken, recorded or simulated, and their statistics.

Used by `simulated_beside_real.py`; see there for what a folder holds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import tifffile
import torch

from napari_cellid.config import DeviceConfig, SegmentConfig
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.evaluation.cell_statistics import (
    layout_statistics,
    measure_contrast,
    nucleus_statistics,
    ring_statistics,
)
from napari_cellid.evaluation.image_statistics import (
    measure_image,
    radial_spectrum,
    stretch_to_display,
)
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.predict import load_segmenter, segment
from napari_cellid.simulation.conditions import Kind, draw_config
from napari_cellid.simulation.field import simulate

if TYPE_CHECKING:
    from pathlib import Path

    from napari_cellid.device import Device
    from napari_cellid.segmentation.predict import Segmenter

#: no training and no other figure used this seed
SEED = 47_000
#: below this side a field holds too few cells and periods to say anything (µm)
SMALLEST_UM = 150.0
#: what is left out along each border of a recording, where registration leaves a
#: dark margin (µm)
RIM_UM = 10.0
#: where spectra are kept for drawing (1/µm)
FREQUENCIES = np.geomspace(0.006, 1.0, 60)
#: and histograms, of the stretched image
BRIGHTNESS = np.linspace(0, 1, 41)
#: classes that green and red show
_SHOWN_BY = {
    "cells": ("excitatory", "inhibitory"),
    "nuclei": ("excitatory", "glia"),
}


@dataclass(frozen=True, eq=False)
class Field:
    """A mean image with what is known of its cells.

    Parameters
    ----------
    name
        For the tables.
    pixel_size_um
        Pixel size.
    green, red
        (y, x); there may be no red.
    cells
        (y, x) outlines of the cells that green shows; None where nobody marked any.
    nuclei
        (y, x) outlines of the cells with a red nucleus; None likewise.
    settings
        Those of the simulation.
    red_is_simulated
        Whether red was simulated, be it beside a recorded green.
    ambiguous
        Numbers of the outlines whose class nobody could tell.
    """

    name: str
    pixel_size_um: float
    green: np.ndarray
    red: np.ndarray | None = None
    cells: np.ndarray | None = None
    nuclei: np.ndarray | None = None
    settings: dict[str, Any] | None = None
    red_is_simulated: bool = False
    ambiguous: frozenset[int] = frozenset()

    def part(self, rows: slice, columns: slice) -> Field:
        """A rectangle of the field."""
        images = ("green", "red", "cells", "nuclei")
        given = {name: getattr(self, name) for name in images}
        cut = {n: None if a is None else a[rows, columns] for n, a in given.items()}
        return replace(self, **cut)


def measure_field(field: Field, outline: bool) -> dict[str, Any]:
    """Statistics of a field, by `<what>.<statistic>`, its spectra and histograms.

    `outline` adds statistics of cells that the default U-Net finds in green alone.
    """
    size, shown = field.pixel_size_um, {"green": stretch_to_display(field.green)}
    found = _prefixed("green", measure_image(field.green, size))
    if field.cells is not None:
        found |= _of_cells("marked", shown["green"], field.cells, size)
    if outline:
        found |= _of_cells("found", shown["green"], _outlined(field), size)
    if field.red is not None:
        shown["red"] = stretch_to_display(field.red)
        found |= _prefixed("red", measure_image(field.red, size))
        found |= _of_nuclei(shown["red"], field)
    return {
        "name": field.name,
        "pixel_size_um": size,
        "settings": field.settings,
        "red_is_simulated": field.red_is_simulated,
        "statistics": found,
        "spectra": {name: _spectrum(image, size) for name, image in shown.items()},
        "histograms": {name: _histogram(image) for name, image in shown.items()},
    }


def _of_cells(
    what: str, shown: np.ndarray, labels: np.ndarray, size: float
) -> dict[str, float]:
    contrast = measure_contrast(shown, labels, size)
    found = ring_statistics(contrast) | layout_statistics(labels, size)
    return _prefixed(what, found)


def _of_nuclei(shown: np.ndarray, field: Field) -> dict[str, float]:
    if field.nuclei is None:
        return {}
    # cells without a nucleus are cells too: their places are no surroundings
    off = None if field.cells is None else field.cells > 0
    size = field.pixel_size_um
    found = nucleus_statistics(measure_contrast(shown, field.nuclei, size, off))
    found["density"] = layout_statistics(field.nuclei, size)["density"]
    return _prefixed("nuclei", found)


def _prefixed(what: str, found: dict[str, float]) -> dict[str, float]:
    return {f"{what}.{name}": value for name, value in found.items()}


def _spectrum(shown: np.ndarray, size: float) -> list[float]:
    spectrum = radial_spectrum(shown, size).normalised()
    return [spectrum.at(frequency) for frequency in FREQUENCIES]


def _histogram(shown: np.ndarray) -> list[float]:
    return np.histogram(shown, BRIGHTNESS, density=True)[0].tolist()


@cache
def _network() -> tuple[Segmenter, Device]:
    torch.set_num_threads(1)
    return load_segmenter(), choose_device(DeviceConfig())


def _outlined(field: Field) -> np.ndarray:
    segmenter, device = _network()
    planes = MeanPlanes(
        name=field.name,
        red=None,
        green=np.asarray(field.green, np.float32)[None],
        pixel_size_um=field.pixel_size_um,
    )
    return run_to_end(segment(planes, segmenter, SegmentConfig(), device)).labels[0]


def simulated(kind: Kind, number: int, side_um: float) -> Field:
    """The field of a kind with this number; the same every time."""
    rng = np.random.default_rng([SEED, number])
    config = draw_config(kind, rng, n_planes=1, outlined="visible")
    side = max(round(side_um / config.pixel_size_um), 64)
    config = config.model_copy(update={"height": side, "width": side})
    made = run_to_end(simulate(config))
    labels, cells = made.labels[0], made.cells
    of_class = {
        name: cells.loc[cells["class"].isin(classes), "label"]
        for name, classes in _SHOWN_BY.items()
    }
    return Field(
        name=f"{kind} {number}",
        pixel_size_um=config.pixel_size_um,
        green=made.green[0],
        red=made.red[0],
        cells=np.where(np.isin(labels, of_class["cells"]), labels, 0),
        nuclei=np.where(np.isin(labels, of_class["nuclei"]), labels, 0),
        settings=config.model_dump(mode="json"),
        red_is_simulated=True,
        ambiguous=frozenset(cells.loc[cells["ambiguous"].astype(bool), "label"]),
    )


def read_field(folder: Path, pixel_size_um: float | None) -> Field:
    """A recorded field; movies are averaged over time.

    Raises
    ------
    InputError
        If there is no green image, it has no pixel size, or is too small.
    """
    path = folder / "green.tif"
    if not path.exists():
        raise InputError(f"{folder} has no green.tif; name folders that have one.")
    meta = folder / "meta.json"
    stored = json.loads(meta.read_text("utf-8")) if meta.exists() else {}
    size = stored.get("pixel_size_um", pixel_size_um)
    if size is None:
        raise InputError(
            f"{folder} has no meta.json with a pixel_size_um; give it with "
            "--pixel-size-um."
        )
    green = _mean(path)
    side, least = min(green.shape) * size, SMALLEST_UM + 2 * RIM_UM
    if side < least:
        raise InputError(
            f"{path} is {side:.0f} µm wide, too small for statistics; give fields of "
            f"at least {least:.0f} µm."
        )
    red = folder / "red.tif"
    field = Field(folder.name, size, green, _mean(red) if red.exists() else None)
    rim = round(RIM_UM / size)
    inner = slice(rim, -rim or None)
    return replace(field, **_marks(folder)).part(inner, inner)


def _mean(path: Path) -> np.ndarray:
    images = tifffile.imread(path)
    height, width = images.shape[-2:]
    return images.reshape(-1, height, width).mean(0, dtype=np.float64)


def _marks(folder: Path) -> dict[str, np.ndarray]:
    path, table = folder / "labels.tif", folder / "cells.csv"
    if not path.exists():
        return {}
    labels = tifffile.imread(path).astype(np.int32)
    if not table.exists():
        return {"cells": labels}
    cells = pd.read_csv(table)
    nuclei = cells.loc[cells["class"].isin(_SHOWN_BY["nuclei"]), "label"]
    if "source" in cells:
        marked = cells.loc[cells["source"].str.startswith("real"), "label"]
    else:
        marked = cells.loc[cells["class"].isin(_SHOWN_BY["cells"]), "label"]
    return {
        "cells": np.where(np.isin(labels, marked), labels, 0),
        "nuclei": np.where(np.isin(labels, nuclei), labels, 0),
    }


def tiles(field: Field, side_um: float) -> list[Field]:
    """Parts of a field of about one side, overlapping, together all of it."""
    starts: list[np.ndarray] = []
    side = round(side_um / field.pixel_size_um)
    for n in field.green.shape:
        # a little smaller than a tile is a tile still
        count = 1 if n <= 1.1 * side else -(-n // side)
        starts.append(np.linspace(0, max(n - side, 0), count).round().astype(int))
    # a single tile along an axis takes it whole
    sides = [
        n if len(some) == 1 else side
        for n, some in zip(field.green.shape, starts, strict=True)
    ]
    return [
        field.part(slice(y, y + sides[0]), slice(x, x + sides[1]))
        for y in starts[0]
        for x in starts[1]
    ]
