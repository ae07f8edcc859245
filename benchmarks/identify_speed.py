"""How fast the main job is, beside the plain way of running the classifier.

    python benchmarks/identify_speed.py --patches 160 --repeats 3

prints, for the default models (random weights where they are not installed):

- seconds to identify one simulated plane of 512 x 512 px with about 150 cells, the
  models being loaded;
- patches a second of our classification, cutting and enlarging included, and of the
  plain loop: torchvision's Inception-v3 in fp32, `no_grad`, batches of 16 ready images
  of 299 px. Both take turns in the same process; the best run of each counts;
- how often ours and the plain loop name the same class.
"""

from __future__ import annotations

import argparse
import copy
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import torch
from torch import Tensor, nn

from napari_cellid.classification.loader import load_classifier
from napari_cellid.classification.networks import ClassifierConfig, build_network
from napari_cellid.classification.preprocess import Patches
from napari_cellid.classification.upsampling import UpsamplingClassifier
from napari_cellid.config import (
    ClassifyConfig,
    DeviceConfig,
    IdentifyConfig,
    SegmentConfig,
    SimulationConfig,
)
from napari_cellid.device import Device, choose_device
from napari_cellid.errors import InputError
from napari_cellid.identify import identify_cells
from napari_cellid.models.store import save_model
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes, Recording
from napari_cellid.segmentation.predict import Segmenter, load_segmenter
from napari_cellid.segmentation.unet import UNet, UNetConfig
from napari_cellid.simulation.field import SimulatedField, simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from napari_cellid.classification.patch import PatchClassifier

#: neurons and glia per mm³ that give about 150 outlines in a field
SPARSE = {"neuron_density": 4.5e4, "glia_density": 1.2e4}
BATCH = 16


def random_unet(folder: Path) -> Segmenter:
    """A U-Net with weights that mean nothing."""
    config = UNetConfig(base=32)
    card = {
        "name": "random", "task": "segment", "architecture": "unet",
        "settings": config.model_dump(), "classes": ("background", "rim", "core"),
        "combination": "sum", "pixel_size_um": 1.17,
    }  # fmt: skip
    save_model(folder, card, UNet(config).state_dict())
    return load_segmenter(folder)


def random_inception(folder: Path) -> PatchClassifier:
    """An Inception-v3 with weights that mean nothing."""
    config = ClassifierConfig()
    card = {
        "name": "random", "task": "classify", "architecture": "inception_v3",
        "settings": config.model_dump(), "combination": "rgb", "pixel_size_um": 1.17,
        "classes": ("excitatory", "inhibitory", "glia"),
    }  # fmt: skip
    save_model(folder, card, build_network(config).state_dict())
    return load_classifier(folder)


