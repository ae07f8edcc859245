"""Annotating in napari's window: from the key to the next cell.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/annotate_speed.py
        [--cells 10000] [--side 2048] [--answers 200] [--answered 0]
        [--people 1] [--lines 0] [--repeat-share 0.05]

Makes a study of one recording of random discs, opens it in the Annotate dock, presses
keys in the real window and prints, in milliseconds:

- own work: from the key press until everything is set for painting (the answer is on
  the disk, its cell has the new colour, the counts are right, the next cell is chosen,
  marked and in the middle, its patch is painted);
- with painting: until the window has swapped to the picture of the next cell;
- recolouring: the part of the own work that shows the answer in the image;
- napari alone: moving the camera as far, and painting, without the dock.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QSettings, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.cells.measure import measure, with_classes
from napari_cellid.config import RecordingInfo
from napari_cellid.identify import IdentifyResult
from napari_cellid.recording import MeanPlanes
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = ("excitatory", "inhibitory", "glia")
KEYS = (Qt.Key.Key_E, Qt.Key.Key_I, Qt.Key.Key_G, Qt.Key.Key_N, Qt.Key.Key_U)
PIXEL_UM, RADIUS_PX = 1.17, 5


def main() -> None:
    """Print medians and 95th percentiles."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--answers", type=int, default=200)
    parser.add_argument(
        "--answered", type=int, default=0, help="cells that have an answer already"
    )
    parser.add_argument(
        "--people", type=int, default=1, help="people among whom --lines are shared"
    )
    parser.add_argument(
        "--lines", type=int, default=0, help="answers that all journals have already"
    )
    parser.add_argument("--repeat-share", type=float, default=0.05)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # not the name of whoever runs this
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        study = make_study(Path(folder) / "discs", given.cells, given.side)
        answer_some(study, given.answered)
        answer_by_several(study, given.people, given.lines, open_cells=given.answers)
        window = Window(study, given.repeat_share)
        print(
            f"{len(study.cells())} cells on {given.side} x {given.side} px, "
            f"{given.answers} answers, platform {QApplication.platformName()}"
        )
        window.measure(given.answers)
        window.viewer.close()


def make_study(path: Path, n_cells: int, side: int) -> Study:
    """A study of one recording of discs, which a model tells apart at random."""
    rng = np.random.default_rng(0)
    labels = discs(rng, n_cells, side)
    red, green = rng.random((2, 1, side, side), np.float32)
    planes = MeanPlanes("discs", red, green + (labels > 0), PIXEL_UM)
    cells = measure(labels, planes)
    chances = rng.dirichlet((1, 1, 1), len(cells)).astype(np.float32)
    cells = with_classes(cells, chances, CLASSES)
    run = {"recording": "discs", "sources": [], "device": "CPU"}
    study = Study.create(path)
    # the overlay of so many cells takes a minute, and is not needed here
    from napari_cellid.io import overlay_png as overlay

    overlay.save_overlay = lambda path, *_, **__: path.write_bytes(b"")
    found = IdentifyResult(planes, labels, cells, CLASSES, None, run)
    add_recording(study, found, RecordingInfo(pixel_size_um=PIXEL_UM))
    return study


def answer_some(study: Study, n_cells: int) -> None:
    """Let Ann have answered for some cells before."""
    journal = Journal.open(study.annotations, "Ann")
    now, cells = datetime.now(UTC), study.cells().head(n_cells)
    columns = (cells[name].tolist() for name in ("cell", "plane", "y", "x"))
    answers = [
        Answer(now, "Ann", "discs", cell, plane, y, x, "glia", seconds=1.0)
        for cell, plane, y, x in zip(*columns, strict=True)
    ]
    journal.add_all(answers)
    journal.close()


