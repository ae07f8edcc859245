"""Which limits apply: the setting, the model card, and classes called `none`."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from napari_cellid.cells.measure import measure
from napari_cellid.cells.none_of_these import NoneLimits
from napari_cellid.classification.base import classify_cells, none_limits
from napari_cellid.classification.ensemble import average
from napari_cellid.config import (
    ClassifyConfig,
    DeviceConfig,
    IdentifyConfig,
    Scheme,
    StudyConfig,
)
from napari_cellid.device import choose_device
from napari_cellid.identify import classify_labels
from napari_cellid.models.card import ModelCard
from napari_cellid.models.class_names import name_classes
from napari_cellid.models.registry import SHIPPED_MODELS
from napari_cellid.models.store import list_models
from napari_cellid.progress import Progress, run_to_end

CPU = DeviceConfig(device="cpu", precision="fp32")


class Sure:
    """A classifier that is surer the further to the right a cell lies."""

    uses_outlines = False

    def __init__(self, **card: object) -> None:
        values = {
            "name": "sure", "task": "classify", "architecture": "rule",
            "classes": ("a", "b"), "combination": "pair", "pixel_size_um": 1.0,
            "weights_sha256": "",
        }  # fmt: skip
        self.card = ModelCard.model_validate(values | card)

    def classify(self, planes, labels, cells, config, device):
        yield Progress("Classifying cells")
        a = 0.5 + 0.5 * cells["x"].to_numpy() / planes.shape[2]
        return np.column_stack([a, 1 - a]).astype(np.float32)


def limits(given: object = "auto", **card: object) -> NoneLimits:
    return none_limits(ClassifyConfig(none_below=given), Sure(**card).card)


def test_the_card_gives_the_limits_and_the_setting_takes_their_place() -> None:
    known = {"least_confidence": 0.6, "least_contrast": 0.1}
    assert limits(**known) == NoneLimits(0.6, 0.1)
    assert limits(0.8, **known) == NoneLimits(0.8, 0.1)
    assert limits(0, **known) == NoneLimits()
    assert limits(0.8) == NoneLimits(0.8, None)


def test_a_card_of_before_gives_every_cell_a_class() -> None:
    assert not limits()
    saved = json.loads(Sure().card.model_dump_json())
    assert not {"least_confidence", "least_contrast", "class_none"} & set(saved)
    assert not none_limits(ClassifyConfig(), ModelCard.model_validate(saved))
    new = json.loads(
        Sure(least_confidence=0.0, least_contrast=-0.1).card.model_dump_json()
    )
    assert (new["least_confidence"], new["least_contrast"]) == (0.0, -0.1)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, "none", float("nan")])
def test_the_setting_is_a_confidence(wrong: object) -> None:
    with pytest.raises(ValidationError):
        ClassifyConfig(none_below=wrong)


def test_a_class_called_none_turns_the_outcome_off() -> None:
    known = {"least_confidence": 0.6, "least_contrast": 0.1}
    assert not limits(0.8, classes=("a", "None"), **known)
    own = StudyConfig.of_scheme(Scheme(name="own", class_names=("x", "none", "z")))
    states = ("red and green", "green alone", "red alone")
    card = Sure(classes=states, markers=states, **known).card
    named = name_classes(card, own)
    assert named.classes == ("x", "none", "z")
    assert not none_limits(ClassifyConfig(none_below=0.8), named)
    # also where it is a class that the model does not predict
    more = StudyConfig.model_validate(
        {"classes": [*StudyConfig().model_dump()["classes"],
                     {"name": "other", "key": "O", "colour": "#aabbcc",
                      "aliases": ("None",)}]}
    )  # fmt: skip
    assert not none_limits(ClassifyConfig(none_below=0.8), name_classes(card, more))
    assert none_limits(ClassifyConfig(), name_classes(card, StudyConfig()))


def test_the_ensemble_has_the_mean_of_the_limits() -> None:
    first = Sure(least_confidence=0.5, least_contrast=0.1)
    second = Sure(least_confidence=0.75, least_contrast=0.2)
    card = average(first, second).card
    assert none_limits(ClassifyConfig(), card) == NoneLimits(0.625, pytest.approx(0.15))
    assert not none_limits(ClassifyConfig(), average(first, Sure()).card)


def test_shipped_models_of_now_classify_every_cell() -> None:
    # their limits come with models that were trained for it
    for _, card in list_models(SHIPPED_MODELS):
        if card.least_confidence is None and card.least_contrast is None:
            assert not none_limits(ClassifyConfig(), card)


def test_a_run_with_limits_says_so_and_without_them_is_as_before(
    recording, field, planes
) -> None:
    config = IdentifyConfig(device=CPU)

    def run(classifier: Sure, config: IdentifyConfig = config):
        step = classify_labels(recording, field.labels, classifier, config)
        return run_to_end(step)

    old, new = run(Sure()), run(Sure(least_confidence=0.7))
    below = old.cells["confidence"] < 0.7
    assert below.any() and not below.all()
    assert (new.cells["predicted"] == np.where(below, "none", "a")).all()
    assert new.run["none_of_these"] == {
        "confidence_below": 0.7, "contrast_below": None, "cells": int(below.sum()),
    }  # fmt: skip
    assert new.run["settings"]["classify"]["none_below"] == "auto"
    off = ClassifyConfig(none_below=0)
    switched_off = run(
        Sure(least_confidence=0.7), IdentifyConfig(device=CPU, classify=off)
    )
    for same in (old, switched_off):
        assert "none_of_these" not in same.run
        pd.testing.assert_frame_equal(same.cells, old.cells)
        assert set(same.cells["predicted"]) == {"a"}


def test_some_cells_alone_get_the_same_outcome(field, planes) -> None:
    cells, model = measure(field.labels, planes), Sure(least_confidence=0.7)
    inputs = planes, field.labels
    config, device = ClassifyConfig(), choose_device(CPU)
    whole = run_to_end(classify_cells(*inputs, cells, model, config, device))
    part = run_to_end(classify_cells(*inputs, cells[3:9], model, config, device))
    assert part["predicted"].tolist() == whole["predicted"][3:9].tolist()
