"""Measure the ranges of properties of recordings that a model was trained on.

    python -m tools.training.known_ranges --kind wide --kind sharp --n 200 \
        --segmenter WORK/models/unet --classifier WORK/models/one_pass \
        --out WORK/ranges.json --card WORK/models/unet WORK/models/one_pass

Fields of the kinds of the training are simulated, and each is outlined, classified and
measured as a run does it, so that ranges contain what these models find. `--out` is for
`ship_models --ranges`; `--card` writes them to cards of models that are there already.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field, replace
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from napari_cellid.cells.measure import measure
from napari_cellid.channels.bleed_through import bleed_through
from napari_cellid.classification.base import classify_cells
from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import ClassifyConfig, DeviceConfig, SegmentConfig
from napari_cellid.device import choose_device
from napari_cellid.novelty.comparison import red_classes
from napari_cellid.novelty.properties import measure_properties
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.predict import load_segmenter, segment
from napari_cellid.simulation.conditions import KINDS, Kind, draw_config
from napari_cellid.simulation.field import simulate
from tools.training.cards import change_card

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.classification.base import CellClassifier
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.predict import Segmenter

FIELD_UM = 350.0
#: percentiles over fields that are the ends of a range
LEVELS = (0.5, 99.5)
#: a range is wider than that by this part of its width, because fields are few: without
#: it more than one in ten fields of the training would be warned of
MARGIN = 0.05
#: properties of which less cannot be a fault, and the least possible value
ONE_SIDED = {
    "noise_green": 0.0,
    "noise_red": 0.0,
    "cut_bright": 0.0,
    "cut_dark": 0.0,
    "unevenness": 1.0,
    "bleed_through": 0.0,
}
#: shares cannot be more
HIGHEST = {"cut_bright": 1.0, "cut_dark": 1.0, "red_fraction": 1.0}


@dataclass(frozen=True)
class Request:
    """A field to simulate and to measure.

    Parameters
    ----------
    kind
        Kind of the simulation.
    seed
        Fixes the field.
    fixed
        Settings that are not drawn.
    declared
        Pixel size that the program is told, as a multiple of the true one.
    """

    kind: Kind
    seed: tuple[int, int]
    fixed: Mapping[str, Any] = field(default_factory=dict)
    declared: float = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_models(parser)
    parser.add_argument("--n", type=int, default=200, help="fields of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--card", type=Path, nargs="+", default=[], metavar="MODEL")
    options = parser.parse_args()
    requests = [
        Request(kind, (options.seed, k))
        for kind in options.kind
        for k in range(options.n)
    ]
    ranges = known_ranges(measure_fields(requests, options))
    text = json.dumps(ranges, indent=2)
    options.out.write_text(text + "\n", "utf-8")
    print(text)
    for folder in options.card:
        change_card(folder, {"known_range": ranges})


def add_models(parser: argparse.ArgumentParser) -> None:
    """Add the options that name the models and the kinds of simulated fields."""
    parser.add_argument("--segmenter", help="name or folder; default: the shipped one")
    parser.add_argument("--classifier", help="name or folder; default: the shipped one")
    parser.add_argument("--kind", choices=KINDS, action="append", required=True)
    parser.add_argument("--workers", type=int, default=2)


def measure_fields(
    requests: Sequence[Request], options: argparse.Namespace
) -> pd.DataFrame:
    """Properties of simulated fields: one row a field, empty where not measured."""
    measure_one = partial(
        measure_field, segmenter=options.segmenter, classifier=options.classifier
    )
    # torch does not work in processes that were forked
    with get_context("spawn").Pool(options.workers) as pool:
        rows = tqdm(pool.imap(measure_one, requests), total=len(requests))
        return pd.DataFrame(list(rows))


def measure_field(
    request: Request, segmenter: str | None, classifier: str | None
) -> dict[str, float]:
    """Properties of one simulated field, as a run measures them."""
    planes = simulated_planes(request)
    outlines, classes = loaded_models(segmenter, classifier)
    device = choose_device(DeviceConfig(device="cpu"))
    step = segment(planes, outlines, SegmentConfig(), device)
    labels = run_to_end(step).labels
    cells = measure(labels, planes)
    step = classify_cells(planes, labels, cells, classes, ClassifyConfig(), device)
    red = red_classes([classes.card])
    return measure_properties(planes, run_to_end(step), red, bleed_through(planes))


def simulated_planes(request: Request) -> MeanPlanes:
    """Mean images of a simulated field, with the pixel size that is declared."""
    rng = np.random.default_rng(request.seed)
    config = draw_config(request.kind, rng, n_planes=1)
    side = round(FIELD_UM / config.pixel_size_um)
    size = {"height": side, "width": side}
    field = run_to_end(simulate(config.model_copy(update={**request.fixed, **size})))
    planes = field.mean_planes()
    return replace(planes, pixel_size_um=planes.pixel_size_um * request.declared)


@cache
def loaded_models(
    segmenter: str | None, classifier: str | None
) -> tuple[Segmenter, CellClassifier]:
    # the processes share the processor by fields
    torch.set_num_threads(1)
    return load_segmenter(segmenter), load_classifier(classifier)


def known_ranges(measured: pd.DataFrame) -> dict[str, list[float]]:
    """Range of each property: percentiles and a margin.

    It begins with the least possible value where less cannot be a fault.

    Parameters
    ----------
    measured
        One row a field.
    """
    ranges = {}
    # what was measured in no field has no range
    for name in measured.dropna(axis=1, how="all"):
        low, high = np.nanpercentile(measured[name], LEVELS)
        low = ONE_SIDED.get(name, low)
        margin = MARGIN * (high - low)
        if name not in ONE_SIDED:
            low = max(low - margin, 0.0)
        high = min(high + margin, HIGHEST.get(name, np.inf))
        ranges[name] = [float(f"{low:.3g}"), float(f"{high:.3g}")]
    return ranges


if __name__ == "__main__":
    main()
