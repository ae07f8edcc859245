"""A simulated field of view with its truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_cellid.progress import Progress
from napari_cellid.recording import MeanPlanes
from napari_cellid.simulation.detection import digitise, draw_scan, expose_plane
from napari_cellid.simulation.optics import render_light
from napari_cellid.simulation.tissue import generate_tissue
from napari_cellid.simulation.truth import plane_truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig
    from napari_cellid.progress import Step
    from napari_cellid.simulation.detection import Scan
    from napari_cellid.simulation.optics import Light
    from napari_cellid.simulation.tissue import Tissue
    from napari_cellid.simulation.truth import PlaneTruth

    #: receives the number, tissue, light and scan of a plane
    Visit = Callable[[int, Tissue, Light, Scan], object]


@dataclass(frozen=True, eq=False)
class SimulatedField:
    """Mean images of a simulated volume and their ground truth.

    Parameters
    ----------
    red, green
        (plane, y, x) uint8 or uint16.
    labels
        (plane, y, x) int32; each number is unique in the field.
    unsure
        (plane, y, x) bool: sections that cannot be told from background with certainty.
    cells
        One row a label, with `plane`; see `napari_cellid.simulation.truth.PlaneTruth`.
    config
        The settings of the simulation.
    """

    red: NDArray[np.uint8] | NDArray[np.uint16]
    green: NDArray[np.uint8] | NDArray[np.uint16]
    labels: NDArray[np.int32]
    unsure: NDArray[np.bool_]
    cells: pd.DataFrame
    config: SimulationConfig

    def mean_planes(self, name: str = "simulated") -> MeanPlanes:
        """Its images as those of a recording of this name."""
        return MeanPlanes(
            name=name,
            red=self.red.astype(np.float32),
            green=self.green.astype(np.float32),
            pixel_size_um=self.config.pixel_size_um,
        )


def simulate(
    config: SimulationConfig, visit: Visit | None = None
) -> Step[SimulatedField]:
    """Simulate a field; the same settings give the same field.

    Parameters
    ----------
    config
        The settings.
    visit
        Is called for each plane in order, with its number, tissue, light and scan.
    """
    rng = np.random.default_rng(config.seed)
    tissue = generate_tissue(config, rng)
    images, truths = [], []
    for plane in range(config.n_planes):
        yield Progress("Simulating planes", plane, config.n_planes)
        light = render_light(tissue, config, plane, rng)
        scan = draw_scan(config, rng)
        red, green = expose_plane(light, scan, config, rng)
        if visit is not None:
            visit(plane, tissue, light, scan)
        truths.append(plane_truth(tissue, light, (red, green), config, rng, plane))
        images.append((red, green))
    yield Progress("Simulating planes", config.n_planes, config.n_planes)
    reds, greens = (np.stack(channel) for channel in zip(*images, strict=True))
    labels, cells = _number_cells(truths)
    clipped = config.clipped_low, config.clipped_high
    return SimulatedField(
        # all planes at once, because they have one gain
        red=digitise(reds, config.bit_depth, rng, clipped),
        green=digitise(greens, config.bit_depth, rng, clipped),
        labels=labels,
        unsure=np.stack([truth.unsure for truth in truths]),
        cells=cells,
        config=config,
    )


def _number_cells(
    truths: list[PlaneTruth],
) -> tuple[NDArray[np.int32], pd.DataFrame]:
    """Number the cells of all planes from 1 and join their labels and tables."""
    labels, tables, last = [], [], 0
    for plane, truth in enumerate(truths):
        labels.append(np.where(truth.labels > 0, truth.labels + last, 0))
        tables.append(
            truth.cells.assign(label=truth.cells["label"] + last, plane=plane)
        )
        last += len(truth.cells)
    return np.stack(labels).astype(np.int32), pd.concat(tables, ignore_index=True)
