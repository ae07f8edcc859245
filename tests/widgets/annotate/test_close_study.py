"""A study is closed with the mouse; viewer and docks are as before it was opened."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from annotating import canvas_of, press
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_cellid.study.study import Study
from napari_cellid.widgets.agreement.panel import NO_STUDY
from napari_cellid.widgets.agreement.widget import AgreementWidget
from napari_cellid.widgets.gallery.widget import GalleryWidget
from napari_cellid.widgets.retrain.widget import RetrainWidget

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def choose(monkeypatch):
    """Choose a folder in the dialog of "Open study…"."""

    def choose(path):
        monkeypatch.setattr(
            QFileDialog, "getExistingDirectory", lambda *_, **__: str(path)
        )

    return choose


@pytest.fixture
def mine(viewer):
    """A layer of the user, seen from a place of their choice."""
    layer = viewer.add_image(np.zeros((2, 128, 160)), name="mine")
    viewer.dims.set_point(0, 1)
    camera = viewer.scene.camera
    camera.center, camera.zoom = (0, 20, 30), 2.5
    return layer


@pytest.fixture
def dock(viewer, mine, make_dock):
    return make_dock(viewer)


def open_with_mouse(dock, qtbot):
    """Open the study, type a name, look at the others' answers, answer one cell."""
    line = dock.panel.name.line
    qtbot.mouseClick(dock.panel.study.open_button, LEFT)
    qtbot.keyClicks(line, "Ann")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    dock.panel.blind.setChecked(False)
    press(canvas_of(dock), Qt.Key.Key_G)


def check_viewer(viewer, mine):
    """The viewer is as it was before."""
    assert list(viewer.layers) == [mine] and mine.visible
    assert viewer.layers.selection.active is mine
    assert viewer.dims.current_step[0] == 1
    camera = viewer.scene.camera
    assert camera.zoom == 2.5 and camera.center == pytest.approx((0, 20, 30))


def test_closed_with_the_mouse(viewer, mine, dock, lab, choose, qtbot):
    picker, session = dock.panel.study, dock.session
    assert not picker.close_button.isVisible()
    choose(lab.path)
    open_with_mouse(dock, qtbot)
    assert len(session.own_answers) == 1 and not mine.visible and not session.blind
    qtbot.mouseClick(picker.close_button, LEFT)
    check_viewer(viewer, mine)
    assert (session.study, session.journal, session.cell) == (None, None, None)
    assert session.votes is None and session.own_answers == {}
    assert session.blind and dock.panel.blind.isChecked()
    assert not picker.close_button.isVisible() and picker.open_button.isVisible()
    assert not dock.panel.patch.isVisible()
    assert dock.controller.current is None
    # keys are napari's again
    press(canvas_of(dock), Qt.Key.Key_G)
    assert len(Study.open(lab.path).read_answers().all_answers) == 1


def test_other_docks_are_empty_again(viewer, dock, lab, choose, qtbot):
    others = [kind(viewer) for kind in (AgreementWidget, GalleryWidget, RetrainWidget)]
    for other in others:
        qtbot.addWidget(other)
        other.show()
    agreement, gallery, retrain = others
    choose(lab.path)
    open_with_mouse(dock, qtbot)
    qtbot.waitUntil(lambda: not agreement.panel.message())
    qtbot.waitUntil(gallery.panel.isEnabled)
    qtbot.waitUntil(lambda: retrain.estimates.decided_cells is not None)
    qtbot.mouseClick(dock.panel.study.close_button, LEFT)
    qtbot.waitUntil(lambda: agreement.panel.message() == NO_STUDY)
    qtbot.waitUntil(lambda: not gallery.panel.isEnabled())
    assert len(gallery.panel.model.keys) == 0
    assert retrain.panel.message()
    for other in others:
        other.hide()


def test_another_study_is_opened_afterwards(
    viewer, mine, dock, lab, choose, qtbot, tmp_path
):
    choose(lab.path)
    open_with_mouse(dock, qtbot)
    qtbot.mouseClick(dock.panel.study.close_button, LEFT)
    other = shutil.copytree(lab.path, tmp_path / "other")
    choose(other)
    qtbot.mouseClick(dock.panel.study.open_button, LEFT)
    assert dock.session.study.path == other and dock.session.annotator == ""
    qtbot.mouseClick(dock.panel.name.button, LEFT)
    assert dock.session.annotator == "Ann"
    assert len(dock.session.own_answers) == 1
    press(canvas_of(dock), Qt.Key.Key_G)
    assert len(Study.open(other).read_answers().all_answers) == 2
    assert len(Study.open(lab.path).read_answers().all_answers) == 1
    qtbot.mouseClick(dock.panel.study.close_button, LEFT)
    check_viewer(viewer, mine)
