"""Semi-real fields: a real green image with marked cells, and simulated red."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import ValidationError

from napari_cellid.config import SimulationConfig
from napari_cellid.config.semireal import SHARED, SemirealConfig
from napari_cellid.errors import InputError
from napari_cellid.progress import Progress
from napari_cellid.simulation.detection import digitise
from napari_cellid.simulation.field import SimulatedField
from napari_cellid.simulation.section_contrast import (
    grade_visibility,
    measure_sections,
)
from napari_cellid.simulation.semireal.green import (
    MarkedGreen,
    adjust_green,
    measure_green_background,
    resample_green,
)
from napari_cellid.simulation.semireal.red import (
    Nuclei,
    draw_nuclei,
    expose_red,
    render_nuclei,
)
from napari_cellid.simulation.tissue import CLASSES
from napari_cellid.simulation.truth import SMALLEST_UM2, list_sections

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.progress import Step

#: origins of a cell
REAL, SIMULATED = "real mark", "simulated"
#: random streams: each plane and purpose has its own
_STREAM = 401
_CLASSES, _NUCLEI, _GLIA, _HAZE, _DETECTION, _EMPTY, _GREEN, _DIGITS = range(8)
#: a nucleus with a smaller area in the plane is not visible (µm²)
_SMALLEST_NUCLEUS_UM2 = 12.0
#: largest value of green that is stretched to 16 bits
_TOP = 60000.0


@dataclass(frozen=True, eq=False)
class SemirealField(SimulatedField):
    """A semi-real field: green is real, red simulated.

    `labels` are the marks with their own numbers, and added glia with numbers above
    them. `unsure` holds added glia that are too faint to be seen, and faint marks where
    they are not kept. It cannot hold cells that green shows but nobody marked. `cells`
    has additional columns: `source` ("real mark" or "simulated"), `red` ("none",
    "sharp" or "out of focus") and `nucleus_um` (diameter of the nucleus in the plane, 0
    for none). `config` gives size, scale, optics and detection; its tissue settings
    apply to the haze alone.

    Parameters
    ----------
    semireal
        The settings of the semi-real simulation.
    """

    semireal: SemirealConfig


@dataclass(frozen=True, eq=False)
class _Plane:
    """One plane: images in photons and in units of the green image, and its truth.

    Rows of `nuclei` are the marks in the order of `numbers`, then added glia.
    """

    red: NDArray[np.float64]
    green: NDArray[np.float64]
    outline: NDArray[np.int64]
    numbers: NDArray[np.int64]
    cells: pd.DataFrame


def simulate_red(marked: MarkedGreen, config: SemirealConfig) -> Step[SemirealField]:
    """Simulate the red channel of a real green image; equal inputs give equal results.

    Parameters
    ----------
    marked
        Green and its marks.
    config
        The settings.

    Raises
    ------
    InputError
        If the image, as large as it is or resampled, is not of a size or pixel size
        that can be simulated, or no mark is left of it.
    """
    marked = resample_green(marked, config)
    optics = _optics(marked, config)
    labels = np.asarray(marked.labels, np.int64)
    n_planes = len(labels)
    planes = []
    for k in range(n_planes):
        yield Progress("Simulating red", k, n_planes)
        planes.append(_simulate_plane(marked.green[k], labels[k], k, config, optics))
    yield Progress("Simulating red", n_planes, n_planes)
    truth, last = [], int(labels.max())
    for k, plane in enumerate(planes):
        truth.append(_numbered(plane, last, config))
        last = max(last, int(truth[-1][0].max()))
        truth[-1][2].insert(1, "plane", k)
    digits = np.random.default_rng([config.seed, _STREAM, _DIGITS])
    return SemirealField(
        red=digitise(np.stack([p.red for p in planes]), config.bit_depth, digits),
        green=_whole(np.stack([p.green for p in planes])),
        labels=np.stack([one[0] for one in truth]).astype(np.int32),
        unsure=np.stack([one[1] for one in truth]),
        cells=pd.concat([one[2] for one in truth], ignore_index=True),
        config=optics,
        semireal=config,
    )


def relabel_from_one(field: SemirealField) -> SemirealField:
    """Number the cells from 1 in the order of the table, as simulated fields do."""
    number = np.zeros(int(field.labels.max()) + 1, np.int32)
    new = np.arange(1, len(field.cells) + 1)
    number[field.cells["label"].to_numpy(int)] = new
    return replace(
        field, labels=number[field.labels], cells=field.cells.assign(label=new)
    )


def _optics(marked: MarkedGreen, config: SemirealConfig) -> SimulationConfig:
    planes, height, width = marked.green.shape
    try:
        return SimulationConfig(
            height=height,
            width=width,
            n_planes=planes,
            pixel_size_um=marked.pixel_size_um,
            plane_spacing_um=marked.plane_spacing_um,
            tilt_um=0,
            vignetting=0,
            **{name: getattr(config, name) for name in SHARED},
        )
    except ValidationError as error:
        first = error.errors()[0]
        wrong = str(first["loc"][0]).replace("_um", " (µm)").replace("_", " ")
        raise InputError(
            f"{marked.name}: {planes} x {height} x {width} (plane, y, x) at "
            f"{marked.pixel_size_um:.4g} µm per pixel cannot be simulated, its {wrong} "
            f"{first['msg'].replace('Input ', '')}; give another image or pixel size, "
            "or resample it."
        ) from error


def _simulate_plane(
    image: NDArray[np.generic],
    labels: NDArray[np.int64],
    number: int,
    config: SemirealConfig,
    optics: SimulationConfig,
) -> _Plane:
    rngs = [
        np.random.default_rng([config.seed, _STREAM, purpose, number])
        for purpose in range(_DIGITS)
    ]
    green = adjust_green(
        np.asarray(image, np.float64), labels, config, optics, rngs[_GREEN]
    )
    numbers = np.unique(labels[labels > 0])
    marks = np.where(labels > 0, np.searchsorted(numbers, labels), -1)
    ground = measure_green_background(green, labels, optics.pixel_size_um)
    nuclei = draw_nuclei(
        marks, ground, config, optics, [rngs[k] for k in (_CLASSES, _NUCLEI, _GLIA)]
    )
    light, owner = render_nuclei(nuclei, ground, config, optics, rngs[_HAZE])
    red = expose_red(light, ground, config, optics, rngs[_DETECTION])
    outline = np.where((marks < 0) & (owner >= len(numbers)), owner, marks)
    cells = list_sections(outline, optics)
    measures = measure_sections((red, green), outline, cells, optics, rngs[_EMPTY])
    sections = pd.concat([cells, measures], axis=1)
    cells = _classify_sections(
        sections, nuclei, owner, len(numbers), optics.pixel_size_um
    )
    return _Plane(red, green, outline, numbers, cells)


def _classify_sections(
    cells: pd.DataFrame,
    nuclei: Nuclei,
    owner: NDArray[np.int64],
    n_marks: int,
    pixel_um: float,
) -> pd.DataFrame:
    """Add the class of each cell and its visibility (`ambiguous`, `seen`)."""
    row = cells["tissue"].to_numpy(int)
    has_red, marked = nuclei.red[row], row < n_marks
    met = np.bincount(owner[owner >= 0], minlength=len(nuclei.red))[row]
    in_plane = met * pixel_um**2 >= _SMALLEST_NUCLEUS_UM2
    red = grade_visibility(cells, "red", has_red & in_plane, has_red)
    # a marked cell was seen in green: it may be faint, but green is not absent
    green = grade_visibility(cells, "green", marked, marked)
    big = cells["area_um2"].to_numpy() >= SMALLEST_UM2
    kind = np.array(CLASSES)[nuclei.tissue.kind[row]]
    focus = np.where(nuclei.dim[row], "out of focus", "sharp")
    return cells.assign(
        **{"class": kind},
        biological=kind,
        ambiguous=(red == 1) | (green == 1) | ~big,
        source=np.where(marked, REAL, SIMULATED),
        red=np.where(has_red, focus, "none"),
        nucleus_um=np.where(has_red, nuclei.diameter[row], 0.0),
        seen=big & ((red == 2) | (green == 2)),
    )


def _numbered(
    plane: _Plane, last: int, config: SemirealConfig
) -> tuple[NDArray[np.int64], NDArray[np.bool_], pd.DataFrame]:
    """Labels and unsure places (y, x), and the table; glia are numbered from `last`."""
    cells = plane.cells
    row = cells["tissue"].to_numpy(int)
    marked = cells["source"].to_numpy() == REAL
    kept = cells["seen"].to_numpy()
    if config.faint_marks == "keep":
        kept = kept | marked
    # the last of each stands for no cell
    number = np.zeros(int(plane.outline.max()) + 2, np.int64)
    doubtful = np.zeros(len(number), bool)
    doubtful[row[~kept]] = True
    glia = row[kept & ~marked]
    number[: len(plane.numbers)] = plane.numbers
    number[glia] = last + 1 + np.arange(len(glia))
    number[row[~kept]] = 0
    table = cells[kept].drop(columns=["tissue", "seen"])
    table.insert(0, "label", number[row[kept]])
    return number[plane.outline], doubtful[plane.outline], table


def _whole(green: NDArray[np.float64]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Green as it is where it holds whole numbers, else stretched to 16 bits."""
    low, high = float(green.min()), float(green.max())
    if low >= 0 and high <= 65535 and np.array_equal(green, np.round(green)):
        return green.astype(np.uint8) if high <= 255 else green.astype(np.uint16)
    return np.round((green - low) / (high - low) * _TOP).astype(np.uint16)
