"""The gallery: which cells it shows, and what a person does with them."""

from __future__ import annotations

import math
import shutil
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QMessageBox, QVBoxLayout, QWidget
from voting import make_study, true_classes, write_answers

from napari_cellid.annotation.all_answers import current_answers, read_annotations
from napari_cellid.annotation.answer import CellKey
from napari_cellid.io.tables import read_cells, write_cells
from napari_cellid.study.cell_selection import (
    add_answer_column,
    count_cells_by_answer,
    select_cells,
)
from napari_cellid.study.recordings import StudyRecording
from napari_cellid.study.study import Study
from napari_cellid.widgets._shared.key_filter import NO_MODIFIER, Shortcuts
from napari_cellid.widgets.gallery.model import MARK_ROLE, RADIUS_ROLE, GalleryModel
from napari_cellid.widgets.gallery.thumbnails import ThumbnailPosition
from napari_cellid.widgets.gallery.widget import GalleryWidget
from napari_cellid.widgets.session import answers as session_answers
from napari_cellid.widgets.session.session import session_of

LEFT = Qt.MouseButton.LeftButton
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(scope="module")
def made(tmp_path_factory, field):
    """A study in which Ann has answered everything as the model does."""
    study = make_study(tmp_path_factory.mktemp("gallery") / "study", field)
    write_answers(study, "Ann", true_classes(study))
    return study.path


@pytest.fixture
def study(tmp_path, made):
    return Study.open(Path(shutil.copytree(made, tmp_path / "study")))


@pytest.fixture
def session(viewer, study):
    session = session_of(viewer)
    session.open_study(study.path)
    session.start_annotating("Ann")
    yield session
    session.close_study()


@pytest.fixture
def gallery(viewer, qtbot):
    widget = GalleryWidget(viewer)
    qtbot.addWidget(widget)
    widget.resize(380, 700)
    widget.show()
    settle(qtbot, widget)
    return widget


def settle(qtbot, gallery):
    def quiet():
        busy = gallery.worker.busy or gallery.thumbnails.worker.busy
        return not (busy or gallery._stale or gallery._list_timer.isActive())

    qtbot.waitUntil(quiet, timeout=20_000)


def pick(qtbot, gallery, box, data):
    """Choose an entry of a combo box as with the mouse."""
    box.setCurrentIndex(box.findData(data))
    box.activated.emit(box.currentIndex())
    gallery._stale = True
    settle(qtbot, gallery)


def press(gallery, row, modifier=Qt.KeyboardModifier.NoModifier):
    view = gallery.panel.view
    index = gallery.panel.model.index(row)
    view.scrollTo(index)
    place = view.visualRect(index).center()
    QTest.mouseClick(view.viewport(), LEFT, modifier, place)


def on_disk(study, annotator="Ann"):
    lines = current_answers(read_annotations(study.annotations).all_answers)
    own = lines[lines["annotator"] == annotator]
    return {
        CellKey(r, c): a
        for r, c, a in zip(own["recording"], own["cell"], own["answer"], strict=True)
    }


def test_all_cells_of_a_class_are_shown(gallery, session, study):
    told = true_classes(study)
    assert gallery.panel.answer.currentData() == "excitatory"
    shown = gallery.panel.model.keys
    assert set(shown) == {key for key, name in told.items() if name == "excitatory"}
    assert len(shown) == len(set(shown))
    assert f"excitatory ({len(shown)})" == gallery.panel.answer.currentText()


def test_pictures_come_when_their_recording_has_been_read(gallery, session, qtbot):
    model = gallery.panel.model
    index = model.index(0)
    gallery.grab()
    settle(qtbot, gallery)
    picture = index.data(Qt.ItemDataRole.DecorationRole)
    assert (picture.width(), picture.height()) == (model.style.side, model.style.side)
    centre = picture.toImage().pixelColor(34, 34)
    assert centre.red() > 100


def test_a_click_goes_to_the_cell(gallery, session, study):
    session.set_blind(False)
    press(gallery, 2)
    assert session.cell == gallery.panel.model.keys[2]
    assert session.recording.name == session.cell.recording
    assert session.selected == ()


