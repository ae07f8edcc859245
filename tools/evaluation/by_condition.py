"""How the default models do by condition: noise, bleed-through, pixel size, density.

    python -m tools.evaluation.by_condition --score score.py --n 120 \
        --out by_condition.json
    python -m tools.evaluation.by_condition --score score.py --pixel-sizes --n 4

Draws fields of kind `wide` from seeds that no training used and sorts them into thirds
by each condition. With `--pixel-sizes` one and the same field, simulated at 0.5 µm, is
shown at coarser and coarser pixels. All fields are simulated.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import tifffile

from napari_cellid.cells.rescale import rescale_labels
from napari_cellid.channels.resampling import rescale
from napari_cellid.progress import run_to_end
from napari_cellid.simulation.conditions import draw_config
from napari_cellid.simulation.field import simulate
from tools.evaluation.evaluate import Ours, load_program, score_one

if TYPE_CHECKING:
    from napari_cellid.config import SimulationConfig
    from napari_cellid.simulation.field import SimulatedField

SEED = 31_000
FIELD_UM = 420.0
PIXEL_SIZES_UM = (0.5, 0.75, 1.0, 1.17, 1.5, 2.0)
FIGURES = ("f1_iou", "f1_6um", "balanced", "macro_f1_end_to_end")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--score", type=Path, required=True)
    parser.add_argument("--n", type=int, default=120)
    parser.add_argument("--pixel-sizes", action="store_true")
    parser.add_argument("--segmenter")
    parser.add_argument("--classifier", default="")
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--split", default="core")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    ours = Ours(options).with_classifier(options.classifier)
    score = load_program(options.score)
    with tempfile.TemporaryDirectory() as scratch:
        make = _by_pixel_size if options.pixel_sizes else _by_setting
        table = make(Path(scratch), options.n, ours, score)
    print(table.to_string(index=False, float_format="%.3f"))
    if options.out:
        options.out.write_text(json.dumps(table.to_dict("records"), indent=1))


def conditions(config: SimulationConfig) -> dict[str, float]:
    """What makes a field easy or hard, from its settings."""
    frames = config.n_frames
    return {
        "photons of a red nucleus, all frames": frames
        * config.red_photons
        * config.red_brightness,
        "photons of green neuropil, all frames": frames * config.green_photons,
        "green in red (%)": 100 * config.bleed_green_to_red,
        "pixel size (µm)": config.pixel_size_um,
        "neurons per mm³": config.neuron_density,
        "red brightness": config.red_brightness,
        "vignetting": config.vignetting,
    }


def _by_setting(scratch: Path, n: int, ours: Ours, score: Any) -> pd.DataFrame:
    rows = []
    for k in range(n):
        rng = np.random.default_rng([SEED, k])
        config = draw_config("wide", rng, n_planes=1)
        side = round(FIELD_UM / config.pixel_size_um)
        config = config.model_copy(update={"height": side, "width": side})
        field = run_to_end(simulate(config))
        folder = _write(scratch / f"{k}", field.red[0], field.green[0], field)
        rows.append(conditions(config) | score_one(folder, ours, score))
    table = pd.DataFrame(rows)
    return pd.concat([_thirds(table, name) for name in conditions(config)])


def _thirds(table: pd.DataFrame, name: str) -> pd.DataFrame:
    third = pd.qcut(table[name], 3, labels=["low", "middle", "high"])
    means = table.groupby(third, observed=True)[list(FIGURES)].mean()
    ends = table.groupby(third, observed=True)[name].agg(["min", "max", "size"])
    joined = ends.join(means).reset_index(names="third")
    joined.insert(0, "condition", name)
    return joined


def _by_pixel_size(scratch: Path, n: int, ours: Ours, score: Any) -> pd.DataFrame:
    rows = []
    for k in range(n):
        rng = np.random.default_rng([SEED, 1, k])
        finest = PIXEL_SIZES_UM[0]
        side = round(FIELD_UM / finest)
        given = {"n_planes": 1, "pixel_size_um": finest, "height": side, "width": side}
        field = run_to_end(simulate(draw_config("nominal", rng, **given)))
        for size in PIXEL_SIZES_UM:
            factor = finest / size
            red, green = (
                rescale(image[0].astype(np.float32), factor)
                for image in (field.red, field.green)
            )
            folder = scratch / f"{k}-{size}"
            _write(folder, red, green, field, size)
            rows.append({"pixel_size_um": size} | score_one(folder, ours, score))
    return pd.DataFrame(rows).groupby("pixel_size_um", as_index=False).mean()


def _write(
    folder: Path,
    red: np.ndarray,
    green: np.ndarray,
    field: SimulatedField,
    pixel_size_um: float | None = None,
) -> Path:
    """Write images (y, x) and truth, the truth at the size of the images."""
    folder.mkdir()
    config = field.config
    size = pixel_size_um or config.pixel_size_um
    factor = config.pixel_size_um / size
    labels = rescale_labels(field.labels[0], factor, red.shape)
    cells = field.cells[["label", "y", "x", "class", "ambiguous"]].copy()
    cells[["y", "x"]] = (cells[["y", "x"]] + 0.5) * factor - 0.5
    cells = cells[np.isin(cells["label"], labels)]
    for name, image in (("red", red), ("green", green), ("labels", labels)):
        tifffile.imwrite(folder / f"{name}.tif", image)
    cells.to_csv(folder / "cells.csv", index=False)
    (folder / "meta.json").write_text(
        json.dumps({"pixel_size_um": size, "simulated": True})
    )
    return folder


if __name__ == "__main__":
    main()
