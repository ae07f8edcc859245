"""How the default models do on one field that is disturbed in one respect at a time.

    python -m tools.evaluation.by_disturbance --truth FOLDER --score score.py

FOLDER holds red.tif, green.tif, labels.tif, cells.csv and meta.json, as for
`evaluate.py`. What is done is done to both channels where nothing else is said; shares
are of a channel's range from the 1st to the 99.8th percentile.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tifffile
from scipy import ndimage

from napari_cellid.channels.normalisation import Normalisation, value_range
from tools.evaluation.evaluate import Ours, load_program, score_one

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    Image = NDArray[np.float64]
    #: makes red and green of red and green, pixel size (µm) and random numbers
    Change = Callable[[Image, Image, float, Generator], tuple[Image, Image]]

FIGURES = ("f1_iou", "f1_6um", "balanced", "macro_f1_end_to_end")


def reach(image: Image) -> float:
    """Range of values from the 1st to the 99.8th percentile."""
    low, high = value_range(image, Normalisation())
    return high - low


def debris(image: Image, rng: Generator) -> Image:
    """Twelve discs of 8 to 16 px, four times as bright as the brightest pixel."""
    dirty = image.copy()
    y, x = np.ogrid[: image.shape[0], : image.shape[1]]
    for _ in range(12):
        middle, radius = rng.integers(0, image.shape), rng.integers(4, 9)
        disc = (y - middle[0]) ** 2 + (x - middle[1]) ** 2 < radius**2
        dirty[disc] = 4 * image.max()
    return dirty


def bent(image: Image, gamma: float) -> Image:
    top = max(float(image.max()), 1e-9)
    return np.asarray(top * (image / top) ** gamma)


def noisy(image: Image, share: float, rng: Generator) -> Image:
    grain = rng.normal(0, share * reach(image), image.shape)
    return np.asarray(np.clip(image + grain, 0, None))


def striped(image: Image, rng: Generator) -> Image:
    offset = rng.normal(0, 0.05 * reach(image), (image.shape[0], 1))
    return np.asarray(np.clip(image + offset, 0, None))


def bordered(image: Image) -> Image:
    image = image.copy()
    image[:40], image[:, -30:] = 0, 0
    return image


def saturated(image: Image, percentile: float) -> Image:
    return np.minimum(image, np.percentile(image, percentile))


CHANGES: dict[str, Change] = {
    "as it is": lambda r, g, um, rng: (r, g),
    "bright debris in red": lambda r, g, um, rng: (debris(r, rng), g),
    "bright debris in both": lambda r, g, um, rng: (debris(r, rng), debris(g, rng)),
    "gamma 0.6": lambda r, g, um, rng: (bent(r, 0.6), bent(g, 0.6)),
    "gamma 1.6": lambda r, g, um, rng: (bent(r, 1.6), bent(g, 1.6)),
    "noise, SD 5 %": lambda r, g, um, rng: (noisy(r, 0.05, rng), noisy(g, 0.05, rng)),
    "noise, SD 12 %": lambda r, g, um, rng: (noisy(r, 0.12, rng), noisy(g, 0.12, rng)),
    "out of focus, SD 1.4 µm": lambda r, g, um, rng: (
        ndimage.gaussian_filter(r, 1.4 / um),
        ndimage.gaussian_filter(g, 1.4 / um),
    ),
    "red 2 µm beside green": lambda r, g, um, rng: (
        ndimage.shift(r, (1.5 / um, 1.3 / um), order=1, mode="nearest"),
        g,
    ),
    "lines of uneven offset, 5 %": lambda r, g, um, rng: (
        striped(r, rng),
        striped(g, rng),
    ),
    "saturated: red 2 %, green 5 %": lambda r, g, um, rng: (
        saturated(r, 98),
        saturated(g, 95),
    ),
    "black border of 40 and 30 px": lambda r, g, um, rng: (bordered(r), bordered(g)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--score", type=Path, required=True)
    parser.add_argument("--segmenter")
    parser.add_argument("--classifier", nargs="*", default=["", "both"])
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--split", default="core")
    options = parser.parse_args()
    ours, score = Ours(options), load_program(options.score)
    given = [
        tifffile.imread(options.truth / f"{name}.tif").astype(np.float64)
        for name in ("red", "green")
    ]
    meta = json.loads((options.truth / "meta.json").read_text("utf-8"))
    for k, (what, change) in enumerate(CHANGES.items()):
        rng = np.random.default_rng([7, k])
        red, green = change(given[0], given[1], meta["pixel_size_um"], rng)
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "field"
            shutil.copytree(options.truth, folder)
            for name, image in (("red", red), ("green", green)):
                tifffile.imwrite(folder / f"{name}.tif", image.astype(np.float32))
            for name in options.classifier:
                figures = score_one(folder, ours.with_classifier(name), score)
                kept = {key: round(figures[key], 3) for key in FIGURES}
                print(json.dumps({"field": what, "classifier": name} | kept))


if __name__ == "__main__":
    main()