def answer_by_several(
    study: Study, n_people: int, n_lines: int, open_cells: int
) -> None:
    """Let several people have answered; Ann, the first, leaves some cells open."""
    rng = np.random.default_rng(1)
    cells = study.cells()
    columns = [cells[name].tolist() for name in ("cell", "plane", "y", "x")]
    places = list(zip(*columns, strict=True))
    start = datetime.now(UTC) - timedelta(days=1)
    for person in ("Ann", "Bo", "Cy", "Dee", "Eve")[:n_people]:
        n = len(places) - (2 * open_cells if person == "Ann" else 0)
        journal = Journal.open(study.annotations, person)
        journal.add_all([
            Answer(
                start + timedelta(seconds=k), person, "discs", *places[k % n],
                CLASSES[rng.integers(len(CLASSES))], seconds=1.0,
            )
            for k in range(n_lines // n_people)
        ])  # fmt: skip
        journal.close()


def discs(rng: np.random.Generator, n_cells: int, side: int) -> Any:
    """Labels (plane, y, x) of discs that do not touch one another."""
    step = 4 * RADIUS_PX
    per_row = side // step
    spots = rng.permutation(per_row**2)[:n_cells]
    y, x = np.mgrid[-RADIUS_PX : RADIUS_PX + 1, -RADIUS_PX : RADIUS_PX + 1]
    disc = np.argwhere(y**2 + x**2 <= RADIUS_PX**2) - RADIUS_PX
    shifts = rng.integers(RADIUS_PX, step - RADIUS_PX, (len(spots), 2))
    labels = np.zeros((1, side, side), np.int32)
    for label, (spot, shift) in enumerate(zip(spots, shifts, strict=True), 1):
        where = disc + shift + np.array(divmod(int(spot), per_row)) * step
        labels[0, where[:, 0], where[:, 1]] = label
    return labels


class Window:
    """A napari window with the Annotate dock on a study."""

    def __init__(self, study: Study, repeat_share: float) -> None:
        import napari

        self.viewer = napari.Viewer()
        self.main_window = self.viewer.window._qt_window  # noqa: SLF001
        self.main_window.setGeometry(0, 0, 1280, 800)
        _, self.dock = self.viewer.window.add_plugin_dock_widget(
            "napari-cellid", "Annotate cells"
        )
        self.canvas = self.viewer.window._qt_viewer.canvas.native  # noqa: SLF001
        self._swapped = 0
        self.canvas.frameSwapped.connect(self._on_swapped)
        start = time.perf_counter()
        self.dock.open_study(study.path)
        self.dock.begin("Ann")
        self.dock.controller.set_repeat_share(repeat_share)
        self._settle()
        print(f"opened in {time.perf_counter() - start:.1f} s")

    def measure(self, n_answers: int) -> None:
        """Answer, and print how long it takes."""
        keys, patch = cycle(KEYS), self.dock.panel.patch.canvas
        places: list[tuple[float, float]] = []

        # without a window manager no window is active, and none has the focus
        QApplication.setActiveWindow(self.main_window)
        self.canvas.setFocus()
        n_lines = len(self.dock.session.journal.lines)

        def answer() -> None:
            QTest.keyClick(self.canvas, next(keys))
            # what its paint event does; painted at once it would flush the whole window
            patch.grab()
            row = self.dock.session.row(self.dock.session.cell)
            places.append((row["y"] * PIXEL_UM, row["x"] * PIXEL_UM))

        report("annotating", *self._timed(answer, n_answers))
        written = len(self.dock.session.journal.lines) - n_lines
        assert written == n_answers, f"{written} of {n_answers} keys were answered"
        self._recolour(n_answers)
        self.dock.panel.keys.click()
        self.main_window.removeDockWidget(self.dock.parent())
        moves = iter(places)

        def move() -> None:
            camera = getattr(self.viewer, "scene", self.viewer).camera
            camera.center = (0, *next(moves))

        report("napari alone", *self._timed(move, len(places)))

    def _recolour(self, times: int) -> None:
        view = self.dock.session._view  # noqa: SLF001
        classes = cycle(CLASSES)
        labels = iter(self.dock.session.cells()["label"].sample(times, random_state=0))

        def recolour() -> None:
            view.colour_outlines([next(labels)], next(classes))

        own, _ = self._timed(recolour, times)
        report("recolouring", own)

    def _timed(
        self, act: Callable[[], None], times: int
    ) -> tuple[list[float], list[float]]:
        own, whole = [], []
        for _ in range(times):
            before = self._swapped
            start = time.perf_counter()
            act()
            own.append(time.perf_counter() - start)
            while self._swapped == before and time.perf_counter() - start < 2:
                QApplication.processEvents()
            whole.append(time.perf_counter() - start)
            self._settle(0.02)
        return own, whole

    def _settle(self, seconds: float = 1.0) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            QApplication.processEvents()
            time.sleep(0.002)

    def _on_swapped(self) -> None:
        self._swapped += 1


def report(name: str, own: list[float], whole: list[float] | None = None) -> None:
    """Print a line of medians and 95th percentiles in milliseconds."""
    parts = [f"{name:14}", f"own work {_summary(own)}"]
    if whole is not None:
        parts.append(f"with painting {_summary(whole)}")
    print("   ".join(parts), flush=True)


def _summary(seconds: list[float]) -> str:
    median, high = np.percentile(np.array(seconds) * 1e3, [50, 95])
    return f"median {median:5.1f}  p95 {high:5.1f}"


if __name__ == "__main__":
    main()
