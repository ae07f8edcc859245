"""The session of a viewer: what it shows, what it writes, what it keeps to itself."""

from __future__ import annotations

import gc
import json
import os
import weakref
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from annotating import (
    cells_of,
    colour_at,
    identify_result,
    journal_lines,
    outlines_of,
    show_result,
)
from napari.components import ViewerModel
from voting import CLASSES, write_answers

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.answer import CellKey
from napari_cellid.colours import answer_colours
from napari_cellid.config import StudyClass
from napari_cellid.errors import InputError
from napari_cellid.identify import IdentifyResult
from napari_cellid.segmentation.outline_edits import initial_cells
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study
from napari_cellid.widgets.session.session import session_of

ORANGE, BLUE, WHITE = (0.902, 0.624, 0), (0.337, 0.706, 0.914), (1, 1, 1)


@pytest.fixture
def study(lab):
    return lab


@pytest.fixture
def session(viewer, study):
    session = session_of(viewer)
    session.open_study(study.path)
    session.start_annotating("Ann")
    return session


def test_answer_is_on_disk_counted_and_seen(viewer, session, study, qtbot):
    cell, other = cells_of(session)[:2]
    session.go_to(cell)
    with qtbot.waitSignal(session.answered) as signal:
        (line,) = session.answer("excitatory")
    assert signal.args == [line]
    assert journal_lines(study) == [("Ann", cell.cell, "excitatory")]
    assert session.own_answers == {cell: "excitatory"}
    layer = viewer.layers["a1 classes"]
    assert colour_at(layer, cell, session) == pytest.approx(ORANGE, abs=0.01)
    assert colour_at(layer, other, session) == pytest.approx(WHITE)
    row = session.row(cell)
    assert (line.plane, line.y, line.x) == (row["plane"], row["y"], row["x"])
    assert line.shown is None and line.seconds >= 0


def test_outlines_are_the_same_whether_painted_one_by_one_or_at_once(session, viewer):
    for cell, answer in zip(cells_of(session), "enuige" * 4, strict=False):
        session.go_to(cell)
        answers = {"e": "excitatory", "i": "inhibitory", "g": "glia", "u": "unsure"}
        session.answer(answers.get(answer, "not_a_cell"))
    session.undo()
    before = viewer.layers["a1 classes"].data.copy()
    session.show_recording("a1")
    np.testing.assert_array_equal(viewer.layers["a1 classes"].data, before)


def test_what_is_not_on_disk_is_not_shown(session, viewer, study, monkeypatch):
    cell = cells_of(session)[0]
    session.go_to(cell)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        session.answer("glia")
    assert session.own_answers == {}
    layer = viewer.layers["a1 classes"]
    assert colour_at(layer, cell, session) == pytest.approx(WHITE)
    assert session.cell == cell


def test_one_answer_for_several_is_taken_back_as_one(session, study):
    cells = cells_of(session)[:3]
    session.go_to(cells[0])
    session.answer("glia")
    session.select(cells)
    assert len(session.answer("inhibitory")) == 3
    assert session.selected == ()
    assert session.undo() == cells[0]
    assert session.own_answers == {cells[0]: "glia"}
    assert session.redo() == cells[0]
    assert session.own_answers == dict.fromkeys(cells, "inhibitory")
    session.undo()
    session.undo()
    assert session.own_answers == {}
    assert session.undo() is None
    assert len(journal_lines(study)) == 1 + 3 + 3 + 3 + 3 + 1


def test_one_answer_for_several_stays_one_after_a_key_letter_changed(session, study):
    cells = cells_of(session)[:3]
    session.select(cells)
    session.answer("inhibitory")
    glia = next(one for one in session.config.classes if one.name == "glia")
    others = [one for one in session.config.classes if one.name != "glia"]
    classes = (*others, glia.model_copy(update={"key": "Q"}))
    session.edit_config(lambda now: now.model_copy(update={"classes": classes}))
    assert session.own_answers == dict.fromkeys(cells, "inhibitory")
    assert session.undo() == cells[0]
    assert session.own_answers == {}
    session.start_annotating("Ann")
    assert session.redo() == cells[0]
    assert session.own_answers == dict.fromkeys(cells, "inhibitory")


