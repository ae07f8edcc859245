"""Another computer changes the recordings of the study that is open here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from annotating import cells_of, press
from elsewhere import look
from qtpy.QtCore import Qt
from tifffile import imread, imwrite
from voting import true_classes, write_answers

from napari_cellid.errors import InputError
from napari_cellid.io.results import LABELS
from napari_cellid.study.recordings import RECORDINGS
from napari_cellid.study.renaming import rename_recording
from napari_cellid.study.replaced import bring_back, list_replaced, put_away
from napari_cellid.study.study import Study

if TYPE_CHECKING:
    from napari_cellid.widgets.annotate.widget import AnnotateWidget


def test_a_recording_that_was_removed_elsewhere_is_left(
    viewer: Any, annotate: AnnotateWidget, lab: Study, qtbot: Any
) -> None:
    session = annotate.session
    assert session.recording is not None and session.recording.name == "a1"
    put_away(lab.path / RECORDINGS, "a1")
    rename_recording(Study.open(lab.path), "b2", "day 3")
    with qtbot.waitSignals([session.cells_changed, session.recording_changed]):
        session.settings_watch.look()
    assert session.study is not None and session.study.recordings == ("b2",)
    # it goes on with the other one
    assert session.recording.name == "b2" and session.cell is not None
    assert not any("a1" in layer.name for layer in viewer.layers)
    assert annotate.panel.recording.itemText(0) == "day 3"
    assert annotate.controller.progress.total == len(cells_of(session, "b2"))
    press(annotate, Qt.Key.Key_E)
    assert {cell.recording for cell in session.own_answers} == {"b2"}


def test_a_recording_that_comes_back_elsewhere_has_its_answers(
    annotate: AnnotateWidget, lab: Study
) -> None:
    session = annotate.session
    classes = true_classes(lab).items()
    theirs = {key: name for key, name in classes if key.recording == "b2"}
    write_answers(lab, "Ann", theirs)
    parent = lab.path / RECORDINGS
    put_away(parent, "b2")
    session.open_study(lab.path)
    annotate.begin("Ann")
    cell = session.cell
    assert not session.own_answers
    bring_back(parent, list_replaced(parent, "b2")[-1])
    rename_recording(Study.open(lab.path), "b2", "day 3")
    session.settings_watch.look()
    assert session.own_answers == theirs
    assert session.cell == cell is not None
    assert session.journal is not None


@pytest.mark.parametrize("what", ["rename", "animal"])
def test_settings_of_another_window_are_seen_with_an_own_change(
    annotate: AnnotateWidget, lab: Study, qtbot: Any, what: str
) -> None:
    session = annotate.session
    first, *rest = lab.config.classes
    first = first.model_copy(update={"key": "X"})
    lab.save_config(lab.config.model_copy(update={"classes": (first, *rest)}))
    with qtbot.waitSignals([session.config_changed, session.cells_changed]):
        if what == "rename":
            session.rename_recording("a1", "day 3")
        else:
            session.set_animals({"a1": {"animal": "m9"}})
    assert session.config.classes[0].key == "X"
    # the key that is shown is the key that answers
    press(annotate.window().centralWidget(), Qt.Key.Key_X)
    assert list(session.own_answers.values()) == [first.name]


def test_a_title_does_not_read_the_cells_again(
    annotate: AnnotateWidget, lab: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = annotate.session
    table = session.cells()
    session.rename_recording("a1", "day 3")
    assert session.cells() is table
    assert session.title_of("a1") == "day 3"


def test_outlines_of_another_size_are_refused_by_the_title(
    annotate: AnnotateWidget, lab: Study
) -> None:
    session = annotate.session
    session.rename_recording("a1", "day 3")
    path = lab.path / RECORDINGS / "a1" / LABELS
    labels = imread(path)
    imwrite(path, labels[..., :-8])
    with pytest.raises(InputError, match="recording 'day 3' was replaced after this"):
        session.follow_cells("a1", draw=True)
    imwrite(path, labels)


def test_added_and_removed_recordings_are_noticed_without_another_change(
    annotate: AnnotateWidget, lab: Study, notifications: list[str], qtbot: Any
) -> None:
    session, parent = annotate.session, lab.path / RECORDINGS
    put_away(parent, "b2")
    look(session)
    assert session.study.recordings == ("a1",)
    assert session.recording.name == "a1" and session.cell is not None
    bring_back(parent, list_replaced(parent, "b2")[-1])
    with qtbot.waitSignal(session.cells_changed):
        look(session)
    assert session.study.recordings == ("a1", "b2")
    session.go_to(cells_of(session, "b2")[0])
    press(annotate, Qt.Key.Key_E)
    assert {cell.recording for cell in session.own_answers} == {"b2"}
    assert notifications == []
    put_away(parent, "b2")
    look(session)
    assert session.recording is None
    assert notifications == [
        "The recording b2 was taken out of the study in another window or on another "
        "computer."
    ]
    # and it goes on with the other one
    session.go_to(cells_of(session, "a1")[0])
    press(annotate, Qt.Key.Key_E)
    assert len(session.own_answers) == 1


def test_a_folder_that_is_missing_for_a_moment_is_not_removed(
    annotate: AnnotateWidget, lab: Study, qtbot: Any
) -> None:
    session, folder = annotate.session, lab.path / RECORDINGS / "a1"
    cell = session.cell
    with qtbot.assertNotEmitted(session.cells_changed):
        look(session)
        folder.rename(folder.with_name(".a1 moved"))
        look(session, times=1)
        folder.with_name(".a1 moved").rename(folder)
        look(session)
    assert session.recording.name == "a1" and session.cell == cell


def test_a_recording_that_cannot_be_read_is_looked_at_once(
    annotate: AnnotateWidget, lab: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = annotate.session
    (lab.path / RECORDINGS / "empty").mkdir()
    opened: list[object] = []
    read_again = session.read_again
    monkeypatch.setattr(session, "read_again", lambda: (opened.append(1), read_again()))
    look(session, times=5)
    assert len(opened) == 1
    assert session.study.recordings == ("a1", "b2")
