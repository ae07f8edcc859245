"""How well outlines of one cell are linked between the planes of simulated volumes.

    python -m tools.evaluation.plane_links --volumes 3 --side 256 --spacings 5 8 10

simulates volumes of five planes and links their true outlines. A pair of outlines in
neighbouring planes is right if both are of one cell of the tissue: `precision` is the
share of linked pairs that are right, `recall` the share of the right pairs that are
linked. `cells` is the number of cells counted after linking over the true number. All
data is simulated.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.cells.plane_links import LINKED, count_cells, link_planes
from napari_cellid.config import SimulationConfig
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.field import simulate

if TYPE_CHECKING:
    import pandas as pd

_PLANES = 5


def pairs(cells: pd.DataFrame, column: str) -> set[tuple[int, int]]:
    """Labels of outlines of one cell in neighbouring planes."""
    found = set()
    for _, rows in cells.groupby(column):
        rows = rows.sort_values("plane")
        plane, label = rows["plane"].tolist(), rows["label"].tolist()
        found |= {
            (label[k], label[k + 1])
            for k in range(len(rows) - 1)
            if plane[k + 1] == plane[k] + 1
        }
    return found


def measure_links(seed: int, side: int, spacing: float) -> np.ndarray:
    """Right and linked pairs, right pairs, linked pairs, and cells found and true."""
    config = SimulationConfig(
        seed=seed, height=side, width=side, n_planes=_PLANES, plane_spacing_um=spacing
    )
    field = run_to_end(simulate(config))
    cells = field.cells.assign(cell=field.cells["label"])
    depths = tuple(spacing * plane for plane in range(_PLANES))
    linked = link_planes(field.labels, cells, depths, config.pixel_size_um)
    true = pairs(cells, "tissue")
    found = pairs(linked, LINKED) if LINKED in linked else set()
    n_true = cells["tissue"].nunique()
    return np.array(
        [len(true & found), len(true), len(found), count_cells(linked), n_true]
    )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--volumes", type=int, default=3)
    parser.add_argument("--side", type=int, default=256, help="px of a plane")
    parser.add_argument("--spacings", type=float, nargs="+", default=[5, 8, 10])
    arguments = parser.parse_args()
    for spacing in arguments.spacings:
        counts = np.sum(
            [
                measure_links(seed, arguments.side, spacing)
                for seed in range(arguments.volumes)
            ],
            axis=0,
        )
        right, true, found, n_found, n_true = counts
        precision, recall = right / max(found, 1), right / max(true, 1)
        print(
            f"{spacing:g} µm: {true} true pairs, precision {precision:.3f}, recall "
            f"{recall:.3f}, cells {n_found} of {n_true}",
            flush=True,
        )


if __name__ == "__main__":
    main()