def test_an_answer_of_another_window_does_not_split_one_for_several(session, study):
    cells = cells_of(session)[:3]
    session.select(cells)
    session.answer("inhibitory")
    write_answers(study, "Ann", {cells[0]: "glia"})
    session.undo()
    assert session.own_answers == dict.fromkeys(cells, "inhibitory")
    session.undo()
    assert session.own_answers == {}
    assert session.undo() is None


def test_undo_goes_back_to_an_earlier_day(session, study, viewer):
    cell = cells_of(session)[0]
    write_answers(study, "Ann", {cell: "glia"})
    session.start_annotating("Ann")
    assert session.own_answers == {cell: "glia"}
    assert session.undo() == cell
    assert session.own_answers == {}


def test_repeat_hides_the_earlier_answer_and_is_marked(session, study, viewer):
    cell, other = cells_of(session)[:2]
    session.go_to(cell)
    session.answer("excitatory")
    layer = viewer.layers["a1 classes"]
    session.go_to(cell, repeat=True)
    assert colour_at(layer, cell, session) == pytest.approx(WHITE)
    session.go_to(other)
    assert colour_at(layer, cell, session) == pytest.approx(ORANGE, abs=0.01)
    session.go_to(cell, repeat=True)
    session.answer("inhibitory")
    assert colour_at(layer, cell, session) == pytest.approx(BLUE, abs=0.01)
    lines = read_annotations(study.annotations).all_answers
    assert lines["repeat"].tolist() == [False, True]


def test_blind_hides_what_the_model_says(viewer, session, study):
    result = show_result(viewer, identify_result(study, "b2"))
    session.set_blind(False)
    session.set_blind(True)
    session.show_recording("b2")
    # the images of the result are those of the study
    ours = ("raw red", "raw green", "b2 classes")
    for layer in viewer.layers:
        assert layer.visible == (layer.name in ours) or layer.name == "current cell"
    # nothing that a tooltip, the status bar or the table of features could show
    for name in (*ours, "current cell"):
        features = getattr(viewer.layers[name], "features", pd.DataFrame())
        assert features.shape[1] == 0
    drawn = set(np.unique(viewer.layers["b2 classes"].data).tolist())
    assert drawn == {0, 1}
    assert result.run_result.cells["predicted"].nunique() > 1
    # nor napari's table of the layer that Identify made
    cells = viewer.layers["b2 cells"]
    assert list(cells.features) == ["index", "label"]
    session.set_blind(False)
    assert "predicted" in cells.features and not cells.visible
    session.set_blind(True)
    session.close_study()
    assert "predicted" in cells.features and cells.visible


def test_shown_tells_who_could_be_seen(viewer, session, study):
    run = {"models": {"classify": {"name": "inception_v3"}}}
    path = study.recording("a1").folder / "run.json"
    path.write_text(json.dumps(run), "utf-8")
    cell, *_, last = cells_of(session)
    session.go_to(cell)
    (blind,) = session.answer("glia")
    session.set_blind(False)
    (open_,) = session.answer("glia")
    session.go_to(CellKey("b2", last.cell))
    (without,) = session.answer("glia")
    assert [x.shown for x in (blind, open_, without)] == [
        None, "inception_v3", "no model",
    ]  # fmt: skip


def test_a_result_that_is_looked_at_is_no_secret(viewer, session, study):
    show_result(viewer, identify_result(study))
    session.go_to(cells_of(session)[0])
    (line,) = session.answer("glia")
    assert line.shown is None
    viewer.layers["a1 cells"].visible = True
    (line,) = session.answer("glia")
    assert line.shown == "no model"


def test_cell_of_another_recording_brings_that_recording(viewer, session, qtbot):
    cell = cells_of(session)[0]
    session.go_to(cell)
    with qtbot.waitSignal(session.recording_changed):
        session.go_to(CellKey("b2", cell.cell))
    assert [layer.name for layer in viewer.layers] == [
        "b2 red", "b2 green", "b2 classes", "current cell",
    ]  # fmt: skip
    assert session.recording.name == "b2"


