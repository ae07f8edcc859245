"""The slider and the brush: what changes is renewed, the rest stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from driving import run, wait_until_idle
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cellid.widgets.session.result_layer import result_of

if TYPE_CHECKING:
    from napari.layers import Labels

CHANCES = ["p_excitatory", "p_inhibitory", "p_glia"]


def test_slider_gives_what_a_run_at_that_threshold_gives(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    before = layer.features.copy()
    slider = dock.panel.threshold.editor("threshold").slider
    for _ in range(30):
        QTest.keyClick(slider, Qt.Key.Key_Left)
    wait_until_idle(qtbot, dock)
    live, labels = layer.features.copy(), layer.data.copy()
    assert dock.panel.config().segment.threshold == pytest.approx(0.4)
    assert len(live) != len(before)
    fresh = run(qtbot, dock)
    np.testing.assert_array_equal(fresh.data, labels)
    pd.testing.assert_frame_equal(
        live.drop(columns=["cell", *CHANCES, "confidence"]),
        fresh.features.drop(columns=["cell", *CHANCES, "confidence"]),
    )
    # other neighbours in the batch: equal up to rounding
    np.testing.assert_allclose(live[CHANCES], fresh.features[CHANCES], atol=0.02)


def test_views_are_those_of_the_run(viewer, channels, dock, qtbot):
    dock.panel.views.editor("views").setValue(1)
    layer = run(qtbot, dock)
    labels = layer.data.copy()
    dock.panel.views.editor("views").setValue(3)
    wait_until_idle(qtbot, dock)
    # another number of views does nothing before the next run ...
    np.testing.assert_array_equal(layer.data, labels)
    dock.panel.threshold.editor("threshold").setValue(0.5)
    wait_until_idle(qtbot, dock)
    # ... and the settings that are saved say what was computed
    settings = result_of(layer).config.segment
    assert (settings.threshold, settings.views) == (pytest.approx(0.5), 1)
    assert result_of(run(qtbot, dock)).config.segment.views == 3


def test_slider_keeps_lasting_numbers(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    before = by_place(layer)
    dock.panel.threshold.editor("threshold").setValue(0.65)
    wait_until_idle(qtbot, dock)
    after = by_place(layer)
    kept = set(before) & set(after)
    assert len(kept) > 0.8 * len(before)
    for cell in kept:
        assert np.hypot(*(before[cell] - after[cell])) < 4


def test_painting_renews_one_cell_alone(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    before = layer.features.set_index("cell")
    row = before.iloc[3]
    layer.brush_size = 6
    layer.selected_label = int(row["label"])
    layer.paint((int(row["plane"]), row["y"] + 4, row["x"]), int(row["label"]))
    wait_until_idle(qtbot, dock)
    after = layer.features.set_index("cell")
    touched = changed_pixels(layer, before)
    rest = [cell for cell in before.index if cell not in touched]
    assert before.index[3] in touched
    pd.testing.assert_frame_equal(after.loc[rest], before.loc[rest])
    assert after.loc[before.index[3], "area_um2"] > row["area_um2"]
    assert not np.isnan(after.loc[before.index[3], "confidence"])


def test_a_new_cell_gets_a_new_number_and_a_class(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    before = layer.features.copy()
    label = int(layer.data.max()) + 100_000_000
    layer.data_setitem(np.nonzero(empty_spot(layer)), label)
    wait_until_idle(qtbot, dock)
    row = layer.features.set_index("label").loc[label]
    assert row["cell"] == before["cell"].max() + 1
    assert row["predicted"] in ("excitatory", "inhibitory", "glia")
    assert row[CHANCES].sum() == pytest.approx(1, abs=1e-3)


def test_an_erased_cell_is_gone_and_undo_brings_it_back(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    before = layer.features.set_index("cell")
    row = before.iloc[2]
    place = (int(row["plane"]), *first_pixel(layer, int(row["label"])))
    layer.fill(place, 0)
    wait_until_idle(qtbot, dock)
    assert row["label"] not in set(layer.features["label"])
    assert len(layer.features) == len(before) - 1
    layer.undo()
    wait_until_idle(qtbot, dock)
    assert row["label"] in set(layer.features["label"])


def test_slider_leaves_hand_work_alone(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    erased = layer.data == int(layer.features["label"].iloc[2])
    layer.data_setitem(np.nonzero(erased), 0)
    drawn = empty_spot(layer)
    layer.data_setitem(np.nonzero(drawn), int(layer.data.max()) + 1)
    wait_until_idle(qtbot, dock)
    cell = layer.features["cell"].max()
    dock.panel.threshold.editor("threshold").setValue(0.4)
    wait_until_idle(qtbot, dock)
    assert not layer.data[erased].any()
    (label,) = np.unique(layer.data[drawn])
    row = layer.features.set_index("label").loc[label]
    assert row["cell"] == cell
    np.testing.assert_array_equal(layer.data == label, drawn)
    # brush strokes from before the slider would be undone into other cells
    layer.undo()
    assert not layer.data[erased].any()


def test_a_copy_of_the_layer_is_left_alone(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    copy = type(layer).create(*layer.as_layer_data_tuple())
    viewer.add_layer(copy)
    assert result_of(copy) is None
    assert dock.current.layer is layer


def by_place(layer: Labels) -> dict[int, Any]:
    table = layer.features
    return dict(
        zip(table["cell"], table[["plane", "y", "x"]].to_numpy()[:, 1:], strict=True)
    )


def changed_pixels(layer: Labels, before: pd.DataFrame) -> set[int]:
    """Cells whose area differs from the table's."""
    area = np.bincount(layer.data.ravel(), minlength=before["label"].max() + 1)
    now = area[before["label"]] * 1.17**2
    return set(before.index[~np.isclose(now, before["area_um2"])])


def empty_spot(layer: Labels) -> np.ndarray:
    """A square of the first plane without cells."""
    spot = np.zeros(layer.data.shape, bool)
    for y in range(0, layer.data.shape[1] - 8, 4):
        for x in range(0, layer.data.shape[2] - 8, 4):
            if not layer.data[0, y : y + 8, x : x + 8].any():
                spot[0, y : y + 8, x : x + 8] = True
                return spot
    raise AssertionError("no room")


def first_pixel(layer: Labels, label: int) -> tuple[int, int]:
    _, y, x = np.argwhere(layer.data == label)[0]
    return int(y), int(x)
