from __future__ import annotations

import pytest

from napari_cellid.report.added_cells import added_text


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((1, 1), "Added a cell: outlined with the probability map."),
        ((1, 0), "Added a cell: a disc."),
        ((3, 2), "Added 3 cells: 2 outlined with the probability map, 1 disc."),
        ((2, 0, "r1"), "Added 2 cells to r1: 0 outlined with the probability map, "
         "2 discs."),
    ],
)  # fmt: skip
def test_the_sentence_counts_outlines_and_discs(numbers, expected: str) -> None:
    assert added_text(*numbers) == expected
