"""How near the estimated diameter of cells comes to the true one.

    python -m tools.evaluation.diameter_estimates --n 30 --out diameters.json
    python -m tools.evaluation.diameter_estimates --n 0 \
        --image semireal red.tif green.tif --labels labels.tif
    python -m tools.evaluation.diameter_estimates --n 0 --image slice - green.tif

Draws simulated fields of every kind from seeds that no training used, at pixel sizes
from 0.6 to 2.5 µm. The true diameter is the median over the cells in view, as discs of
the same area. Images are also resampled to 0.7 and 1.6 of their size: the estimate must
follow. `--labels` is a label image of the cells that somebody marked.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import tifffile

from napari_cellid.cells.size_check import SOMA_RANGE_UM
from napari_cellid.channels.resampling import rescale
from napari_cellid.config import DeviceConfig
from napari_cellid.device import choose_device
from napari_cellid.errors import InputError
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.diameter_estimate import estimate_diameter
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.simulation.conditions import HARD, Kind, draw_config
from napari_cellid.simulation.field import simulate

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED = 47_000
#: kinds of the fields on which the figures of the manual were measured
MEASURED_KINDS: tuple[Kind, ...] = ("wide", "nominal", *HARD, "sharp", "broad")
PIXEL_SIZES_UM = (0.6, 2.5)
#: sides of the simulated fields (px): wider where cells are large
SIDE_PX, WIDE_SIDE_PX, LARGE_CELLS_BELOW_UM = 400, 512, 1.2
FACTORS = (0.7, 1.0, 1.6)
#: declared pixel sizes over the true one, of which a run should doubt all but one
DECLARED = (1 / 4.5, 1 / 2.5, 1 / 1.6, 1.0, 1.6, 2.5, 4.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=30)
    parser.add_argument(
        "--image", nargs=3, metavar=("NAME", "RED", "GREEN"), help="- for no channel"
    )
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    estimator = Estimator()
    rows = [simulated(k, estimator) for k in range(options.n)]
    if options.image:
        name, *files = options.image
        red, green = (_read(file) for file in files)
        true = None if options.labels is None else _median(_labels(options.labels))
        rows += [resampled(name, red, green, true, f, estimator) for f in FACTORS]
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="%.3g"))
    if options.n:
        print(summary(table["ratio"][: options.n]))
        print(doubts(table[: options.n]))
    if options.out:
        options.out.write_text(json.dumps(table.to_dict("records"), indent=1))


class Estimator:
    """The shipped U-Net, on the fastest device."""

    def __init__(self) -> None:
        self.segmenter = load_segmenter(None)
        self.device = choose_device(DeviceConfig())

    def __call__(
        self,
        red: NDArray[np.float32] | None,
        green: NDArray[np.float32] | None,
        true_px: float | None,
    ) -> dict[str, Any]:
        """Estimate the diameter of cells in images (y, x), and compare."""
        planes = MeanPlanes(
            "field",
            *(None if image is None else image[None] for image in (red, green)),
            pixel_size_um=1.0,
        )
        started = time.perf_counter()
        row: dict[str, Any] = {"true_px": true_px, "px": np.nan, "outlines": 0}
        try:
            estimate = run_to_end(
                estimate_diameter(planes, self.segmenter, self.device)
            )
            row |= {"px": estimate.diameter_px, "outlines": estimate.n_cells}
        except InputError:
            # counted as refused
            pass
        row["ratio"] = row["px"] / true_px if true_px else np.nan
        return row | {"s": time.perf_counter() - started}


def simulated(k: int, estimator: Estimator) -> dict[str, Any]:
    """Compare on one simulated field; pixel sizes are spread evenly over the kinds."""
    kind = MEASURED_KINDS[k % len(MEASURED_KINDS)]
    low, high = PIXEL_SIZES_UM
    # the golden ratio spreads numbers evenly, whichever are taken together
    size = low * (high / low) ** (k * 0.618034 % 1)
    side = WIDE_SIDE_PX if size < LARGE_CELLS_BELOW_UM else SIDE_PX
    rng = np.random.default_rng([SEED, k])
    given = {"pixel_size_um": size, "height": side, "width": side, "n_planes": 1}
    field = run_to_end(simulate(draw_config(kind, rng, **given)))
    true = _median(field.labels[0])
    red, green = field.red[0].astype(np.float32), field.green[0].astype(np.float32)
    row = {"field": kind, "pixel_um": size, "cells": len(field.cells)}
    return row | estimator(red, green, true)


def resampled(
    name: str,
    red: NDArray[np.float32] | None,
    green: NDArray[np.float32] | None,
    true_px: float | None,
    factor: float,
    estimator: Estimator,
) -> dict[str, Any]:
    """Compare on an image with `factor` times as many pixels along each side."""
    first, second = (
        None if image is None else rescale(image, factor) for image in (red, green)
    )
    row = estimator(first, second, true_px and true_px * factor)
    return {"field": name, "factor": factor, **row, "px_of_image": row["px"] / factor}


def summary(ratio: pd.Series) -> str:
    """Quartiles, extremes and refusals of the ratios of estimate and truth."""
    known = ratio.dropna()
    low, middle, high = known.quantile([0.25, 0.5, 0.75])
    return (
        f"{len(ratio)} simulated fields: estimate / truth median {middle:.2f}, "
        f"quartiles {low:.2f} to {high:.2f}, extremes {known.min():.2f} and "
        f"{known.max():.2f}; {ratio.isna().sum()} refused"
    )


def doubts(fields: pd.DataFrame) -> str:
    """How many fields a run would doubt at declared pixel sizes, as Markdown.

    The estimate does not depend on the declared size, so that one serves for all.
    """
    low, high = SOMA_RANGE_UM
    size_um = fields["px"] * fields["pixel_um"]
    rows = ["| declared / true pixel size | doubted |", "|---|---|"]
    for factor in DECLARED:
        doubted = (size_um * factor < low) | (size_um * factor > high)
        rows.append(f"| {factor:.2g} | {doubted.sum()} of {len(fields)} |")
    return "\n".join(rows)


def _median(labels: NDArray[Any]) -> float:
    area = np.bincount(labels.ravel())[1:]
    return float(np.median(np.sqrt(4 * area[area > 0] / np.pi)))


def _labels(file: Path) -> NDArray[Any]:
    return np.asarray(tifffile.imread(file))


def _read(file: str) -> NDArray[np.float32] | None:
    """Mean image (y, x) of a file; movies are averaged over their first axis."""
    if file == "-":
        return None
    image = np.asarray(tifffile.imread(file), np.float32)
    return image if image.ndim == 2 else image.mean(0)


if __name__ == "__main__":
    main()
