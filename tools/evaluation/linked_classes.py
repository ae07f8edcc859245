"""Whether the class of a cell is better decided from all its planes.

    python -m tools.evaluation.linked_classes --volumes 2 --side 256 --spacings 5 8

simulates volumes of five planes, outlines and classifies their cells with the default
models, and links the outlines of neighbouring planes. Outlines count that lie within
6 µm of a true cell of their plane whose class can be read off the image. Printed are,
for the outlines of cells of two planes and more, the accuracy of the classes of each
outline alone and of those decided from all planes, and the mean recall of the classes.
`right` is the share of pairs of linked outlines whose true cell is the same one, and
`in one cell` the share of linked cells whose outlines have one class without linking.
With `--true-outlines` the outlines of the simulation are classified. All data is
simulated.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pandas as pd

from napari_cellid.cells.measure import measure
from napari_cellid.cells.plane_links import LINKED, link_planes, pool_classes
from napari_cellid.classification.base import classify_cells, none_limits
from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import DeviceConfig, IdentifyConfig, SimulationConfig
from napari_cellid.device import choose_device
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.predict import load_segmenter, segment
from napari_cellid.simulation.field import simulate
from tools.evaluation.class_scores import match_cells
from tools.evaluation.plane_links import pairs

if TYPE_CHECKING:
    from napari_cellid.simulation.field import SimulatedField

_PLANES, _SEED = 5, 40


def classified(field: SimulatedField, *, true_outlines: bool) -> pd.DataFrame:
    """Cells with `alone` and `pooled` classes, their links, and what they truly are."""
    config, planes = IdentifyConfig(), field.mean_planes()
    device = choose_device(DeviceConfig(device="cpu", precision="fp32"))
    classifier, labels = load_classifier(), field.labels
    if not true_outlines:
        step = segment(planes, load_segmenter(None), config.segment, device)
        labels = run_to_end(step).labels
    cells = run_to_end(
        classify_cells(
            planes, labels, measure(labels, planes), classifier, config.classify, device
        )
    )
    spacing = field.config.plane_spacing_um
    depths = tuple(spacing * plane for plane in range(_PLANES))
    linked = link_planes(labels, cells, depths, field.config.pixel_size_um)
    limits = none_limits(config.classify, classifier.card)
    pooled = pool_classes(linked, classifier.card.classes, limits)
    return _with_truth(
        linked.assign(alone=cells["predicted"], pooled=pooled["predicted"]), field
    )


def _with_truth(cells: pd.DataFrame, field: SimulatedField) -> pd.DataFrame:
    """The cells that match a true one of their plane, with its class and number."""
    parts = []
    for plane in range(_PLANES):
        found = cells[cells["plane"] == plane]
        truth = field.cells[field.cells["plane"] == plane]
        rows, true = match_cells(found, truth, field.config.pixel_size_um)
        columns = truth.iloc[true][["class", "tissue", "ambiguous"]].to_numpy()
        matched = found.iloc[rows].assign(
            **dict(zip(("true", "tissue", "ambiguous"), columns.T, strict=True))
        )
        parts.append(matched)
    return pd.concat(parts)


def describe(cells: pd.DataFrame) -> str:
    """The figures of outlines of cells in two planes and more, one line."""
    of_cell = cells[["volume", LINKED]].apply(tuple, axis=1)
    linked = cells[of_cell.map(of_cell.value_counts()) > 1]
    right = n_pairs = 0
    for _, rows in linked.groupby("volume"):
        own = dict(zip(rows["label"], rows["tissue"], strict=True))
        joined = pairs(rows, LINKED)
        n_pairs += len(joined)
        right += sum(own[a] == own[b] for a, b in joined)
    same = linked.groupby(["volume", LINKED])["alone"].nunique() == 1
    clear = linked[linked["ambiguous"] == 0]
    scores = []
    for column in ("alone", "pooled"):
        hit = clear[column] == clear["true"]
        recall = hit.groupby(clear["true"]).mean()
        scores.append(f"{column} {hit.mean():.3f} (mean recall {recall.mean():.3f})")
    changed = clear["alone"] != clear["pooled"]
    better = int((clear["pooled"] == clear["true"])[changed].sum())
    worse = int((clear["alone"] == clear["true"])[changed].sum())
    return (
        f"{len(linked)} linked outlines of {len(cells)} that were matched, right "
        f"{right / max(n_pairs, 1):.3f} of {n_pairs} pairs, in one cell "
        f"{same.mean():.3f}; {len(clear)} clear outlines: {', '.join(scores)}; "
        f"{better} became right, {worse} wrong"
    )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--volumes", type=int, default=2)
    parser.add_argument("--side", type=int, default=256, help="px of a plane")
    parser.add_argument("--spacings", type=float, nargs="+", default=[5, 8])
    parser.add_argument("--true-outlines", action="store_true")
    given = parser.parse_args()
    for spacing in given.spacings:
        parts = []
        for seed in range(_SEED, _SEED + given.volumes):
            config = SimulationConfig(
                seed=seed,
                height=given.side,
                width=given.side,
                n_planes=_PLANES,
                plane_spacing_um=spacing,
            )
            field = run_to_end(simulate(config))
            cells = classified(field, true_outlines=given.true_outlines)
            parts.append(cells.assign(volume=seed))
        print(f"{spacing:g} µm: {describe(pd.concat(parts))}", flush=True)


if __name__ == "__main__":
    main()
