"""Labels by two thresholds: red middle and green ring, each high or low."""

import numpy as np
import pytest

from napari_cellid.recording import MeanPlanes
from napari_cellid.study.rule_labels import rule_labels

NAMES = {
    "red and green": "excitatory", "red alone": "glia", "green alone": "inhibitory"
}  # fmt: skip
PLACES = [(20, 20), (20, 60), (60, 20), (60, 60)]


def _field(kinds):
    """Cells of radius 7 px with a red middle and a green ring, where they have them."""
    y, x = np.mgrid[:80, :80]
    red, green = np.full((2, 1, 80, 80), 10.0, np.float32)
    labels = np.zeros((1, 80, 80), np.int32)
    for k, ((cy, cx), kind) in enumerate(zip(PLACES, kinds, strict=True), 1):
        distance = np.hypot(y - cy, x - cx)
        labels[0][distance <= 7] = k
        if "r" in kind:
            red[0][distance <= 3] = 100
        if "g" in kind:
            green[0][(distance > 3) & (distance <= 7)] = 100
    return MeanPlanes("r", red, green, pixel_size_um=1.17), labels


def test_each_combination_of_red_and_green():
    planes, labels = _field(["rg", "r", "g", ""])
    assert rule_labels(planes, labels, NAMES) == {
        1: "excitatory", 2: "glia", 3: "inhibitory"
    }  # fmt: skip


def test_states_without_a_class_have_no_label():
    planes, labels = _field(["rg", "r", "g", ""])
    found = rule_labels(planes, labels, {"red alone": "astrocyte"})
    assert found == {2: "astrocyte"}


def test_a_few_cells_are_not_divided():
    planes, labels = _field(["rg", "r", "g", ""])
    labels[labels == 4] = 0
    assert rule_labels(planes, labels, NAMES) == {}


def test_cells_without_any_difference_have_no_label():
    _, labels = _field(["", "", "", ""])
    flat = np.ones((1, 80, 80), np.float32)
    planes = MeanPlanes("r", flat, flat, pixel_size_um=1.17)
    assert rule_labels(planes, labels, NAMES) == {}


def test_one_channel_is_not_enough():
    planes, labels = _field(["rg", "r", "g", ""])
    one = MeanPlanes("r", planes.red, None, pixel_size_um=1.17)
    with pytest.raises(ValueError, match="both channels"):
        rule_labels(one, labels, NAMES)
