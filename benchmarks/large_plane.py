"""How much memory and time one large plane needs, step by step.

    python benchmarks/large_plane.py --size 16384

prints, for a plane of two channels made of simulated fields, the peak memory of each
step beyond what was in memory before it, in bytes a pixel of the plane, and seconds:

- the mean over time of both channels (of one frame);
- the input image of the network: both channels normalised and added;
- cell and core probabilities, input image included, as the mean of two views;
- labelling, with `--all-splits` by each way to split touching cells;
- the table of cells.

The network is a stand-in that takes bright pixels for cells, because the memory of a
plane does not depend on the network; `--segmenter` takes a real one, whose own memory
for a tile counts, too. The peak is that of the process (Linux only), so that the
memory of torch and scipy is in it.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import torch
from torch import Tensor

from napari_cellid.cells.measure import measure
from napari_cellid.channels.model_input import plane_image
from napari_cellid.config import DeviceConfig, SegmentConfig, SimulationConfig
from napari_cellid.device import choose_device
from napari_cellid.models.card import ModelCard
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes, Recording, mean_planes
from napari_cellid.segmentation.instances import label_cells
from napari_cellid.segmentation.predict import (
    Segmenter,
    load_segmenter,
    predict_cell_maps,
    segment,
)
from napari_cellid.segmentation.unet import UNet, UNetConfig
from napari_cellid.simulation.field import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

PIXEL_SIZE_UM = 1.17
#: those of the default model
SCALES = (1.0, 1.25)
#: side of the simulated field (px) that is repeated
FIELD = 512


class Bright(UNet):
    """Calls a pixel "cell" where the image is bright, in next to no time."""

    def forward(self, image: Tensor) -> Tensor:
        """Logits of background, rim and core."""
        return torch.cat([0 * image, 20 * image - 7, 30 * image - 13.5], dim=1)


def bright_segmenter() -> Segmenter:
    """The stand-in for a model."""
    config = UNetConfig(base=2, depth=4, batch_norm=False)
    card = ModelCard(
        name="bright", task="segment", architecture="unet", combination="sum",
        classes=("background", "rim", "core"), pixel_size_um=PIXEL_SIZE_UM,
        scales=SCALES, weights_sha256="0" * 64,
    )  # fmt: skip
    return Segmenter(card, Bright(config).eval())


def large_recording(size: int) -> Recording:
    """One simulated field, repeated with fresh noise, as 16-bit images in memory."""
    config = SimulationConfig(seed=3, n_planes=1, height=FIELD, width=FIELD)
    field = run_to_end(simulate(config))
    rng = np.random.default_rng(0)
    channels = {}
    for name, image in (("red", field.red[0]), ("green", field.green[0])):
        large = np.zeros((1, 1, size, size), np.uint16)
        for y in range(0, size, FIELD):
            for x in range(0, size, FIELD):
                part = large[0, 0, y : y + FIELD, x : x + FIELD]
                noise = rng.integers(0, 20, part.shape)
                part[:] = image[: part.shape[0], : part.shape[1]] + noise
        channels[name] = da.from_array(large, chunks=(1, 1, FIELD, size), name=False)
    return Recording(
        name="large", **channels, pixel_size_um=PIXEL_SIZE_UM, pixel_size_source="given"
    )


@dataclass
class PeakMemory:
    """Runs steps and writes down what they need.

    Parameters
    ----------
    n_pixels
        Pixels of the plane.
    figures
        Bytes a pixel and seconds by the name of the step.
    """

    n_pixels: int
    figures: dict[str, dict[str, float]]

    def run(self, name: str, step: Callable[[], Any]) -> Any:
        """Run a step, and print its figures."""
        gc.collect()
        # from here on the peak counts anew
        Path("/proc/self/clear_refs").write_text("5")
        before, start = _status("VmRSS"), time.perf_counter()
        result = step()
        seconds = time.perf_counter() - start
        per_pixel = (_status("VmHWM") - before) / self.n_pixels
        self.figures[name] = {"bytes_per_pixel": per_pixel, "seconds": seconds}
        print(f"{name:24s} {per_pixel:6.1f} bytes a pixel {seconds:8.2f} s", flush=True)
        return result


def _status(key: str) -> int:
    """A figure of the process in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(key))


def measure_plane(
    size: int, segmenter: Segmenter, splits: tuple[str, ...] = ()
) -> dict[str, dict[str, float]]:
    """Run all steps on a plane of `size` x `size` px; label again by other splits."""
    config = SegmentConfig(views=2)
    device = choose_device(DeviceConfig(device="cpu", precision="fp32"))
    warm_up(segmenter, config)
    recording = large_recording(size)
    memory = PeakMemory(size * size, {})
    planes = memory.run("mean over time", lambda: run_to_end(mean_planes(recording)))
    memory.run("input image", lambda: plane_image(planes, 0, segmenter.card))
    step = predict_cell_maps(planes, segmenter, config, device)
    probability, core = memory.run("probabilities", lambda: run_to_end(step))
    labels = memory.run(
        "labelling", lambda: label_cells(probability, core, PIXEL_SIZE_UM, config)
    )
    cells = memory.run("table of cells", lambda: measure(labels, planes))
    print(f"{len(cells)} cells")
    for split in splits:
        other = config.model_copy(update={"split": split})
        memory.run(
            f"labelling, split {split}",
            lambda c=other: label_cells(probability, core, PIXEL_SIZE_UM, c),
        )
    return memory.figures


def warm_up(segmenter: Segmenter, config: SegmentConfig) -> None:
    """Load what the steps load once, on a small plane."""
    image = np.random.default_rng(0).random((1, 96, 96), np.float32)
    planes = MeanPlanes(name="small", red=image, green=image, pixel_size_um=1.17)
    device = choose_device(DeviceConfig(device="cpu", precision="fp32"))
    found = run_to_end(segment(planes, segmenter, config, device))
    measure(found.labels, planes)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=16384, help="px along y and x")
    parser.add_argument("--segmenter", help="a model instead of the stand-in")
    parser.add_argument("--all-splits", action="store_true", help="label in all ways")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments = parser.parse_args()
    segmenter = (
        load_segmenter(arguments.segmenter)
        if arguments.segmenter
        else bright_segmenter()
    )
    splits = ("distance", "none") if arguments.all_splits else ()
    figures = measure_plane(arguments.size, segmenter, splits)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
