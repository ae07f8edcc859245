"""How quickly napari's window answers while a model is trained.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/training_pan.py
        [--pans 200] [--plan inceptionv3_249] [--side 256]

Makes a study of simulated recordings in which three people answered, opens it in the
Retrain dock, and pans the image in the real window: first while nothing else is done,
then while the dock trains a classifier in its process of its own and follows it. Prints
how long each pan takes until the window has swapped to the new picture, and the longest
time for which the window did not answer at all, in milliseconds.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QSettings, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_cellid.annotation.answer import Answer
from napari_cellid.annotation.journal import Journal
from napari_cellid.cells.measure import measure
from napari_cellid.config import RecordingInfo, SimulationConfig
from napari_cellid.identify import IdentifyResult
from napari_cellid.progress import run_to_end
from napari_cellid.recording import MeanPlanes
from napari_cellid.simulation.field import simulate
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE = ("Ann", "Bo", "Cy")
WANTED_MS = 50
#: seconds after which what is waited for will not come
_GIVE_UP_S = 600
#: epochs of the training, which is stopped when the pans are done
_EPOCHS = 500


def main() -> None:
    """Print medians and 95th percentiles."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pans", type=int, default=200)
    parser.add_argument("--plan", default="inceptionv3_249")
    parser.add_argument("--side", type=int, default=256)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # not the name of whoever runs this
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        study = make_study(Path(folder) / "simulated", given.side)
        window = Window(study)
        print(
            f"{len(study.cells())} cells, {given.pans} pans, plan {given.plan}, "
            f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, "
            f"platform {QApplication.platformName()}"
        )
        report("nothing else", *window.pan(given.pans))
        window.train(given.plan)
        quiet = report("while training", *window.pan(given.pans))
        window.stop()
        print(f"answers within {WANTED_MS} ms while training: {quiet}")
        window.viewer.close()


def make_study(path: Path, side: int) -> Study:
    """A study of five simulated recordings, each of an animal, all answered."""
    study = Study.create(path)
    for seed in range(5):
        config = SimulationConfig(seed=seed, height=side, width=side, n_planes=1)
        field = run_to_end(simulate(config))
        name = f"m{seed}"
        red, green = (one.astype(np.float32) for one in (field.red, field.green))
        planes = MeanPlanes(name, red, green, config.pixel_size_um)
        cells = measure(field.labels, planes)
        run = {"recording": name, "sources": [], "models": {}, "device": "CPU"}
        found = IdentifyResult(planes, field.labels, cells, (), None, run)
        info = RecordingInfo(animal=name, pixel_size_um=planes.pixel_size_um)
        add_recording(study, found, info)
        truth = field.cells.set_index("label")["class"]
        _answer(study, name, {c: truth[n] for c, n in _numbers(study, name)})
    return study


def _numbers(study: Study, name: str) -> list[tuple[int, int]]:
    cells = study.recording(name).cells()
    return list(zip(cells["cell"], cells["label"], strict=True))


def _answer(study: Study, name: str, classes: dict[int, str]) -> None:
    cells = study.recording(name).cells()
    columns = [cells[one].tolist() for one in ("cell", "plane", "y", "x")]
    now = datetime.now(UTC)
    for person in PEOPLE:
        journal = Journal.open(study.annotations, person)
        journal.add_all(
            [
                Answer(now, person, name, cell, plane, y, x, classes[cell], seconds=1.0)
                for cell, plane, y, x in zip(*columns, strict=True)
            ]
        )
        journal.close()


class Window:
    """A napari window with the Retrain dock on a study."""

    def __init__(self, study: Study) -> None:
        import napari

        from napari_cellid.widgets.session.session import session_of

        self.viewer = napari.Viewer()
        self.viewer.window._qt_window.setGeometry(0, 0, 1280, 800)  # noqa: SLF001
        _, self.dock = self.viewer.window.add_plugin_dock_widget(
            "napari-cellid", "Retrain"
        )
        canvas = self.viewer.window._qt_viewer.canvas.native  # noqa: SLF001
        self._swapped = 0
        canvas.frameSwapped.connect(self._on_swapped)
        session = session_of(self.viewer)
        session.open_study(study.path)
        session.show_recording(study.recordings[0])
        self._until(lambda: self.dock.estimates.decided_cells is not None)
        self._until(lambda: not self.dock.estimates.estimator.worker.busy)
        self._settle(2)

    def train(self, plan: str) -> None:
        """Start a training as a user does, and wait until it is well under way."""
        setup = self.dock.panel.setup
        setup.plan.setValue(plan)
        setup.forms["classify"].setValue({"epochs": _EPOCHS, "replay": 0})
        QTest.mouseClick(self.dock.panel.start_button, Qt.MouseButton.LeftButton)
        self._until(self._under_way)
        print(f"training: {self.dock.panel.progress_text()}")

    def stop(self) -> None:
        """Stop the training as a user does."""
        QTest.mouseClick(self.dock.panel.stop_button, Qt.MouseButton.LeftButton)
        self._until(lambda: self.dock.controller.active_run is None)

    def pan(self, times: int) -> tuple[list[float], list[float]]:
        """Time pans, and the gaps between two turns of the event loop (s)."""
        camera = getattr(self.viewer, "scene", self.viewer).camera
        centre = tuple(camera.center)
        rng = np.random.default_rng(0)
        took, gaps = [], []
        for _ in range(times):
            before, start = self._swapped, time.perf_counter()
            shift = rng.uniform(-40, 40, 2)
            camera.center = (0, centre[-2] + shift[0], centre[-1] + shift[1])
            while self._swapped == before and time.perf_counter() - start < 2:
                QApplication.processEvents()
            took.append(time.perf_counter() - start)
            gaps += self._settle(0.1)
        return took, gaps

    def _under_way(self) -> bool:
        run = self.dock.controller.active_run
        if run is None:
            raise RuntimeError(self.dock.panel.error.text() or "it does not train")
        return "epoch" in run.progress

    def _until(self, done: Callable[[], Any]) -> None:
        end = time.monotonic() + _GIVE_UP_S
        while not done():
            if time.monotonic() > end:
                raise TimeoutError
            self._settle(0.05)

    def _settle(self, seconds: float) -> list[float]:
        """Let the window work, and time each turn of its event loop."""
        turns = []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            QApplication.processEvents()
            turns.append(time.perf_counter() - start)
            time.sleep(0.002)
        return turns

    def _on_swapped(self) -> None:
        self._swapped += 1


def report(name: str, took: list[float], gaps: list[float]) -> bool:
    """Print a line in milliseconds; whether 95 of 100 pans were quick enough."""
    median, high = np.percentile(np.array(took) * 1e3, [50, 95])
    longest = max(gaps) * 1e3
    print(
        f"{name:15} pan median {median:5.1f}  p95 {high:5.1f}  longest "
        f"{max(took) * 1e3:5.1f}   longest silence between pans {longest:5.1f}",
        flush=True,
    )
    return bool(high <= WANTED_MS)


if __name__ == "__main__":
    main()
