"""Colours of labels are those of napari, and are set once for many labels."""

from __future__ import annotations

import pickle
from copy import deepcopy

import numpy as np
from napari.layers import Labels

from napari_cellid.colours import UNCLASSIFIED
from napari_cellid.widgets.session.label_colours import (
    LARGEST_COLOURED,
    colour_labels,
)


def test_each_label_has_its_colour() -> None:
    layer = Labels(np.arange(6, dtype=np.int32).reshape(2, 3))
    labels = [1, 2, 3, 4, LARGEST_COLOURED + 1]
    colour_labels(layer, labels, ["#ff0000", "#00ff00", None, "", "#ff0000"])
    shown = layer.colormap.map(np.arange(6))
    assert shown[1].tolist() == [1, 0, 0, 1]
    assert shown[2].tolist() == [0, 1, 0, 1]
    assert shown[3][3] == shown[0][3] == 0
    unclassified = np.array([int(UNCLASSIFIED[k : k + 2], 16) for k in (1, 3, 5)])
    assert np.allclose(shown[4][:3] * 255, unclassified)
    assert np.allclose(shown[5], shown[4])
    assert LARGEST_COLOURED + 1 not in layer.colormap.color_dict


def test_a_colour_is_an_array_for_everybody_else() -> None:
    layer = Labels(np.arange(4, dtype=np.int32)[None])
    colour_labels(layer, [1, 2], ["#336699", "#336699"])
    colour = layer.get_color(1)
    plain = np.array(colour)
    for one in (colour, deepcopy(colour), pickle.loads(pickle.dumps(colour))):
        assert np.array_equal(one, plain)
        assert tuple(one) == tuple(plain)
        assert np.array_equal(255 * one, 255 * plain)
        assert tuple(one[:3]) == tuple(plain[:3])
        assert tuple(2 * one) == tuple(2 * plain)
    copied = deepcopy(layer.colormap)
    assert np.array_equal(copied.map(np.arange(4)), layer.colormap.map(np.arange(4)))
