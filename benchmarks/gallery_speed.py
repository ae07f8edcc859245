"""The patch, the cell gallery and the count of votes: their own work on one core.

    QT_QPA_PLATFORM=offscreen python benchmarks/gallery_speed.py [--cells 10000]

Prints, in milliseconds, medians and largest values of: showing another cell's patch and
painting it; listing the cells of a class and painting the first page; painting a page
of the gallery after a jump (its thumbnails are made then); counting the votes of five
people after the rule was changed.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from qtpy.QtWidgets import QApplication

from napari_cellid.config import SAMPLE, StudyConfig, VoteConfig
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.simulation.field import simulate
from napari_cellid.study.votes import StudyVotes
from napari_cellid.widgets.agreement.vote_counts import count_outcomes
from napari_cellid.widgets.annotate.patch_view import PatchView
from napari_cellid.widgets.gallery.panel import GalleryPanel
from napari_cellid.widgets.gallery.thumbnails import ThumbnailCache

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE = ("Ann", "Bo", "Cy", "Dee", "Eve")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=10_000)
    n_cells = parser.parse_args().cells
    application = QApplication([])
    field = run_to_end(simulate(SAMPLE))
    planes = MeanPlanes(
        "sample",
        field.red.astype(np.float32),
        field.green.astype(np.float32),
        SAMPLE.pixel_size_um,
    )
    print(f"simulated field {field.red.shape}, {n_cells} cells, offscreen")
    measure_patch(planes, field)
    measure_gallery(planes, field.cells, n_cells)
    measure_count(n_cells)
    application.quit()


def measure_patch(planes: MeanPlanes, field: Any) -> None:
    """Go from cell to cell."""
    view = PatchView()
    view.resize(400, 380)
    view.set_recording(planes, field.labels)
    view.show()

    def show(k: int) -> None:
        cell = field.cells.iloc[k % len(field.cells)]
        view.show_cell(int(cell["plane"]), cell["y"], cell["x"], int(cell["label"]))
        view.canvas.grab()

    places = view.canvas.view_rects()
    report(f"patch at {places['both'].width()} px", show, 200)


def measure_gallery(planes: MeanPlanes, cells: pd.DataFrame, n_cells: int) -> None:
    """List cells, and jump through the list."""
    thumbnails = ThumbnailCache(lambda _: planes)
    thumbnails.set_planes("sample", planes)
    panel = GalleryPanel(thumbnails)
    panel.resize(360, 700)
    panel.set_config(StudyConfig())
    panel.show()
    rows = cells.iloc[np.arange(n_cells) % len(cells)].reset_index(drop=True)
    # places of their own: none is taken from the store of pictures
    rows["x"] += np.arange(n_cells) / n_cells
    rows = rows.assign(
        recording="sample", cell=np.arange(n_cells), predicted="glia", confidence=0.5
    )

    def make_list(_: int) -> None:
        panel.model.set_cells(rows, model_shown=True)
        panel.grab()

    bar = panel.view.verticalScrollBar()

    def jump(k: int) -> None:
        bar.setValue(bar.maximum() * k // 100)
        panel.view.viewport().grab()

    report("gallery, new list", make_list, 5)
    report("gallery, another page", jump, 100)


def measure_count(n_cells: int) -> None:
    """Change the rule."""
    config, rng = StudyConfig(), np.random.default_rng(0)
    cell = np.repeat(np.arange(n_cells), len(PEOPLE))
    chance = (0.5, 0.2, 0.2, 0.05, 0.05)
    answers = pd.DataFrame(
        {
            "recording": "sample",
            "cell": cell,
            "annotator": np.tile(PEOPLE, n_cells),
            "answer": rng.choice(config.answers, len(cell), p=chance),
            "time": pd.Timestamp("2026-01-01", tz="UTC"),
        }
    )
    votes = StudyVotes(answers, answers, answers.iloc[:0], 0, ())
    votes.count(config.vote)

    def count(k: int) -> None:
        rule = VoteConfig(
            rule=("unanimous", "majority")[k % 2], min_annotators=1 + k % 5
        )
        count_outcomes(votes.count(rule), n_cells, config)

    report("votes of five people", count, 30)


def report(what: str, act: Callable[[int], None], times: int) -> None:
    """Measure an act and print how long it took."""
    act(0)
    taken = []
    for k in range(times):
        start = time.perf_counter()
        act(k)
        taken.append(1e3 * (time.perf_counter() - start))
    print(f"{what:24} median {np.median(taken):6.1f}   largest {max(taken):6.1f}")


if __name__ == "__main__":
    main()
