"""Gallery and Agreement in napari's real window, where there is a display."""

from __future__ import annotations

from pathlib import Path

import pytest
from under_xvfb import run_in_window
from voting import make_study, true_classes, write_answers

SCRIPT = """
import sys, time
import napari
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from napari_cellid.widgets.session.session import session_of

viewer = napari.Viewer()
window = viewer.window
dock, agreement = window.add_plugin_dock_widget("napari-cellid", "Agreement")
other, gallery = window.add_plugin_dock_widget(
    "napari-cellid", "Cell gallery", tabify=False)
session = session_of(viewer)
session.open_study(sys.argv[1])
session.start_annotating("Dee")
session.set_blind(False)

def wait(done):
    end = time.monotonic() + 60
    while not done() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.02)
    assert done()

def click(view, index, modifier=Qt.KeyboardModifier.NoModifier):
    view.scrollTo(index)
    place = view.visualRect(index).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifier, place)
    QApplication.processEvents()

# docks of this package share one place, behind tabs
dock.raise_()
wait(agreement.isVisible)
disputed = agreement.panel.disputed
wait(lambda: agreement.votes is not None and not agreement.comparing.busy)
agreement.panel.tabs.setCurrentWidget(disputed)
wait(lambda: disputed.model.rowCount() == 3)
click(disputed.view, disputed.model.index(1, 1))
key = session.cell
assert key == disputed.current()
assert "a1 classes" in viewer.layers
QTest.keyClick(disputed.view, Qt.Key.Key_G)
wait(lambda: disputed.model.rowCount() == 2)
assert session.cell == disputed.current() != key

other.raise_()
wait(gallery.isVisible)
box = gallery.panel.source
box.setCurrentIndex(box.findData("model"))
box.activated.emit(box.currentIndex())
model, view = gallery.panel.model, gallery.panel.view
wait(lambda: len(model.keys) > 20 and not gallery._stale)
click(view, model.index(0))
assert session.cell == model.keys[0]
click(view, model.index(5), Qt.KeyboardModifier.ShiftModifier)
assert session.selected == tuple(model.keys[:6])
QTest.keyClick(view, Qt.Key.Key_N)
assert [session.own_answers[key] for key in model.keys[:6]] == ["not_a_cell"] * 6
QTest.keyClick(view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
assert not session.own_answers
wait(lambda: not gallery.thumbnails.worker.busy)
window.screenshot(sys.argv[2], canvas_only=False, flash=False)
window.remove_dock_widget(dock)
window.remove_dock_widget(other)
session.close_study()
viewer.close()
"""


@pytest.mark.slow
def test_settle_and_correct_in_the_real_window(field, tmp_path: Path):
    study = make_study(tmp_path / "study", field)
    classes = true_classes(study)
    for name in ("Ann", "Bo"):
        write_answers(study, name, classes)
    write_answers(study, "Cy", classes | dict.fromkeys(list(classes)[:3], "unsure"))
    picture = tmp_path / "window.png"
    words = ["-c", SCRIPT, str(study.path), str(picture)]
    run_in_window(words, size="1366x768", folder=tmp_path)
    assert picture.stat().st_size > 10_000