def test_the_viewer_goes_along_and_marks(viewer, session):
    cells = session.cells()
    for plane in (1, 0):
        row = cells[(cells["recording"] == "a1") & (cells["plane"] == plane)].iloc[3]
        session.go_to(CellKey("a1", int(row["cell"])))
        assert viewer.dims.current_step[0] == plane
        place = row["y"] * 1.17, row["x"] * 1.17
        assert viewer.scene.camera.center[-2:] == pytest.approx(place)
        marker = viewer.layers["current cell"]
        assert marker.visible
        assert marker.data[0] == pytest.approx((plane, row["y"], row["x"]))
    session.go_to(None)
    assert not marker.visible


def test_picked_cell_does_not_move_the_view(viewer, session):
    cell, other = cells_of(session)[:2]
    session.go_to(cell)
    before = viewer.scene.camera.center
    session.go_to(other, centre=False)
    assert viewer.scene.camera.center == before
    assert session.cell == other


def test_every_pixel_of_a_cell_is_that_cell(session):
    session.show_recording("a1")
    labels, rng = session.labels, np.random.default_rng(0)
    for plane, y, x in rng.permutation(np.argwhere(labels >= 0))[:300]:
        label = labels[plane, y, x]
        cell = session.cell_at((plane, y * 1.17, x * 1.17))
        assert (0 if cell is None else session.row(cell)["label"]) == label
    assert session.cell_at((0, -50.0, 0.0)) is None
    assert session.cell_at((7.0, 5.0, 5.0)) is None


def test_frame_selects_what_lies_in_it(session):
    session.show_recording("a1")
    part = session.labels[1, 20:61, 30:101]
    expected = {int(k) for k in np.unique(part) if k}
    corners = (1, 60 * 1.17, 30 * 1.17), (1, 20 * 1.17, 100 * 1.17)
    inside = session.cells_within(*corners)
    assert {session.row(cell)["label"] for cell in inside} == expected
    assert len(session.cells_within((1, -9.0, -9.0), (1, 999.0, 999.0))) == len(
        {int(k) for k in np.unique(session.labels[1])} - {0}
    )


def outline_again(study, name):
    """Outline a recording again in another program: every label is another one."""
    recording = study.recording(name)
    labels, cells = recording.labels(), recording.cells()
    last = int(labels.max())
    labels[labels > 0] = last + 1 - labels[labels > 0]
    cells["label"] = last + 1 - cells["label"]
    planes = recording.planes()
    run = {"recording": name, "sources": [], "settings": {}}
    result = IdentifyResult(planes, labels, cells, CLASSES, None, run)
    other = Study.open(study.path)
    add_recording(other, result, other.recording(name).info)


def test_outlines_of_another_program_are_those_of_the_cells_here(
    viewer, session, study
):
    session.go_to(cells_of(session)[0])
    outline_again(study, "b2")
    key = CellKey("b2", int(session.cells().query("recording == 'b2'")["cell"].iloc[0]))
    before = session.row(key)["label"]
    # the recording that is shown is still there, and can be answered
    assert session.recording.name == "a1"
    assert session.answer("glia")
    session.go_to(key)
    row = session.row(key)
    assert row["label"] != before
    pixels = np.argwhere(session.labels == row["label"])
    assert pixels.mean(axis=0) == pytest.approx(
        [row["plane"], row["y"], row["x"]], abs=0.001
    )


def test_layer_that_was_deleted_comes_back(viewer, session):
    cell, other = cells_of(session)[:2]
    session.go_to(cell)
    viewer.layers.remove(viewer.layers["a1 classes"])
    session.answer("glia")
    session.go_to(other)
    layer = viewer.layers["a1 classes"]
    pink = colour_at(layer, cell, session)
    assert pink == pytest.approx((0.8, 0.475, 0.655), abs=0.01)
    assert len(viewer.layers) == 4


def test_napari_s_undo_changes_no_outline(viewer, session):
    session.go_to(cells_of(session)[0])
    session.answer("glia")
    layer = viewer.layers["a1 classes"]
    before = layer.data.copy()
    layer.undo()
    np.testing.assert_array_equal(layer.data, before)
    assert not layer.editable


