"""Sentences about cells that people added."""

from __future__ import annotations

from napari_cellid.report.table import count_text


def added_text(n_cells: int, n_from_map: int, recording: str = "") -> str:
    """A sentence about cells that were added.

    Parameters
    ----------
    n_cells
        Number of the cells, at least 1.
    n_from_map
        How many of them have an outline from the probability map; others are discs.
    recording
        Name of the recording that they were added to, where it is not obvious.
    """
    to, n_discs = f" to {recording}" if recording else "", n_cells - n_from_map
    if n_cells == 1:
        how = "outlined with the probability map" if n_from_map else "a disc"
        return f"Added a cell{to}: {how}."
    return (
        f"Added {n_cells} cells{to}: {n_from_map} outlined with the probability map, "
        f"{count_text(n_discs, 'disc')}."
    )