@pytest.mark.parametrize("way", ["key", "button"])
def test_several_are_corrected_at_once(gallery, session, study, way):
    press(gallery, 1)
    press(gallery, 3, SHIFT)
    press(gallery, 6, CTRL)
    keys = gallery.selected()
    assert keys == [gallery.panel.model.keys[k] for k in (1, 2, 3, 6)]
    assert session.selected == tuple(keys)
    if way == "key":
        QTest.keyClick(gallery.panel.view, Qt.Key.Key_G)
    else:
        QTest.mouseClick(gallery.panel.buttons.buttons["glia"], LEFT)
    now = on_disk(study)
    assert {now[key] for key in keys} == {"glia"}
    expected = true_classes(study) | dict.fromkeys(keys, "glia")
    assert now == expected
    # they stay where they are, marked, until the list is made anew
    assert gallery.panel.model.keys[1] == keys[0]
    assert gallery.panel.model.index(1).data(MARK_ROLE) == "#cc79a7"
    assert gallery.panel.model.index(0).data(MARK_ROLE) == ""
    assert "4 answered just now" in gallery.panel._status.text()


def test_after_an_answer_for_several_the_next_one_is_for_one(gallery, session, study):
    press(gallery, 0)
    press(gallery, 2, SHIFT)
    QTest.keyClick(gallery.panel.view, Qt.Key.Key_G)
    assert session.selected == ()
    assert gallery.selected() == [session.cell]


def test_the_list_is_made_anew_on_demand(gallery, session, study, qtbot):
    n = len(gallery.panel.model.keys)
    key = gallery.panel.model.keys[4]
    press(gallery, 4)
    QTest.keyClick(gallery.panel.view, Qt.Key.Key_N)
    assert len(gallery.panel.model.keys) == n
    QTest.mouseClick(gallery.panel.update_list, LEFT)
    gallery._stale = True
    settle(qtbot, gallery)
    assert len(gallery.panel.model.keys) == n - 1
    pick(qtbot, gallery, gallery.panel.answer, "not_a_cell")
    assert gallery.panel.model.keys == [key]
    assert gallery.panel.answer.currentText() == "not a cell (1)"


def test_a_new_list_begins_at_the_top_and_an_updated_one_stays(gallery, session, qtbot):
    bar = gallery.panel.view.verticalScrollBar()
    press(gallery, len(gallery.panel.model.keys) - 1)
    assert bar.value() > 0
    before = bar.value()
    QTest.keyClick(gallery.panel.view, Qt.Key.Key_G)
    QTest.mouseClick(gallery.panel.update_list, LEFT)
    settle(qtbot, gallery)
    assert before - 2 * gallery.panel.view.gridSize().height() <= bar.value() <= before
    assert bar.value() > 0
    session.go_to(gallery.panel.model.keys[-1])
    assert bar.value() > 0
    pick(qtbot, gallery, gallery.panel.answer, "glia")
    pick(qtbot, gallery, gallery.panel.answer, "excitatory")
    qtbot.wait(50)
    assert bar.value() == 0
    assert gallery.selected() == [session.cell]


@pytest.mark.parametrize("way", ["key", "button"])
def test_undo_takes_all_of_it_back(gallery, session, study, way):
    before = on_disk(study)
    press(gallery, 0)
    press(gallery, 3, SHIFT)
    QTest.keyClick(gallery.panel.view, Qt.Key.Key_I)
    assert on_disk(study) != before
    if way == "key":
        QTest.keyClick(gallery.panel.view, Qt.Key.Key_Z, CTRL)
    else:
        QTest.mouseClick(gallery.panel.undo, LEFT)
    assert on_disk(study) == before


def test_other_keys_answer_nothing(gallery, session, study):
    before = on_disk(study)
    press(gallery, 0)
    for key in (Qt.Key.Key_X, Qt.Key.Key_1, Qt.Key.Key_Down, Qt.Key.Key_Escape):
        QTest.keyClick(gallery.panel.view, key)
    QTest.keyClick(gallery.panel.view, Qt.Key.Key_G, CTRL)
    assert on_disk(study) == before