def test_closing_leaves_the_viewer_as_it_was(viewer, study):
    mine = viewer.add_image(np.zeros((2, 128, 160)), name="mine")
    session = session_of(viewer)
    session.open_study(study.path)
    session.start_annotating("Ann")
    session.go_to(cells_of(session)[0])
    assert not mine.visible
    session.close_study()
    assert list(viewer.layers) == [mine]
    assert mine.visible
    assert (session.study, session.journal, session.cell) == (None, None, None)
    assert len(session.cells()) == 0


def test_broken_lines_are_warned_of(viewer, study, notifications):
    write_answers(study, "Ann", {CellKey("a1", 1): "glia"})
    (path,) = study.annotations.iterdir()
    path.write_text("{not a line\n" + path.read_text("utf-8"), "utf-8")
    session = session_of(viewer)
    session.open_study(study.path)
    session.start_annotating("Ann")
    assert any(path.name in message for message in notifications)
    assert session.own_answers == {CellKey("a1", 1): "glia"}


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda s: s.answer("glia"), "Nobody is annotating"),
        (lambda s: s.undo(), "Nobody is annotating"),
        (lambda s: s.go_to(CellKey("a1", 999)), "has no cell 999"),
        (lambda s: s.show_recording("c3"), "has no readable recording 'c3'"),
        (lambda s: s.start_annotating("  "), "name"),
        (lambda s: s.open_study("nowhere"), "does not exist"),
    ],
)
def test_mistakes_are_told_and_change_nothing(viewer, study, act, message):
    session = session_of(viewer)
    session.open_study(study.path)
    session.go_to(cells_of(session)[0])
    with pytest.raises(InputError, match=message):
        act(session)
    assert session.study is not None and session.cell == cells_of(session)[0]
    assert not study.annotations.exists()


def test_without_a_study_everything_says_so(viewer):
    session = session_of(viewer)
    for act in (session.answers, lambda: session.start_annotating("Ann")):
        with pytest.raises(InputError, match="No study is open"):
            act()


def test_other_answers_than_the_study_s_are_refused(session, study):
    session.go_to(cells_of(session)[0])
    with pytest.raises(InputError, match="astrocyte"):
        session.answer("astrocyte")
    assert journal_lines(study) == []


def test_colleagues_count_in_answers_but_not_in_own(session, study):
    cell = cells_of(session)[0]
    write_answers(study, "Bo", {cell: "glia"})
    session.go_to(cell)
    session.answer("excitatory")
    table = session.answers()
    assert dict(zip(table["annotator"], table["answer"], strict=True)) == {
        "Ann": "excitatory", "Bo": "glia",
    }  # fmt: skip
    assert session.own_answers == {cell: "excitatory"}


def test_adjudication_is_told_and_is_no_vote(session, study, qtbot):
    cell = cells_of(session)[0]
    with qtbot.waitSignal(session.answered) as signal:
        session.adjudicate(cell, "glia")
    assert signal.args[0].role == "adjudicator"
    assert session.own_answers == {}
    assert session.answers("adjudicator")["answer"].tolist() == ["glia"]
    assert session.undo() == cell
    assert len(session.answers("adjudicator")) == 0


def test_classes_of_another_colour_show_at_once(session, viewer, study):
    cell = cells_of(session)[0]
    session.go_to(cell)
    session.answer("excitatory")
    config = session.config
    green = StudyClass(name="excitatory", key="X", colour="#00ff00")
    config = config.model_copy(update={"classes": (green, *config.classes[1:])})
    session.edit_config(lambda _: config)
    layer = viewer.layers["a1 classes"]
    assert colour_at(layer, cell, session) == pytest.approx((0, 1, 0))
    assert Study.open(study.path).config.classes[0].key == "X"
    assert session.annotator == "Ann"
    assert answer_colours(session.config)["excitatory"] == "#00ff00"


