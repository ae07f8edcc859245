"""Weights and results with NaN or infinity are refused, never counted."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_cellid.batches import run_batches
from napari_cellid.classification.base import classify_cells
from napari_cellid.classification.loader import load_classifier
from napari_cellid.classification.temperature import apply_temperature
from napari_cellid.config import ClassifyConfig
from napari_cellid.device import Device
from napari_cellid.errors import InputError
from napari_cellid.models.store import load_card, load_weights, save_model
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.segmentation.starting_weights import load_starting_weights

CPU = Device("cpu", "fp32", "CPU")
GOOD_CARD = {
    "name": "x", "task": "segment", "architecture": "unet", "classes": ["a", "b"],
    "combination": "sum", "pixel_size_um": 1.0,
}  # fmt: skip


def with_weight(source: Path, folder: Path, value: float) -> Path:
    """A copy of a model whose first weight has a value, and a hash that is right."""
    shutil.copytree(source, folder)
    path = folder / "weights.safetensors"
    weights = load_file(path)
    name = next(n for n, t in weights.items() if t.is_floating_point() and t.ndim > 1)
    weights[name].view(-1)[0] = value
    save_file(weights, path)
    set_card(folder, weights_sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    return folder


def set_card(folder: Path, **values: object) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_are_refused(
    tmp_path: Path, segmenter_folder: Path, classifier_folder: Path, value: float
) -> None:
    with pytest.raises(InputError, match="not all finite"):
        load_segmenter(with_weight(segmenter_folder, tmp_path / "s", value))
    with pytest.raises(InputError, match="not all finite"):
        load_classifier(with_weight(classifier_folder, tmp_path / "c", value))
    with pytest.raises(InputError, match="not all finite"):
        save_model(tmp_path / "new", GOOD_CARD, {"weight": torch.tensor([[value]])})
    assert not (tmp_path / "new").exists()


def test_a_weight_beyond_half_precision_is_kept(tmp_path: Path) -> None:
    weights = {"weight": torch.tensor([[70000.0, 1.0]])}
    card = save_model(tmp_path / "new", GOOD_CARD, weights)
    assert load_weights(tmp_path / "new", card)["weight"].tolist() == [[70000, 1]]


@pytest.mark.parametrize("value", [1e-300, 0, 0.001, float("nan"), 1e300])
def test_temperatures_and_pixel_sizes_have_bounds(
    tmp_path: Path, segmenter_folder: Path, value: float
) -> None:
    for name in ("temperature", "pixel_size_um"):
        folder = tmp_path / name
        shutil.copytree(segmenter_folder, folder)
        set_card(folder, **{name: value})
        with pytest.raises(InputError, match=name):
            load_card(folder)


@pytest.mark.parametrize(
    "values",
    [
        {"classes": ["a", "a", "b"]},
        {"classes": ["a", ""]},
        {"classes": ["a", "  "]},
        {"classes": ["a", "b\nc"]},
        {"classes": ["a", "b\u2028c"]},
        {"classes": ["a", "\x1b[31mb"]},
        {"normalisation": {"outlier_limit": float("inf")}},
        {"normalisation": {"outlier_limit": 1e300}},
        {"threshold": float("nan")},
    ],
)
def test_cards_with_impossible_values(
    tmp_path: Path, segmenter_folder: Path, values: dict
) -> None:
    folder = Path(shutil.copytree(segmenter_folder, tmp_path / "model"))
    set_card(folder, **values)
    with pytest.raises(InputError, match="is not a model card"):
        load_card(folder)


@pytest.mark.parametrize("shift", [float("nan"), 1e300, "x", [1]])
def test_a_shift_that_is_no_number(
    tmp_path: Path, segmenter_folder: Path, shift: object
) -> None:
    folder = Path(shutil.copytree(segmenter_folder, tmp_path / "model"))
    set_card(folder, training={"cell_output_shift": shift})
    with pytest.raises(InputError, match="cell_output_shift"):
        load_starting_weights(str(folder))


class Overflowing(torch.nn.Module):
    """Gives infinity for values above a limit, as a short format would."""

    def __init__(self, limits: dict[bool, float]) -> None:
        super().__init__()
        self.limits = limits
        self.seen: list[bool] = []

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        short = torch.is_autocast_enabled("cpu")
        self.seen.append(short)
        values = batch.flatten(1)[:, :1]
        return torch.where(values > self.limits[short], float("inf"), values)


def numbers(start: int, stop: int) -> torch.Tensor:
    return torch.arange(start, stop).float()[:, None, None, None]


def test_an_overflow_is_computed_again_in_full_precision() -> None:
    net, told = Overflowing({True: 5, False: 100}), []
    device = Device("cpu", "bf16", "CPU")
    step = run_batches(net, numbers, 12, device, "work", 4)
    outputs = run_to_end(step, told.append)
    assert torch.cat(outputs)[:, 0].tolist() == list(range(12))
    assert net.seen == [True, True, False, False]
    assert any("fp32" in progress.message for progress in told)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_an_overflow_in_full_precision_is_refused(precision) -> None:
    net = Overflowing({True: 5, False: 5})
    device = Device("cpu", precision, "CPU")
    with pytest.raises(InputError, match="not finite"):
        run_to_end(run_batches(net, numbers, 12, device, "work", 4))


def test_probabilities_of_any_classifier_are_checked(planes, classifier_folder) -> None:
    import pandas as pd

    class Broken:
        card = load_card(classifier_folder)
        uses_outlines = False

        def classify(self, *_: object):
            yield from ()
            return np.full((1, 3), np.nan, np.float32)

    cells = pd.DataFrame({"label": [1], "plane": [0], "y": [5.0], "x": [5.0]})
    labels = np.zeros(planes.shape, np.int32)
    step = classify_cells(planes, labels, cells, Broken(), ClassifyConfig(), CPU)
    with pytest.raises(InputError, match="not finite"):
        run_to_end(step)


@pytest.mark.parametrize("temperature", [0.05, 1.0, 100.0])
def test_a_temperature_in_its_bounds_gives_probabilities(temperature: float) -> None:
    even = np.full((2, 100), 0.01, np.float32)
    calibrated = apply_temperature(even, temperature)
    assert np.allclose(calibrated.sum(1), 1, atol=1e-5)
