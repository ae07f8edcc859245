"""The components of a plane's frames: cells, neuropil and red before the last blur."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_cellid.simulation.detection import move_lines
from napari_cellid.simulation.optics import green_cells
from napari_cellid.simulation.tissue import correlated_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.config import SimulationConfig
    from napari_cellid.config.movie import MovieConfig
    from napari_cellid.simulation.detection import Scan
    from napari_cellid.simulation.optics import Light
    from napari_cellid.simulation.tissue import Tissue

#: random stream of the spatial patterns, apart from that of the field
_PATCHES = 205
#: spatial patterns of the neuropil's changes, besides the change of the whole field
N_PATCHES = 3


@dataclass(frozen=True, eq=False)
class Scene:
    """Components of the frames of a plane, in photons per frame before the last blur.

    Parameters
    ----------
    cells
        (pixel, cell): green light of each cell, pixels row by row.
    neuropil
        (y, x): green light of everything else.
    red
        (y, x): red light.
    patches
        (patch, y, x): spatial patterns of the neuropil's changes.
    """

    cells: sparse.csr_array
    neuropil: NDArray[np.float32]
    red: NDArray[np.float32]
    patches: NDArray[np.float32]


def render_scene(
    plane: int,
    tissue: Tissue,
    light: Light,
    scan: Scan,
    config: SimulationConfig,
    movie: MovieConfig,
) -> Scene:
    """Split the light of a plane into what changes with time and what does not."""
    shape = light.green.shape
    cells = green_cells(tissue, config, plane)
    cell_sum = np.asarray(cells.sum(axis=1)).reshape(shape) * light.shadow
    neuropil = np.maximum(light.green - cell_sum, 0)
    left = (light.shadow * scan.fall_off * config.green_photons).ravel()
    moved = _line_shifts(scan.shifts, shape[1]) @ sparse.diags_array(left) @ cells
    rng = np.random.default_rng([config.seed, _PATCHES, plane])
    size = movie.neuropil_patch_um / config.pixel_size_um
    return Scene(
        cells=sparse.csr_array(moved.astype(np.float32)),
        neuropil=_moved(neuropil * config.green_photons, scan),
        red=_moved(light.red * config.red_photons, scan),
        patches=np.stack(
            [correlated_field(shape, size, rng) for _ in range(N_PATCHES)]
        ).astype(np.float32),
    )


def select_cells(scene: Scene, cells: NDArray[np.int64]) -> Scene:
    """Keep the light of the given cells only, in their order."""
    selected = sparse.csr_array(scene.cells[:, cells])
    return Scene(selected, scene.neuropil, scene.red, scene.patches)


def _moved(image: NDArray[np.float64], scan: Scan) -> NDArray[np.float32]:
    return move_lines(image * scan.fall_off, scan.shifts).astype(np.float32)


def _line_shifts(shifts: NDArray[np.float64], width: int) -> sparse.csr_array:
    """Return the shift of `move_lines` as a matrix (pixel, pixel)."""
    place = np.clip(np.arange(width) + shifts[:, None], 0, width - 1)
    low = np.minimum(place.astype(int), width - 2)
    share = (place - low).ravel()
    source = (low + width * np.arange(len(shifts))[:, None]).ravel()
    target = np.arange(len(source))
    weights = np.concatenate([1 - share, share])
    where = np.concatenate([target, target]), np.concatenate([source, source + 1])
    return sparse.csr_array((weights, where), shape=(len(source), len(source)))
