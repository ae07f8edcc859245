"""Changed settings of a study show at once, and nothing is read again for them."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from annotating import cells_of, colour_at, identify_result, press, show_result
from qtpy.QtCore import Qt
from voting import write_answers

from napari_cellid.annotation import all_answers
from napari_cellid.annotation.journal_file import JournalFile
from napari_cellid.errors import InputError
from napari_cellid.study import answers as study_answers
from napari_cellid.study.recordings import StudyRecording
from napari_cellid.study.settings import STUDY_FILE
from napari_cellid.study.study import Study
from napari_cellid.widgets.agreement.widget import AgreementWidget
from napari_cellid.widgets.gallery.widget import GalleryWidget
from napari_cellid.widgets.retrain.widget import RetrainWidget


@pytest.fixture
def read(monkeypatch):
    """What was read since the last `clear`: images, labels, tables and journals."""
    calls = []

    def count(owner, name):
        original = getattr(owner, name)

        def counting(*args, **kwargs):
            calls.append(name)
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, counting)

    for name in ("planes", "labels", "cells", "retired"):
        count(StudyRecording, name)
    for module in (all_answers, study_answers):
        count(module, "follow_annotations")
    count(JournalFile, "refresh")
    return calls


def _changed(config, **values):
    """The settings with other values of the first class."""
    first = config.classes[0].model_copy(update=values)
    return config.model_copy(update={"classes": (first, *config.classes[1:])})


def test_colour_key_and_rule_read_nothing_again(viewer, annotate, lab, read, qtbot):
    session = annotate.session
    cell = session.cell
    annotate.answer("excitatory")
    shown = session.cell, session.recording.name
    layers = list(viewer.layers)
    read.clear()
    session.edit_config(lambda _: _changed(session.config, colour="#00ff00"))
    layer = viewer.layers["a1 classes"]
    assert colour_at(layer, cell, session) == pytest.approx((0, 1, 0))
    session.edit_config(lambda _: _changed(session.config, key="X"))
    press(annotate.window().centralWidget(), Qt.Key.Key_X)
    assert len(session.own_answers) == 2
    rule = session.config.vote.model_copy(update={"rule": "majority"})
    session.edit_config(lambda now: now.model_copy(update={"vote": rule}))
    assert read == []
    assert list(viewer.layers) == layers
    assert shown[1] == session.recording.name and shown[0] in session.own_answers
    assert Study.open(lab.path).config == session.config


@contextmanager
def _open(viewer, qtbot, dock_class):
    dock = dock_class(viewer)
    qtbot.addWidget(dock)
    dock.show()
    yield dock
    dock.hide()


def _idle(dock):
    names = "reading", "comparing", "writing", "worker", "counting"
    workers = (getattr(dock, name, None) for name in names)
    return not any(worker.busy for worker in workers if worker is not None)


def test_settings_reach_every_dock_and_read_no_journal(
    viewer, annotate, lab, read, qtbot
):
    session = annotate.session
    write_answers(lab, "Bo", dict.fromkeys(cells_of(session), "glia"))
    session.set_blind(False)
    with (
        _open(viewer, qtbot, AgreementWidget) as agreement,
        _open(viewer, qtbot, GalleryWidget) as gallery,
        _open(viewer, qtbot, RetrainWidget) as retrain,
    ):
        docks = agreement, gallery, retrain
        source = gallery.panel.source
        qtbot.waitUntil(lambda: source.findData("consensus") > 0)
        source.setCurrentIndex(source.findData("consensus"))
        source.activated.emit(source.currentIndex())
        qtbot.waitUntil(lambda: agreement.votes is not None, timeout=10_000)
        qtbot.waitUntil(lambda: retrain.estimates.decided_cells is not None)
        qtbot.wait(100)
        qtbot.waitUntil(lambda: all(map(_idle, docks)), timeout=10_000)
        read.clear()
        rule = session.config.vote.model_copy(update={"min_annotators": 1})
        session.edit_config(lambda now: now.model_copy(update={"vote": rule}))
        n = len(cells_of(session))
        qtbot.waitUntil(lambda: retrain.estimates.decided_cells.total == n)
        qtbot.wait(100)
        qtbot.waitUntil(lambda: all(map(_idle, docks)), timeout=10_000)
        assert agreement.panel.vote.value() == rule
        answer = gallery.panel.answer
        answer.setCurrentIndex(answer.findData("glia"))
        answer.activated.emit(answer.currentIndex())
        qtbot.waitUntil(lambda: len(gallery.panel.model.keys) == n)
        assert [name for name in read if name != "cells"] == []


def test_animals_read_no_image_and_no_journal(annotate, read):
    session = annotate.session
    annotate.answer("glia")
    cell, before = session.cell, session.own_answers
    read.clear()
    session.set_animals({"a1": {"animal": "m7", "subvolume": ""}})
    assert set(read) <= {"cells", "retired"}
    assert (session.cell, session.own_answers) == (cell, before)
    assert session.recording.info.animal == "m7"
    assert set(session.cells()["animal"]) == {"m7", "mb2"}


def test_settings_that_changed_while_a_result_was_saved_stay(viewer, annotate):
    session = annotate.session
    as_saved = session.study
    session.edit_config(lambda _: _changed(session.config, colour="#00ff00"))
    result = show_result(viewer, identify_result(as_saved))
    session.adopt_saved(as_saved, "a1", result, result.labelled)
    assert session.config.classes[0].colour == "#00ff00"
    assert session.contains(result)


def test_other_classes_get_their_colours(viewer, annotate):
    session = annotate.session
    first, second = cells_of(session)[:2]
    session.go_to(first)
    session.answer("glia")
    session.go_to(second)
    classes = session.config.classes
    session.edit_config(lambda now: now.model_copy(update={"classes": classes[::-1]}))
    layer = viewer.layers["a1 classes"]
    glia = tuple(int(classes[2].colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    assert colour_at(layer, first, session) == pytest.approx(glia, abs=0.01)
    session.answer("excitatory")
    orange = colour_at(layer, second, session)
    assert orange == pytest.approx((0.902, 0.624, 0), abs=0.01)


def test_settings_of_another_window_are_kept_and_taken_over(annotate, lab, read, qtbot):
    session = annotate.session
    lab.save_config(_changed(lab.config, colour="#123456"))
    read.clear()
    rule = session.config.vote.model_copy(update={"rule": "majority"})
    with qtbot.waitSignal(session.config_changed) as signal:
        session.edit_config(lambda now: now.model_copy(update={"vote": rule}))
    assert signal.args[0].vote.rule == "unanimous"
    assert session.config.vote == rule
    assert session.config.classes[0].colour == "#123456"
    lab.save_config(session.config.model_copy(update={"vote": lab.config.vote}))
    with qtbot.waitSignal(session.config_changed):
        session.refresh_config()
    assert session.config.vote == lab.config.vote
    with qtbot.assertNotEmitted(session.config_changed):
        session.refresh_config()
    assert read == []


def test_markers_changed_by_hand_are_not_taken_over(viewer, annotate, lab, qtbot):
    """What the person has answered would mean something else from now on."""
    session = annotate.session
    annotate.answer("excitatory")
    before, lines = session.config, len(session.journal.lines)
    path = session.study.path / STUDY_FILE
    text = path.read_text().replace("emx1-h2b", "own")
    for old, new in (("red and green", "x"), ("green alone", "red and green")):
        text = text.replace(f'"{old}"', f'"{new}"')
    path.write_text(text.replace('"x"', '"green alone"'))
    with pytest.raises(InputError, match="would mean something else"):
        session.refresh_config()
    assert session.config is before
    with pytest.raises(InputError, match="has just changed what red marks"):
        session.answer("excitatory")
    assert len(session.journal.lines) == lines
