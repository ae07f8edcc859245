"""The models that come with the package: whole, described, and good enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from napari_cellid.cells.measure import measure
from napari_cellid.classification.base import classify_cells
from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import ClassifyConfig, DeviceConfig, SegmentConfig
from napari_cellid.device import choose_device
from napari_cellid.evaluation.scoring import SimulationScore, score_result
from napari_cellid.models.registry import DEFAULTS, SHIPPED_MODELS, find_model
from napari_cellid.models.store import list_models, load_card
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.predict import load_segmenter, segment
from napari_cellid.simulation.conditions import draw_config
from napari_cellid.simulation.field import simulate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_cellid.simulation.field import SimulatedField

DEVICE = choose_device(DeviceConfig())


@pytest.mark.parametrize("task", ["segment", "classify"])
def test_the_default_is_there(task) -> None:
    card = load_card(find_model(None, task), task)
    assert card.name == DEFAULTS[task]


def test_every_card_says_where_its_figures_come_from() -> None:
    models = list_models(SHIPPED_MODELS)
    assert len(models) >= 2
    for _, card in models:
        assert "simulated" in card.metrics["measured_on"]
        assert "simulated" in card.training["data"]
        assert card.licence and card.versions["torch"]
        assert len(card.training["fields_sha256"]) == 64


def test_starting_weights_are_credited() -> None:
    folder = find_model("inception_v3", "classify")
    assert "MIT" in load_card(folder).licence
    assert "Infinite Red" in (folder / "LICENSE-starting-weights.txt").read_text()


@pytest.fixture(scope="module")
def outlined() -> tuple[SimulatedField, MeanPlanes, NDArray[np.int32]]:
    """A nominal field never seen, with the outlines that the default U-Net finds.

    Its truth is what a person would outline, as in the training of the U-Net.
    """
    config = draw_config(
        "nominal", np.random.default_rng(31), n_planes=1, outlined="visible"
    )
    field = run_to_end(simulate(config))
    planes = MeanPlanes(
        name="simulated",
        red=field.red.astype(np.float32),
        green=field.green.astype(np.float32),
        pixel_size_um=config.pixel_size_um,
    )
    step = segment(planes, load_segmenter(), SegmentConfig(), DEVICE)
    return field, planes, run_to_end(step).labels


def score(outlined, name: str, every: int = 1) -> SimulationScore:
    """Compare every n-th outline, classified by a shipped model, with the truth."""
    field, planes, labels = outlined
    cells = measure(labels, planes).iloc[::every]
    step = classify_cells(
        planes, labels, cells, load_classifier(name), ClassifyConfig(), DEVICE
    )
    return score_result(run_to_end(step), field)


@pytest.mark.slow
def test_outlines_are_good_on_a_simulated_field_never_seen(outlined) -> None:
    result = score(outlined, "one-pass")
    assert result.found / (result.found + result.superfluous) > 0.8
    assert result.found / (result.found + result.missed) > 0.75


@pytest.mark.slow
@pytest.mark.parametrize(
    # Inception-v3 takes longest by far
    ("name", "every"), [("inception", 2), ("resnet18", 1), ("one-pass", 1)]
)  # fmt: skip
def test_classes_are_good_on_a_simulated_field_never_seen(
    outlined, name, every
) -> None:
    result = score(outlined, name, every)
    assert result.judged > 25
    assert result.right / result.judged > 0.9
