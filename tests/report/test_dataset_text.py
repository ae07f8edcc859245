"""Sentences and tables about the cells of a training."""

from __future__ import annotations

from dataclasses import replace

from napari_cellid.config import VoteConfig
from napari_cellid.report.dataset_text import (
    MIN_CELLS_PER_CLASS,
    class_rows,
    held_out_text,
    lacking_cells_text,
)
from napari_cellid.retrain.dataset_summary import DecidedCellCounts


def decided(**counts):
    return DecidedCellCounts(VoteConfig(), ("glia", "x y"), "animal", {"m1": counts})


def test_enough_cells_need_no_sentence():
    enough = {"glia": MIN_CELLS_PER_CLASS, "x y": MIN_CELLS_PER_CLASS}
    assert lacking_cells_text(decided(**enough)) == ""
    assert lacking_cells_text(decided(**enough | {"glia": MIN_CELLS_PER_CLASS - 1}))


def test_lacking_cells_are_one_sentence_with_their_counts():
    assert "1 glia cell is" in lacking_cells_text(decided(glia=1, **{"x y": 20}))
    text = lacking_cells_text(decided(glia=3))
    assert "3 glia and no x y cells are" in text and text.count(".") == 1


def test_without_decided_cells_the_undecided_ones_are_counted():
    text = lacking_cells_text(replace(decided(), others={"too_few": 7, "disputed": 2}))
    assert "7 " in text and "2 " in text
    assert lacking_cells_text(decided()) not in ("", text)


def test_many_animals_are_summed():
    many = {f"m{k}": {"glia": k} for k in range(20)}
    titles, rows = class_rows(
        DecidedCellCounts(VoteConfig(), ("glia",), "animal", many)
    )
    assert titles == ["glia"] and len(rows) == 10
    counts = [int(items[0].text) for _, items in rows]
    assert rows[0][0] == "m19" and counts[:8] == list(range(19, 11, -1))
    assert counts[8:] == [sum(range(12)), sum(range(20))]


def test_the_split_of_an_estimate():
    assert held_out_text({"train": {"cells": 3}}) == ""
    assert held_out_text({"held_out": "Held out: m1."}) == "Held out: m1."
    counts = {
        "train": {"cells": 31}, "validation": {"cells": 5}, "held_out": {"cells": 9},
        "measured_on": "Held out: m1.",
    }  # fmt: skip
    text = held_out_text(counts)
    assert [text.index(f"{n} ") for n in (31, 5, 9)] == sorted(
        text.index(f"{n} ") for n in (31, 5, 9)
    )
    assert text.endswith("Held out: m1.")