def test_result_is_stored_once_and_again_when_it_changed(
    viewer, session, study, tmp_path
):
    identified = identify_result(study)
    result = show_result(viewer, identified)
    cell = cells_of(session)[0]
    session.go_to(cell)
    session.answer("glia")
    assert not session.contains(result)
    recording = session.save_result(result)
    assert recording.name == "a1"
    assert session.contains(result)
    assert session.own_answers == {cell: "glia"}
    labels = identified.labels.copy()
    labels[labels == session.row(cell)["label"]] = 0
    cells = identified.cells[identified.cells["cell"] != cell.cell]
    result.labelled = initial_cells(labels, cells)
    assert not session.contains(result)
    session.save_result(result)
    assert session.row(cell) is None
    assert cell not in session.own_answers
    unmatched = session.study.read_answers().current_unmatched()
    assert unmatched["cell"].tolist() == [cell.cell]


def test_cells_matched_without_their_outlines_are_warned_of(
    viewer, session, study, notifications
):
    result = show_result(viewer, identify_result(study))
    (session.study.recording("a1").folder / "labels.tif").write_bytes(b"broken")
    recording = session.save_result(result)
    assert any("labels.tif" in message for message in notifications)
    assert recording.identity_warnings()
    notifications.clear()
    session.save_result(result)
    assert not notifications


def test_result_without_a_study_begins_one(viewer, study, tmp_path):
    result = show_result(viewer, identify_result(study, "b2"))
    session = session_of(viewer)
    with pytest.raises(InputError, match="No study is open"):
        session.save_result(result)
    session.save_result(result, tmp_path / "new study")
    assert session.study.recordings == ("b2",)
    assert Study.open(tmp_path / "new study").recordings == ("b2",)


def test_layers_of_a_study_lie_on_those_of_identify(viewer, study):
    show_result(viewer, identify_result(study))
    session = session_of(viewer)
    session.open_study(study.path)
    session.show_recording("a1")
    assert viewer.layers["a1 classes"].scale == pytest.approx((15, 1.17, 1.17))
    row = session.cells().iloc[-1]
    session.go_to(CellKey(row["recording"], int(row["cell"])) if row[
        "recording"] == "a1" else cells_of(session)[-1])  # fmt: skip
    assert viewer.dims.current_step[0] == 1
    assert viewer.layers["current cell"].data[0][0] == 1


def test_a_result_of_other_images_of_that_name_moves_no_layer(viewer, study):
    result = identify_result(study)
    planes = result.planes
    other = replace(planes, red=planes.red[:, ::-1], green=planes.green[:, ::-1])
    show_result(viewer, replace(result, planes=other))
    session = session_of(viewer)
    session.open_study(study.path)
    session.show_recording("a1")
    # not the depth of the other images, which lies 15 µm apart
    assert viewer.layers["a1 classes"].scale[0] != pytest.approx(15)


def test_viewers_have_sessions_of_their_own(viewer, session):
    other = ViewerModel()
    assert session_of(viewer) is session
    assert session_of(other) is not session
    assert session_of(other).study is None


def test_session_ends_with_its_viewer(study, qapp):
    viewer = ViewerModel()
    session_of(viewer).open_study(study.path)
    session_of(viewer).start_annotating("Ann")
    session_of(viewer).go_to(CellKey("a1", 1))
    session = weakref.ref(session_of(viewer))
    gone = weakref.ref(viewer)
    del viewer
    gc.collect()
    assert gone() is None
    assert session() is None


def test_session_of_a_viewer_that_is_gone_does_no_harm(study, qapp):
    viewer = ViewerModel()
    session = session_of(viewer)
    session.open_study(study.path)
    session.start_annotating("Ann")
    session.go_to(CellKey("a1", 1))
    del viewer
    gc.collect()
    session.answer("glia")
    session.go_to(CellKey("a1", 2))
    session.close_study()
    assert journal_lines(study) == [("Ann", 1, "glia")]


def test_outline_is_the_border_of_the_cell(session, viewer):
    session.show_recording("a1")
    drawn = outlines_of(viewer.layers["a1 classes"]) > 0
    labels = session.labels
    assert (labels[drawn] > 0).all()
    for label in np.unique(labels)[1:10]:
        inside = (labels == label) & ~drawn
        for plane, y, x in np.argwhere(inside):
            near = labels[plane, max(y - 1, 0) : y + 2, x], labels[
                plane, y, max(x - 1, 0) : x + 2]  # fmt: skip
            assert all((part == label).all() for part in near)