def test_an_answer_without_a_selection_is_told(gallery, session, study, notifications):
    before = on_disk(study)
    gallery.panel.view.clearSelection()
    QTest.mouseClick(gallery.panel.buttons.buttons["glia"], LEFT)
    assert "Select the cells" in notifications[0]
    assert on_disk(study) == before


@pytest.mark.parametrize("meant", [True, False])
def test_many_cells_are_asked_about(gallery, session, study, monkeypatch, meant):
    reply = QMessageBox.StandardButton.Yes if meant else QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "question", lambda *_: reply)
    before = on_disk(study)
    QTest.keyClick(gallery.panel.view, Qt.Key.Key_A, CTRL)
    n = len(gallery.selected())
    assert n > 50
    QTest.keyClick(gallery.panel.view, Qt.Key.Key_U)
    changed = [key for key, answer in on_disk(study).items() if before[key] != answer]
    assert len(changed) == (n if meant else 0)


def test_the_least_likely_stand_at_the_top(gallery, session, study, qtbot):
    session.set_blind(False)
    settle(qtbot, gallery)
    pick(qtbot, gallery, gallery.panel.order, "doubtful")
    cells = study.cells().set_index(["recording", "cell"])
    chances = cells.loc[gallery.panel.model.keys, "p_excitatory"].tolist()
    assert chances == sorted(chances)
    pick(qtbot, gallery, gallery.panel.order, "likely")
    chances = cells.loc[gallery.panel.model.keys, "p_excitatory"].tolist()
    assert chances == sorted(chances, reverse=True)


def test_blind_people_see_their_own_answers_alone(gallery, session, study, qtbot):
    assert session.blind
    panel = gallery.panel
    offered = [panel.source.itemData(k) for k in range(panel.source.count())]
    assert offered == ["own"]
    assert [panel.order.itemData(k) for k in range(panel.order.count())] == ["place"]
    tip = panel.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert "model" not in tip
    session.set_blind(False)
    settle(qtbot, gallery)
    offered = [panel.source.itemData(k) for k in range(panel.source.count())]
    assert offered == ["own", "consensus", "model"]
    pick(qtbot, gallery, panel.source, "model")
    tip = panel.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert "model: excitatory" in tip
    session.set_blind(True)
    settle(qtbot, gallery)
    assert panel.source.currentData() == "own"


def test_consensus_and_model(gallery, session, study, qtbot):
    session.set_blind(False)
    settle(qtbot, gallery)
    told = true_classes(study)
    first = [key for key, name in told.items() if name == "excitatory"][:5]
    for name in ("Bo", "Cy"):
        write_answers(
            study, name, dict.fromkeys(first, "glia") | {first[0]: "excitatory"}
        )
    pick(qtbot, gallery, gallery.panel.source, "consensus")
    assert gallery.panel.model.keys == [first[0]]
    session.adjudicate(first[1], "excitatory")
    gallery.refresh()
    settle(qtbot, gallery)
    assert set(gallery.panel.model.keys) == {first[0], first[1]}
    pick(qtbot, gallery, gallery.panel.source, "model")
    assert len(gallery.panel.model.keys) == list(told.values()).count("excitatory")


def test_one_recording_alone(gallery, session, study, qtbot):
    pick(qtbot, gallery, gallery.panel.recording, "b2")
    assert {key.recording for key in gallery.panel.model.keys} == {"b2"}
    places = study.recording("b2").cells().set_index("cell")
    rows = [(places.loc[k.cell, "plane"], places.loc[k.cell, "y"])
            for k in gallery.panel.model.keys]  # fmt: skip
    assert rows == sorted(rows)


def test_it_goes_along_with_what_others_look_at(gallery, session):
    key = gallery.panel.model.keys[7]
    session.go_to(key)
    assert gallery.selected() == [key]
    some = gallery.panel.model.keys[2:5]
    session.select(some)
    assert gallery.selected() == some
    session.go_to(None)
    assert gallery.selected() == []


