"""Which cell is which after outlines changed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_cellid.cells.measure import measure
from napari_cellid.config import SegmentConfig
from napari_cellid.segmentation.instances import label_cells
from napari_cellid.segmentation.outline_edits import (
    apply_edits,
    initial_cells,
    resegment,
    restore_manual_edits,
    update_classes,
)
from napari_cellid.segmentation.predict import Segmentation


def squares(*corners: tuple[int, int], side: int = 8) -> np.ndarray:
    labels = np.zeros((1, 64, 64), np.int32)
    for number, (y, x) in enumerate(corners, 1):
        labels[0, y : y + side, x : x + side] = number
    return labels


def test_what_was_drawn_and_erased_stays():
    new = squares((5, 5), (30, 30), (50, 50))
    hand = np.zeros(new.shape, np.int64)
    hand[0, 4:14, 4:14] = 3  # over the first one
    hand[0, 30:38, 30:37] = -1  # most of the second one
    kept = restore_manual_edits(new, hand)
    assert kept.max() == 2
    assert len(np.unique(kept[hand == 3])) == 1
    assert (kept[hand == 3] > 0).all()
    assert not kept[0, 30:38, 30:38].any()
    assert kept[0, 52, 52] > 0


@pytest.fixture
def found(planes):
    probability = (planes.green / planes.green.max()).astype(np.float32)
    segmentation = Segmentation(np.zeros(0, np.int32), probability, None)
    config = SegmentConfig(threshold=0.5, split="none")
    labels = label_cells(probability, None, planes.pixel_size_um, config)
    cells = measure(labels, planes)
    for name in ("p_a", "p_b"):
        cells[name] = 0.5
    cells["predicted"], cells["confidence"] = "a", 0.5
    return segmentation, initial_cells(labels, cells)


def test_the_same_settings_change_nothing(found, planes):
    segmentation, before = found
    config = SegmentConfig(threshold=0.5, split="none")
    after = resegment(before, segmentation, planes, config, 1.17)
    pd.testing.assert_frame_equal(after.cells, before.cells)
    assert after.stale == frozenset()


def test_a_class_that_hangs_on_the_outline_is_stale_when_it_changes(found, planes):
    segmentation, before = found
    same, other = (SegmentConfig(threshold=t, split="none") for t in (0.5, 0.52))

    def stale(config, by_outline):
        after = resegment(
            before, segmentation, planes, config, 1.17, by_outline=by_outline
        )
        areas = before.cells.set_index("cell")["area_um2"]
        table = after.cells
        other_area = table["area_um2"].to_numpy() != areas.reindex(table["cell"])
        return set(after.stale), set(table["label"][other_area.to_numpy()])

    assert stale(same, True) == (set(), set())
    by_pixels, changed = stale(other, True)
    assert changed and changed <= by_pixels
    assert stale(other, False)[0] < by_pixels


def test_lasting_numbers_are_never_given_twice(found, planes):
    segmentation, first = found
    seen = set(first.cells["cell"])
    now = first
    for threshold in (0.8, 0.5):
        config = SegmentConfig(threshold=threshold, split="none")
        after = resegment(now, segmentation, planes, config, 1.17)
        fresh = set(after.cells["cell"]) - set(now.cells["cell"])
        assert not fresh & seen
        assert after.cells["cell"].is_unique
        seen |= fresh
        now = after


def test_editing_everything_away(found, planes):
    _, before = found
    after = apply_edits(before, np.zeros_like(before.labels), planes, classified=True)
    assert len(after.cells) == 0
    assert list(after.cells) == list(before.cells)
    assert after.stale == frozenset()
    drawn = np.zeros_like(before.labels)
    drawn[0, 20:30, 20:30] = 4
    again = apply_edits(after, drawn, planes, classified=True)
    assert again.cells["cell"].tolist() == [before.next_cell]
    assert again.stale == {4}


def test_classes_are_written_for_their_labels_alone(found, planes):
    _, before = found
    rows = before.cells.iloc[[1]].assign(predicted="b", p_b=0.9)
    after = update_classes(before, rows)
    assert (after.cells["predicted"] == "b").tolist() == [
        label == rows["label"].iloc[0] for label in after.cells["label"]
    ]
