"""What tests share: a small simulated field and two quick models of known behaviour."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from napari_cellid.config import SimulationConfig
from napari_cellid.io import overlay_png
from napari_cellid.models.store import save_model
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes, Recording
from napari_cellid.simulation.field import simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_cellid.simulation.field import SimulatedField

# a busy computer draws and runs examples slowly, which is no failure
# fewer examples than hypothesis draws by itself: a test that needs more says so
settings.register_profile(
    "any computer",
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any computer")

CLASSES = ("excitatory", "inhibitory", "glia")


@pytest.fixture(scope="module", autouse=True)
def small_pictures() -> Iterator[None]:
    """Draw the pictures beside results coarsely: each saving draws one.

    `test_overlay_png` draws them as users get them.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(overlay_png, "_DPI", 30)
        yield


@pytest.fixture(scope="session")
def field() -> SimulatedField:
    """A simulated field of two planes, 128 x 160 px."""
    config = SimulationConfig(seed=3, height=128, width=160, n_planes=2)
    return run_to_end(simulate(config))


@pytest.fixture(scope="session")
def recording(field: SimulatedField) -> Recording:
    """The simulated field as a recording with one time point."""
    return Recording(
        name="simulated",
        red=da.from_array(field.red[None]),
        green=da.from_array(field.green[None]),
        pixel_size_um=field.config.pixel_size_um,
        pixel_size_source="given",
    )


@pytest.fixture
def planes(field: SimulatedField) -> MeanPlanes:
    """The simulated field's mean images."""
    return MeanPlanes(
        name="simulated",
        red=field.red.astype(np.float32),
        green=field.green.astype(np.float32),
        pixel_size_um=field.config.pixel_size_um,
    )


@pytest.fixture(scope="session")
def segmenter_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that calls a pixel "cell" where the sum image is bright.

    A U-Net whose weights are set by hand so that the image passes through: its cell
    probability rises from 0 to 1 round a grey value of 0.35.
    """
    import torch

    from napari_cellid.segmentation.unet import UNet, UNetConfig

    config = UNetConfig(base=2, depth=1, batch_norm=False, out_channels=3)
    net = UNet(config)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        for block in (net.down[0], net.up[0]):
            for layer in block:
                if isinstance(layer, torch.nn.Conv2d):
                    layer.weight[0, 0, 1, 1] = 1
        net.head.weight[1:, 0] = torch.tensor([20.0, 30.0])[:, None, None]
        net.head.bias[1:] = torch.tensor([-7.0, -13.5])
    folder = tmp_path_factory.mktemp("models") / "bright"
    save_model(
        folder,
        {
            "name": "bright",
            "task": "segment",
            "architecture": "unet",
            "settings": config.model_dump(),
            "classes": ("background", "rim", "core"),
            "combination": "sum",
            "pixel_size_um": 1.17,
        },
        net.state_dict(),
    )
    return folder


@pytest.fixture(scope="session")
def classifier_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained ResNet18 of few channels that sees patches at 64 px.

    It is quick to load, and of no opinion.
    """
    import torch

    from napari_cellid.classification.networks import ClassifierConfig, build_network

    torch.manual_seed(0)
    config = ClassifierConfig(architecture="resnet18", width=8)
    net = build_network(config)
    folder = tmp_path_factory.mktemp("models") / "untrained"
    save_model(
        folder,
        {
            "name": "untrained",
            "task": "classify",
            "architecture": "resnet18",
            "settings": config.model_dump(),
            "classes": CLASSES,
            "combination": "rgb",
            "pixel_size_um": 1.17,
            "input_size": 64,
        },
        net.state_dict(),
    )
    return folder


@pytest.fixture(scope="module")
def narrow_networks() -> Iterator[None]:
    """ResNets with random weights have few channels: they train in a moment."""
    from napari_cellid.classification import starting_weights

    given = starting_weights._default_config

    def narrow(architecture: Any, n_classes: int, requested: str) -> Any:
        config = given(architecture, n_classes, requested)
        resnet = architecture != "inception_v3"
        return config.model_copy(update={"width": 8}) if resnet else config

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starting_weights, "_default_config", narrow)
        yield


@pytest.fixture
def with_known_range(tmp_path: Path) -> Callable[..., Path]:
    """A function that copies a model folder and writes ranges of training to its card.

    The range of all properties that are not named is one in which everything is.
    """
    from napari_cellid.models.store import CARD_FILE
    from napari_cellid.novelty.properties import PROPERTIES

    def copy(folder: Path, **ranges: tuple[float, float]) -> Path:
        target = shutil.copytree(folder, tmp_path / f"{folder.name} with ranges")
        card = json.loads((target / CARD_FILE).read_text("utf-8"))
        card["known_range"] = dict.fromkeys(PROPERTIES, (0, 1e9)) | ranges
        (target / CARD_FILE).write_text(json.dumps(card), "utf-8")
        return target

    return copy