def test_answers_given_elsewhere_are_marked(gallery, session):
    key = gallery.panel.model.keys[3]
    session.go_to(key)
    session.answer("inhibitory")
    assert gallery.panel.model.index(3).data(MARK_ROLE) == "#56b4e9"
    session.undo()
    session.undo()
    assert gallery.panel.model.row_of(key) == 3


def test_without_a_study_it_says_what_to_do(viewer, qtbot):
    widget = GalleryWidget(viewer)
    qtbot.addWidget(widget)
    widget.show()
    settle(qtbot, widget)
    assert "No study is open" in widget.panel._message.text()
    assert not widget.panel.isEnabled()


def test_without_an_annotator_it_says_what_to_do(viewer, study, qtbot, notifications):
    session = session_of(viewer)
    session.open_study(study.path)
    widget = GalleryWidget(viewer)
    qtbot.addWidget(widget)
    widget.show()
    settle(qtbot, widget)
    assert "Type your name" in widget.panel._message.text()
    session.start_annotating("Bo")
    settle(qtbot, widget)
    assert "excitatory" in widget.panel._message.text()
    session.close_study()
    settle(qtbot, widget)
    assert "No study is open" in widget.panel._message.text()


def test_nobody_answers_without_a_name(viewer, study, qtbot, notifications):
    session = session_of(viewer)
    session.open_study(study.path)
    session.set_blind(False)
    widget = GalleryWidget(viewer)
    qtbot.addWidget(widget)
    widget.show()
    settle(qtbot, widget)
    pick(qtbot, widget, widget.panel.source, "model")
    press(widget, 0)
    QTest.keyClick(widget.panel.view, Qt.Key.Key_G)
    assert any("type your name" in message for message in notifications)


def test_a_recording_without_images_has_no_pictures(
    viewer, study, qtbot, notifications
):
    (study.path / "recordings" / "a1" / "images.tif").unlink()
    session = session_of(viewer)
    session.open_study(study.path)
    session.start_annotating("Ann")
    widget = GalleryWidget(viewer)
    qtbot.addWidget(widget)
    widget.show()
    for _ in range(3):
        settle(qtbot, widget)
        widget.grab()
    settle(qtbot, widget)
    assert (
        len(
            [message for message in notifications if "images.tif is missing" in message]
        )
        == 1
    )
    rows = [k for k, key in enumerate(widget.panel.model.keys) if key.recording == "b2"]
    widget.panel.view.scrollTo(widget.panel.model.index(rows[-1]))
    widget.grab()
    settle(qtbot, widget)
    last = widget.panel.model.index(rows[-1])
    assert last.data(Qt.ItemDataRole.DecorationRole) is not None


def test_a_recording_that_was_replaced_meanwhile_has_no_pictures(
    gallery, session, study, qtbot, notifications
):
    """Another program stores other images under the name of a recording."""
    gallery.thumbnails.clear()
    folder = study.path / "recordings" / "b2"
    cells = pd.read_csv(folder / "cells.csv")
    cells["x"] += 30
    cells.to_csv(folder / "cells.csv", index=False)
    gallery.grab()
    settle(qtbot, gallery)
    rows = [
        k for k, key in enumerate(gallery.panel.model.keys) if key.recording == "b2"
    ]
    gallery.panel.view.scrollTo(gallery.panel.model.index(rows[-1]))
    for _ in range(3):
        gallery.grab()
        settle(qtbot, gallery)
    last = gallery.panel.model.index(rows[-1])
    assert last.data(Qt.ItemDataRole.DecorationRole) is None
    told = [text for text in notifications if "'b2' was outlined again" in text]
    assert len(told) == 1


def table_of(n):
    return pd.DataFrame(
        {
            "recording": ["a"] * n,
            "cell": range(1, n + 1),
            "plane": [k % 3 for k in range(n)],
            "y": [float(7 * k % 11) for k in range(n)],
            "x": [float(k) for k in range(n)],
            "predicted": ["glia"] * n,
            "confidence": [k / n for k in range(n)],
            "p_glia": [k / n for k in range(n)],
        }
    )


