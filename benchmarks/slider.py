"""Renewing the outlines after the threshold moved, against outlining anew.

    python benchmarks/slider.py [--repeats 9]

What the threshold slider does in the background on a simulated 512 x 512 plane: number
the objects from the kept maps and measure them, against running the U-Net again.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np

from napari_cellid.cells.measure import measure
from napari_cellid.config import DeviceConfig, SegmentConfig, SimulationConfig
from napari_cellid.device import choose_device, share_cores
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.instances import label_cells
from napari_cellid.segmentation.predict import load_segmenter, segment
from napari_cellid.simulation.field import simulate

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Print the median seconds of both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    share_cores()
    field = run_to_end(simulate(SimulationConfig(seed=1, n_planes=1)))
    planes = MeanPlanes(
        name="simulated",
        red=field.red.astype(np.float32),
        green=field.green.astype(np.float32),
        pixel_size_um=field.config.pixel_size_um,
    )
    segmenter, device = load_segmenter(), choose_device(DeviceConfig())
    kept = run_to_end(segment(planes, segmenter, SegmentConfig(), device))
    config = SegmentConfig(threshold=0.6)

    def again() -> None:
        measure(run_to_end(segment(planes, segmenter, config, device)).labels, planes)

    def from_maps() -> None:
        maps = kept.probability, kept.core, planes.pixel_size_um
        labels = label_cells(*maps, config)
        measure(labels, planes)

    new, old = _median(from_maps, repeats), _median(again, repeats)
    print(f"{kept.labels.max()} cells on 512 x 512 ({device})")
    print(
        f"from the kept maps {new:.3f} s, outlined anew {old:.3f} s: {old / new:.1f} x"
    )


def _median(run: Callable[[], None], repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
