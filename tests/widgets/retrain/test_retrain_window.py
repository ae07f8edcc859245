"""Retrain in napari's real window, where there is a display."""

from __future__ import annotations

from pathlib import Path

import pytest
from retraining import FAKE
from under_xvfb import run_in_window
from voting import make_study, true_classes, write_answers

SCRIPT = """
import gc, json, sys, time, weakref
from pathlib import Path
import napari
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from napari_cellid.retrain import process as retrain_process
from napari_cellid.widgets.retrain import close_guard
from napari_cellid.widgets.session.session import session_of

study, picture, fake = sys.argv[1:]
retrain_process.cli_command = lambda: [sys.executable, fake]
plan = Path(study) / "fake.json"
plan.write_text(json.dumps({"epochs": 30, "seconds": 0.4}))
viewer = napari.Viewer()
viewer.theme = "light"
window = viewer.window
place, dock = window.add_plugin_dock_widget("napari-cellid", "Retrain")

def wait(done):
    end = time.monotonic() + 60
    while not done() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.02)
    assert done()

def click(button):
    assert button.isVisible() and button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)

assert "No study is open" in dock.panel.message()
session = session_of(viewer)
session.open_study(study)
session.set_blind(False)
session.show_recording("a1")
wait(lambda: "on this computer" in dock.panel.estimate.text())
click(dock.panel.start_button)
wait(lambda: dock.controller.active_run and len(dock.controller.active_run.epochs) > 2)
assert dock.panel.progress.curves.isVisible()
window.screenshot(picture, canvas_only=False, flash=False)

# closing the window asks; whoever wants to stay stays
main, asked = window._qt_window, []
close_guard.ask_about_runs = lambda _, n: asked.append(n) or "cancel"
main.close(quit_app=False, confirm_need=False)
QApplication.processEvents()
assert asked == [1] and main.isVisible()
close_guard.ask_about_runs = lambda *_: 1 / 0

# the dock closed and opened again finds the training
before = weakref.ref(dock)
window.remove_dock_widget(place)
del dock, place
wait(lambda: gc.collect() >= 0 and before() is None)
place, dock = window.add_plugin_dock_widget("napari-cellid", "Retrain")
wait(lambda: dock.controller.active_run is not None)
click(dock.panel.stop_button)
wait(lambda: dock.controller.active_run is None)
report = dock.panel.report
dock.panel.tabs.setCurrentIndex(2)
wait(lambda: report.confusion.isVisible())
dock.panel.tabs.currentWidget().ensureWidgetVisible(report.confusion)
QApplication.processEvents()
table = report.confusion
middle = table.visualItemRect(table.item(0, 1)).center()
QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=middle)
wait(lambda: session.cell is not None)
assert session.recording.name == session.cell.recording == "b2"
session.close_study()
viewer.close()
"""


@pytest.mark.slow
def test_training_in_the_real_window(field, tmp_path: Path):
    study = make_study(tmp_path / "study", field)
    for name in ("Ann", "Bo", "Cy"):
        write_answers(study, name, true_classes(study))
    picture = tmp_path / "window.png"
    words = ["-c", SCRIPT, str(study.path), str(picture), str(FAKE)]
    run_in_window(words, size="1280x800", folder=tmp_path)
    assert picture.stat().st_size > 10_000
