"""Cells whose class cannot be told, in the Identify dock."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from driving import run, wait_until_idle
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cellid.colours import NONE_COLOUR
from napari_cellid.widgets.session.result_layer import result_of

CHANCES = ["p_excitatory", "p_inhibitory", "p_glia"]


def set_below(dock: Any, text: str) -> None:
    """Type into the field, as a person does."""
    box = dock.panel.none.editor("none_below")
    box.lineEdit().selectAll()
    QTest.keyClicks(box.lineEdit(), text)
    QTest.keyClick(box.lineEdit(), Qt.Key.Key_Return)


def hex_of(layer: Any, label: int) -> str:
    red, green, blue, _ = np.ravel(
        np.round(255 * np.asarray(layer.colormap.map(label)))
    )
    return f"#{int(red):02x}{int(green):02x}{int(blue):02x}"


def test_the_limit_applies_at_once_and_is_switched_off_again(
    viewer, channels, dock, qtbot
):
    layer = run(qtbot, dock)
    before = layer.features.copy()
    assert set(before["predicted"]) <= {"excitatory", "inhibitory", "glia"}
    counts = dock.panel._counts
    assert "none of these" not in counts.text()
    limit = round(float(before["confidence"].median()), 3)
    set_below(dock, str(limit))
    wait_until_idle(qtbot, dock)
    features = layer.features
    below = (before["confidence"] < limit).to_numpy()
    assert below.any() and not below.all()
    assert features["predicted"].eq("none").tolist() == below.tolist()
    assert features[CHANCES].equals(before[CHANCES])
    assert f"none of these {below.sum()}" in counts.text()
    grey = {hex_of(layer, label) for label in features["label"][below]}
    others = {hex_of(layer, label) for label in features["label"][~below]}
    assert grey == {NONE_COLOUR}
    assert NONE_COLOUR not in others
    saved = result_of(layer).current_result()
    assert saved.run["none_of_these"] == {
        "confidence_below": limit, "contrast_below": None, "cells": int(below.sum()),
    }  # fmt: skip
    assert saved.run["settings"]["classify"]["none_below"] == limit
    set_below(dock, "0")
    assert layer.features.equals(before)
    assert "none of these" not in counts.text()
    assert "none_of_these" not in result_of(layer).current_result().run


def test_a_new_run_and_a_drawn_cell_follow_it(viewer, channels, dock, qtbot):
    set_below(dock, "1")
    layer = run(qtbot, dock)
    assert set(layer.features["predicted"]) == {"none"}
    assert result_of(layer).run_result.run["none_of_these"]["cells"] == len(
        layer.features
    )
    empty = layer.data == 0
    plane, y, x = np.argwhere(empty)[len(np.argwhere(empty)) // 2]
    spot = np.zeros_like(empty)
    spot[plane, max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3] = True
    label = int(layer.data.max()) + 1
    layer.data_setitem(np.nonzero(spot & empty), label)
    wait_until_idle(qtbot, dock)
    row = layer.features.set_index("label").loc[label]
    assert row["predicted"] == "none"
    assert row[CHANCES].sum() == pytest.approx(1, abs=1e-3)


def test_the_field_shows_the_limit_of_the_layer(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    set_below(dock, "0.5")
    assert result_of(layer).config.classify.none_below == 0.5
    dock.current.set_layer(None)
    set_below(dock, "0.9")
    assert result_of(layer).config.classify.none_below == 0.5
    dock.current.set_layer(layer)
    assert dock.panel.config().classify.none_below == 0.5
