"""Bias and interval coverage of the estimated bleed-through.

    python -m tools.evaluation.bleed_estimate --n 30
    python -m tools.evaluation.bleed_estimate --images DIR --pixel-size 0.8 [--added]

The first form measures simulated fields whose bleed-through is known, 0 to 0.5 red
photons per green photon. The second reads `red.tif` and `green.tif` of a folder; with
`--added` known shares of green are added to red, and the estimate has to grow by them.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import tifffile

from napari_cellid.channels.bleed_through import estimate_bleed_through
from tools.evaluation.bleed_fields import TEST_KINDS, bleed_field

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: no training and no choice in the estimate used these seeds
SEED = 34_000
MOST = 0.5
ADDED = (0.0, 0.1, 0.2, 0.35, 0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=30)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--pixel-size", type=float, default=1.17)
    parser.add_argument("--added", action="store_true")
    options = parser.parse_args()
    if options.images:
        red, green = (_image(options.images / f"{c}.tif") for c in ("red", "green"))
        shares = ADDED if options.added else (0.0,)
        table = on_images(red, green, options.pixel_size, shares)
    else:
        table = on_simulated(options.n)
        _print_summary(table)
    print(table.to_string(index=False, float_format="%.4f"))


def on_simulated(n: int) -> pd.DataFrame:
    """Estimates of `n` fields, in red photons per green photon as their truth."""
    rows = []
    for k in range(n):
        # each kind gets shares from all of the range
        share = MOST * ((k // len(TEST_KINDS) + k % len(TEST_KINDS)) % 6) / 5
        found = bleed_field(TEST_KINDS[k % len(TEST_KINDS)], (SEED, k), share)
        red, green = (
            image.astype(np.float32) for image in (found.field.red, found.field.green)
        )
        size = found.field.config.pixel_size_um
        estimate = estimate_bleed_through(red, green, size)
        row = {"kind": found.kind, "truth": share, "reason": estimate.reason}
        for name in ("slope", "low", "high"):
            value = getattr(estimate, name)
            row[name] = np.nan if value is None else value / found.gain
        rows.append(row)
    table = pd.DataFrame(rows)
    table["error"] = table["slope"] - table["truth"]
    table["covered"] = table["truth"].between(table["low"] - 1e-9, table["high"])
    return table


def on_images(
    red: NDArray[np.float32],
    green: NDArray[np.float32],
    pixel_size_um: float,
    shares: tuple[float, ...],
) -> pd.DataFrame:
    """Estimates of images (plane, y, x) to whose red some of green is added."""
    rows = []
    for share in shares:
        estimate = estimate_bleed_through(
            red + np.float32(share) * green, green, pixel_size_um
        )
        rows.append({"added": share} | vars(estimate))
    return pd.DataFrame(rows)


def _print_summary(table: pd.DataFrame) -> None:
    for kind, rows in [*table.groupby("kind"), ("all", table)]:
        done = rows.dropna(subset="slope")
        error = done["error"]
        print(
            f"{kind}: {len(done)} of {len(rows)} estimated, bias {error.mean():+.4f}, "
            f"RMS error {np.sqrt((error**2).mean()):.4f}, "
            f"covered {int(done['covered'].sum())} of {len(done)}, "
            f"median width {(done['high'] - done['low']).median():.4f}"
        )


def _image(path: Path) -> NDArray[np.float32]:
    image = tifffile.imread(path).astype(np.float32)
    return image.reshape(-1, *image.shape[-2:])


if __name__ == "__main__":
    main()