@given(st.lists(st.sampled_from(["", "glia", "unsure", "x"]), min_size=1, max_size=40))
def test_every_cell_is_in_the_list_of_its_answer(said):
    cells = table_of(len(said))
    answers = {CellKey("a", k): one for k, one in enumerate(said, 1) if one}
    table = add_answer_column(cells, "own", answers)
    counts = count_cells_by_answer(table)
    for one in set(said):
        found = select_cells(table, one, "place")
        assert sorted(found["cell"]) == [k for k, s in enumerate(said, 1) if s == one]
        assert len(found) == counts[one]
        assert sorted(select_cells(table, one, "doubtful")["cell"]) == sorted(
            found["cell"]
        )


def test_only_cells_in_sight_are_drawn(viewer, qtbot, session, monkeypatch):
    """So that ten thousand cells scroll fluently; benchmarks/gallery_speed.py times."""
    asked = set()
    data = GalleryModel.data

    def noted(self, index, role=Qt.ItemDataRole.DisplayRole):
        asked.add(index.row())
        return data(self, index, role)

    monkeypatch.setattr(GalleryModel, "data", noted)
    widget = GalleryWidget(viewer)
    qtbot.addWidget(widget)
    widget.resize(380, 700)
    widget.show()
    settle(qtbot, widget)
    many = pd.concat([session.cells()] * 120, ignore_index=True)
    many["cell"] = range(1, len(many) + 1)
    assert len(many) > 10_000
    widget.panel.model.set_cells(many, model_shown=True)
    settle(qtbot, widget)
    bar = widget.panel.view.verticalScrollBar()
    for step in range(30):
        bar.setValue(bar.maximum() * step // 30)
        asked.clear()
        widget.panel.view.viewport().grab()
        # fields of 68 px in a view of 380 x 700 px
        assert 0 < len(asked) < 200


def test_its_keys_come_before_those_of_annotating(gallery, session, study, qtbot):
    """Or a letter would answer and go on to a cell that nobody selected."""
    owner = QWidget()
    qtbot.addWidget(owner)
    layout = QVBoxLayout(owner)
    gallery.setParent(None)
    layout.addWidget(gallery)
    owner.show()
    heard = []
    keys = Shortcuts(owner)
    keys.set_actions({(Qt.Key.Key_G, NO_MODIFIER): lambda: heard.append("G")})
    keys.set_enabled(True)
    press(gallery, 1)
    key = gallery.selected()[0]
    QTest.keyClick(gallery.panel.view, Qt.Key.Key_G)
    assert heard == []
    assert on_disk(study)[key] == "glia"
    # as somebody who goes on beside the list
    gallery.panel.buttons.setFocus()
    QTest.keyClick(gallery.panel.buttons, Qt.Key.Key_G)
    assert heard == ["G"]
    keys.set_enabled(False)


@pytest.fixture
def slow_reading(monkeypatch):
    """Reading of images waits; gives the event that releases it and what began."""
    released, begun, read = threading.Event(), [], StudyRecording.planes

    def planes(recording):
        begun.append(recording.folder)
        released.wait(10)
        return read(recording)

    monkeypatch.setattr(StudyRecording, "planes", planes)
    yield released, begun
    released.set()


def test_images_of_the_study_before_do_not_appear(
    gallery, session, study, tmp_path, qtbot, slow_reading
):
    released, begun = slow_reading
    # the same recordings' names, other images
    other = shutil.copytree(study.path, tmp_path / "other")
    for path in other.glob("recordings/*/*.tif"):
        if path.name != "labels.tif":
            image = tifffile.imread(path)
            tifffile.imwrite(path, np.ascontiguousarray(image[..., ::-1]))
    gallery.thumbnails.clear()
    position = ThumbnailPosition("b2", 0, 30.0, 30.0)
    style = gallery.panel.model.style
    # the images of b2 are not those that the viewer shows
    session.go_to(CellKey("a1", session.cells()["cell"].iloc[0]))
    assert gallery.thumbnails.picture(position, style) is None
    qtbot.waitUntil(lambda: any(f.is_relative_to(study.path) for f in begun))
    session.open_study(other)
    gallery.thumbnails.picture(position, style)
    released.set()
    settle(qtbot, gallery)
    qtbot.waitUntil(
        lambda: gallery.thumbnails.picture(position, style) is not None, timeout=5_000
    )
    own = Study.open(other).recording("b2").planes()
    shown = gallery.thumbnails._sources["b2"].planes
    np.testing.assert_array_equal(shown.green, own.green)
    assert (shown.green != Study.open(study.path).recording("b2").planes().green).any()


def test_thread_gets_a_recording_and_no_widget(gallery, session, monkeypatch):
    steps = []
    thumbnails = gallery.thumbnails
    monkeypatch.setattr(thumbnails.worker, "start", lambda step, _: steps.append(step))
    thumbnails.clear()
    thumbnails.picture(ThumbnailPosition("b2", 0, 3.0, 3.0), gallery.panel.model.style)
    (step,) = steps
    held = step.gi_frame.f_locals.values()
    assert [type(value) for value in held] == [StudyRecording]


def test_list_of_the_consensus_is_made_although_votes_are_being_read(
    gallery, session, study, qtbot, monkeypatch
):
    released, read = threading.Event(), session_answers.read_study_answers
    session.set_blind(False)
    settle(qtbot, gallery)

    def slow(study):
        released.wait(10)
        return (yield from read(study))

    monkeypatch.setattr(session_answers, "read_study_answers", slow)
    session.open_study(study.path)
    box = gallery.panel.source
    box.setCurrentIndex(box.findData("consensus"))
    gallery.refresh()
    qtbot.waitUntil(lambda: gallery.worker.busy)
    gallery.refresh()
    qtbot.waitUntil(lambda: not gallery._list_timer.isActive())
    released.set()
    settle(qtbot, gallery)
    assert not gallery._stale
    assert "Reading" not in gallery.panel._status.text()


@pytest.fixture
def without_class(study, session, qtbot):
    """The study of the session, with three cells of which the class is unknown."""
    path = study.path / "recordings" / "a1" / "cells.csv"
    cells = read_cells(path)
    cells.loc[:2, "predicted"] = "none"
    write_cells(path, cells)
    session.close_study()
    session.open_study(study.path)
    session.start_annotating("Ann")
    session.set_blind(False)
    return session


def test_cells_of_which_the_model_tells_no_class_are_listed(
    without_class, gallery, qtbot
):
    panel = gallery.panel
    listed = [panel.answer.itemData(k) for k in range(panel.answer.count())]
    assert "none" not in listed
    pick(qtbot, gallery, panel.source, "model")
    pick(qtbot, gallery, panel.answer, "none")
    assert panel.answer.currentText() == "none of these (3)"
    assert sorted(key.cell for key in panel.model.keys) == [1, 2, 3]
    tip = panel.model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert "model: none of these (" in tip
    # it is no answer of people
    pick(qtbot, gallery, panel.source, "own")
    assert panel.answer.findData("none") == -1


def test_corners_mark_the_cell_that_is_meant(gallery, session, qtbot):
    model, view = gallery.panel.model, gallery.panel.view
    gallery.grab()
    settle(qtbot, gallery)
    radius = model.index(0).data(RADIUS_ROLE)
    row = session.row(model.keys[0])
    px_per_um = model.style.side / model.style.field_um
    assert radius == pytest.approx(math.sqrt(row["area_um2"] / math.pi) * px_per_um)
    image = view.viewport().grab().toImage()
    middle = view.visualRect(model.index(0)).topLeft() + QPoint(37, 37)
    half = max(radius * 1.35, 7)
    for x in (-half, half):
        for y in (-half, half):
            corner = middle + QPoint(round(x), round(y))
            # tissue is red and green, never white
            assert whitest(image, corner) > 200
    # the cell itself stays as it is
    assert whitest(image, middle) < 150


def whitest(image, place):
    """Brightness of white in the pixels next to a place."""
    steps = [QPoint(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    colours = [image.pixelColor(place + step) for step in steps]
    return max(min(c.red(), c.green(), c.blue()) for c in colours)
