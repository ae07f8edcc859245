"""The sample of napari's menu."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from napari_cellid.simulation.sample import simulated_field


@pytest.fixture(scope="module")
def layers():
    return simulated_field()


def test_three_layers_of_one_field(layers):
    assert [kind for *_, kind in layers] == ["image", "image", "labels"]
    assert {data.shape for data, *_ in layers} == {(3, 512, 512)}
    for _, attributes, _ in layers:
        assert attributes["scale"] == (15, 1.17, 1.17)
        assert attributes["units"] == ("um", "um", "um")
        assert "simulated" in attributes["name"]


def test_contrast_shows_the_cells(layers):
    for data, attributes, _ in layers[:2]:
        low, high = attributes["contrast_limits"]
        assert data.min() <= low < np.median(data) < high <= data.max()


def test_truth_has_a_row_for_each_label(layers):
    labels, attributes, _ = layers[2]
    assert not attributes["visible"]
    assert set(attributes["features"]["index"]) == set(np.unique(labels)) - {0}


def test_it_needs_neither_torch_nor_napari():
    script = (
        "import sys\n"
        "import napari_cellid.simulation.sample\n"
        "assert not {'torch', 'napari', 'qtpy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300)