def load_models(
    segmenter: str | None, classifier: str | None
) -> tuple[Segmenter, PatchClassifier]:
    """Load the models, or make random ones where the default ones are not there."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        try:
            outlining = load_segmenter(segmenter)
        except InputError as error:
            print(f"random weights: {error}")
            outlining = random_unet(Path(folder) / "unet")
        try:
            telling = load_classifier(classifier)
        except InputError as error:
            print(f"random weights: {error}")
            telling = random_inception(Path(folder) / "inception")
    return outlining, telling


def as_recording(field: SimulatedField) -> Recording:
    """The simulated field as a recording in memory."""
    return Recording(
        name="simulated",
        red=da.from_array(field.red[None]),
        green=da.from_array(field.green[None]),
        pixel_size_um=field.config.pixel_size_um,
        pixel_size_source="given",
    )


def time_identify(
    models: tuple[Segmenter, PatchClassifier], config: IdentifyConfig, repeats: int
) -> None:
    """Print the seconds of the main job."""
    field = run_to_end(simulate(SimulationConfig(n_planes=1, **SPARSE)))
    recording = as_recording(field)
    for run in range(repeats):
        start = time.perf_counter()
        found = run_to_end(identify_cells(recording, *models, config))
        took = time.perf_counter() - start
        parts = ", ".join(f"{k} {v:.2f}" for k, v in found.run["seconds"].items())
        print(
            f"identify, run {run + 1}: {took:6.2f} s for {len(found.cells)} cells "
            f"({parts}) on {found.run['device']}"
        )


def many_patches(n: int) -> tuple[MeanPlanes, pd.DataFrame]:
    """A simulated field and the true places of `n` of its cells."""
    field = run_to_end(simulate(SimulationConfig(n_planes=-(-n // 250))))
    planes = MeanPlanes(
        name="simulated",
        red=field.red.astype(np.float32),
        green=field.green.astype(np.float32),
        pixel_size_um=field.config.pixel_size_um,
    )
    cells = field.cells.iloc[:n].assign(area_um2=0.0, predicted="", confidence=np.nan)
    cells["cell"] = cells["label"]
    return planes, cells.reset_index(drop=True)


def plain_loop(net: nn.Module, images: Tensor) -> Tensor:
    """What one writes with torchvision alone."""
    with torch.no_grad():
        parts = [net(images[i : i + BATCH]) for i in range(0, len(images), BATCH)]
    return torch.cat(parts)


def compare(classifier: PatchClassifier, device: Device, n: int, repeats: int) -> None:
    """Print patches a second of both ways, their ratio, and how often they agree."""
    planes, cells = many_patches(n)
    # before ours moves it to another memory layout
    net = copy.deepcopy(classifier.net).eval()
    images = ready_images(planes, cells, classifier)
    ours, plain = [], []
    config, no_labels = ClassifyConfig(), np.zeros((1, 1, 1), np.int32)
    for _ in range(repeats):
        took, probabilities = timed(
            lambda: run_to_end(
                classifier.classify(planes, no_labels, cells, config, device)
            )
        )
        ours.append(took)
        took, logits = timed(lambda: plain_loop(net, images))
        plain.append(took)
    same = (probabilities.argmax(1) == logits.argmax(1).numpy()).mean()
    print(
        f"ours, {device}: {len(cells) / min(ours):6.1f} patches/s\n"
        f"plain torchvision, fp32: {len(cells) / min(plain):6.1f} patches/s\n"
        f"ratio {min(plain) / min(ours):.2f}; same class for {same:.2%} of "
        f"{len(cells)} patches"
    )


def ready_images(
    planes: MeanPlanes, cells: pd.DataFrame, classifier: PatchClassifier
) -> Tensor:
    """Enlarged images as the network sees them, (patch, 3, y, x)."""
    cut = torch.from_numpy(Patches(planes, cells, classifier.card).cut(0, len(cells)))
    enlarge = UpsamplingClassifier(
        nn.Identity(), classifier.card.input_size, classifier.config
    ).eval()
    with torch.no_grad():
        images: Tensor = enlarge(cut)
    return images.contiguous()


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of some work, and its result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patches", type=int, default=160)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--precision", default="auto", help="auto, fp32, bf16 or fp16")
    parser.add_argument("--segmenter", help="another model than the default one")
    parser.add_argument("--classifier", help="another model than the default one")
    arguments = parser.parse_args()
    device_config = DeviceConfig(device="cpu", precision=arguments.precision)
    print(
        f"{os.cpu_count()} processors, {torch.get_num_threads()} threads, load "
        f"{os.getloadavg()[0]:.1f}, torch {torch.__version__}"
    )
    models = load_models(arguments.segmenter, arguments.classifier)
    config = IdentifyConfig(
        segment=SegmentConfig(threshold=models[0].card.threshold), device=device_config
    )
    # before anything changes the memory layout of the classifier
    compare(
        models[1], choose_device(device_config), arguments.patches, arguments.repeats
    )
    time_identify(models, config, arguments.repeats)


if __name__ == "__main__":
    main()
