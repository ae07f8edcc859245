"""How often a run suspects that red and green are exchanged, when right and when wrong.

    python -m tools.evaluation.exchanged_channels --kind nominal --kind wide --n 6

Each simulated field is outlined as it is and with its channels exchanged, as the dock
does it. The table is Markdown.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_cellid.cells.channel_order import channels_exchanged
from napari_cellid.config import DeviceConfig, SegmentConfig
from napari_cellid.device import choose_device
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.predict import load_segmenter, segment
from napari_cellid.simulation.conditions import KINDS
from tools.training.known_ranges import Request, simulated_planes

if TYPE_CHECKING:
    from napari_cellid.recording import MeanPlanes
    from napari_cellid.segmentation.predict import Segmenter


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kind", choices=KINDS, action="append", required=True)
    parser.add_argument("--n", type=int, default=6, help="fields of each kind")
    parser.add_argument("--seed", type=int, default=4242)
    options = parser.parse_args()
    segmenter = load_segmenter(None)
    print("| kind | fields | suspected, right | suspected, exchanged |")
    print("|---|---|---|---|", flush=True)
    for kind in options.kind:
        right = wrong = 0
        for k in range(options.n):
            planes = simulated_planes(Request(kind, (options.seed, k)))
            right += suspected(planes, segmenter)
            exchanged = replace(planes, red=planes.green, green=planes.red)
            wrong += suspected(exchanged, segmenter)
        print(f"| {kind} | {options.n} | {right} | {wrong} |", flush=True)


def suspected(planes: MeanPlanes, segmenter: Segmenter) -> bool:
    """Whether a run would suspect that the channels are exchanged."""
    device = choose_device(DeviceConfig(device="cpu"))
    labels = run_to_end(segment(planes, segmenter, SegmentConfig(), device)).labels
    return channels_exchanged(labels, planes)


if __name__ == "__main__":
    main()
