"""How long the window does not answer, over a whole journey.

    xvfb-run -a -s "-screen 0 1280x800x24" python benchmarks/event_loop_stalls.py
        [--classifier one_pass] [--limit 0.3]

Opens napari's window and does what a new user does: the sample, *Identify cells*, a
study, answers, the other docks, the study again. A timer beats in the event loop all
the time; where it comes late, the window stood still for so long, and a signal (not on
Windows) notes what the event loop was doing then. napari's own share is measured in the
same run: the same layers are added to a window without the plugin. Prints, of each
step, the longest stall by the clock, the processor time of the event loop in it, and
where it was.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSettings, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BEAT_S, LATE_S = 0.02, 0.1
#: steps of a window without the plugin: one layer at a time
ADDED, REMOVED = "napari alone, layers are added", "napari alone, layers are removed"
#: how long a step may take
PATIENCE_S = 600


def main() -> int:
    """Print the table; 1 if a stall exceeds napari's own by more than the limit."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--classifier", default="one_pass")
    parser.add_argument("--limit", type=float, default=0.3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # not the name and the last studies of whoever runs this
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        journey = Journey(Path(folder), given.classifier)
        journey.run()
    alone = {name: journey.heart.steps.pop(name) for name in (ADDED, REMOVED)}
    for name, stall in alone.items():
        print(f"{name:38} {stall.text()}")
    own = max(alone.values(), key=lambda stall: stall.busy_s)
    print(f"{'first import of torch, in a thread':38} {journey.torch_s:6.2f} s")
    slow = False
    for name, stall in journey.heart.steps.items():
        # by the processor time of the event loop, which other programs do not lengthen
        late = stall.busy_s > own.busy_s + given.limit
        slow |= late
        print(f"{name:38} {stall.text()}{'  <-- too long' if late else ''}")
    return int(slow)


@dataclass
class Stall:
    """The longest stall of a step, s, and where the event loop was."""

    clock_s: float = 0.0
    busy_s: float = 0.0
    where: list[str] = field(default_factory=list)

    def text(self) -> str:
        """One line for the table."""
        place = "; ".join(self.where[-3:]) if self.busy_s > 0.15 else ""
        return f"{self.clock_s:6.2f} s, busy {self.busy_s:6.2f} s  {place}"


class Heart:
    """A timer in the event loop, and a thread that watches it."""

    def __init__(self) -> None:
        self.steps: dict[str, Stall] = {}
        self._name, self._stack = "", [""]
        self._last, self._busy = time.perf_counter(), time.thread_time()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(int(BEAT_S * 1000))
        # a signal, because the stack of a running thread cannot be read from another
        signal.signal(signal.SIGALRM, self._late)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Everything until the end belongs to a step of this name."""
        QApplication.processEvents()
        self._beat()
        self._name, self.steps[name] = name, Stall()
        try:
            yield
        finally:
            QApplication.processEvents()
            self._beat()
            self._name = ""

    def stop(self) -> None:
        """No more beats, and no more signals."""
        self._timer.stop()
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _beat(self) -> None:
        now, busy = time.perf_counter(), time.thread_time()
        stall = self.steps.get(self._name)
        if stall is not None and busy - self._busy > stall.busy_s:
            stall.busy_s, stall.where = busy - self._busy, self._stack
        if stall is not None:
            stall.clock_s = max(stall.clock_s, now - self._last)
        self._last, self._busy = now, busy
        self._stack = [""]
        signal.setitimer(signal.ITIMER_REAL, LATE_S, LATE_S)

    def _late(self, _: int, frame: Any) -> None:
        """Note where the event loop is: its beat is late."""
        calls = traceback.extract_stack(frame)
        ours = [c for c in calls if "/napari_cellid/" in c.filename]
        lines = [f"{Path(c.filename).stem}:{c.lineno} {c.name}" for c in ours]
        self._stack = [*lines, f"({Path(calls[-1].filename).stem}.{calls[-1].name})"]


class Journey:
    """What a new user does in the window."""

    def __init__(self, folder: Path, classifier: str) -> None:
        import napari

        self.folder, self.classifier = folder, classifier
        self.torch_s = 0.0
        self.viewer = napari.Viewer()
        self.window = self.viewer.window._qt_window  # noqa: SLF001
        self.window.setGeometry(0, 0, 1280, 800)
        self.heart = Heart()

    def run(self) -> None:
        """Take every step."""
        step = self.heart.step
        with step("open the sample"):
            self.viewer.open_sample("napari-cellid", self._sample())
            pause(1)
        with step("open Identify cells"):
            identify = self._dock("Identify cells")
            pause(1)
        self._choose(identify)
        self._time_torch()
        with step("identify, until cells are shown"):
            click(identify.panel.run_button)
            wait(lambda: not identify.worker.busy)
            pause(2)
        layer = identify.current.layer
        assert layer is not None, "nothing was identified"
        with step("open Annotate cells"):
            annotate = self._dock("Annotate cells")
            pause(1)
        with step("make a study of the result"):
            identify.panel.study_button.setFocus()
            self._make_study(identify)
            pause(2)
        with step("begin to annotate"):
            annotate.open_study(self.study)
            annotate.begin("Ann")
            pause(2)
        with step("twenty answers"):
            self._answer()
        for name in ("Cell gallery", "Agreement", "Retrain"):
            with step(f"open {name}"):
                self._dock(name)
                pause(1)
        with step("open the study again"):
            annotate.open_study(self.study)
            pause(2)
        self._napari_alone(layer)
        self.heart.stop()
        self.viewer.close()

    def _answer(self) -> None:
        canvas = self.viewer.window._qt_viewer.canvas.native  # noqa: SLF001
        QApplication.setActiveWindow(self.window)
        canvas.setFocus()
        for key in (Qt.Key.Key_E, Qt.Key.Key_I, Qt.Key.Key_G, Qt.Key.Key_U) * 5:
            QTest.keyClick(canvas, key)
            pause(0.02)

    def _sample(self) -> str:
        from npe2 import PluginManager

        manifest = PluginManager.instance().get_manifest("napari-cellid")
        return str(manifest.contributions.sample_data[0].key)

    def _dock(self, name: str) -> Any:
        return self.viewer.window.add_plugin_dock_widget("napari-cellid", name)[1]

    def _choose(self, identify: Any) -> None:
        from napari_cellid.models.registry import find_model

        identify.panel.classifier.setValue(find_model(self.classifier, "classify"))
        pause(0.5)

    def _time_torch(self) -> None:
        """Measure how long torch is imported, which happens in the thread of a run."""
        from napari_cellid.widgets.identify import loaded_models

        import_torch = loaded_models.import_torch

        def timed() -> None:
            start = time.perf_counter()
            import_torch()
            self.torch_s = max(self.torch_s, time.perf_counter() - start)

        loaded_models.import_torch = timed

    def _make_study(self, identify: Any) -> None:
        from napari_cellid.study.study import Study
        from napari_cellid.widgets.session.session import session_of

        self.study = self.folder / "study"
        Study.create(self.study)
        session_of(self.viewer).open_study(self.study)
        click(identify.panel.study_button)
        wait(lambda: not identify.study_offer.saver.queue.busy)

    def _napari_alone(self, layer: Any) -> None:
        """Add images and labels of the same size to a window of napari."""
        import napari

        images = [one for one in self.viewer.layers if one.data.ndim == 3][:2]
        data = [one.data for one in images]
        labels, features = layer.data, layer.features
        other = napari.Viewer()
        with self.heart.step(ADDED):
            for image in data:
                other.add_image(image, scale=(15, 1, 1))
                QApplication.processEvents()
            other.add_labels(labels, features=features, scale=(15, 1, 1))
            pause(1)
        with self.heart.step(REMOVED):
            # not the bottom one, see docs/development/napari_crash.md
            other.layers.pop()
            pause(1)
        other.close()


def click(button: Any) -> None:
    """Click with the mouse."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def pause(seconds: float) -> None:
    """Let the event loop run."""
    end = time.perf_counter() + seconds
    wait(lambda: time.perf_counter() > end)


def wait(until: Callable[[], bool]) -> None:
    """Let the event loop run until something is true."""
    end = time.perf_counter() + PATIENCE_S
    while not until():
        QApplication.processEvents()
        time.sleep(0.005)
        if time.perf_counter() > end:
            raise TimeoutError("a step took too long")


if __name__ == "__main__":
    sys.exit(main())
