"""Another computer corrects the outlines of a recording of the study that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from annotating import cells_of, colour_at, press
from elsewhere import assert_shows_the_disk, correct, replace_images
from qtpy.QtCore import Qt
from voting import true_classes, write_answers

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.config import IdentifyConfig
from napari_cellid.identify import IdentifyResult
from napari_cellid.segmentation.outline_edits import initial_cells
from napari_cellid.study.renaming import rename_recording
from napari_cellid.study.save_results import add_recording
from napari_cellid.study.study import Study
from napari_cellid.widgets.session.result_layer import ShownResult

if TYPE_CHECKING:
    from napari_cellid.widgets.annotate.widget import AnnotateWidget


@pytest.mark.parametrize("first", ["nothing", "animal", "title", "scheme"])
def test_corrected_outlines_are_shown_whatever_is_changed_first(
    annotate: AnnotateWidget, lab: Study, first: str, notifications: list[str]
) -> None:
    session = annotate.session
    cell = session.cell
    assert session.recording.name == "a1"
    before = session.row(cell)
    correct(lab.path, "a1")
    if first == "animal":
        session.set_animals({"a1": {"animal": "m9"}})
    elif first == "title":
        session.rename_recording("a1", "day 3")
    elif first == "scheme":
        lab.edit_config(lambda now: now.model_copy(update={"scheme": None}))
        session.settings_watch.look()
    session.look_for_cells()
    assert_shows_the_disk(session, "a1")
    # the same cell, by its number, where it is now
    assert session.cell == cell
    assert session.row(cell)["label"] != before["label"]
    told = [text for text in notifications if "outlines of" in text]
    assert len(told) == 1
    press(annotate, Qt.Key.Key_E)
    lines = read_annotations(lab.annotations).all_answers
    assert lines["cell"].tolist() == [cell.cell]
    now = Study.open(lab.path).recording("a1").cells().set_index("cell").loc[cell.cell]
    assert (lines["y"][0], lines["x"][0]) == pytest.approx((now["y"], now["x"]))
    layer = session._view._layers.outlines.layer
    assert colour_at(layer, cell, session) != colour_at(
        layer, cells_of(session, "a1")[-1], session
    )


@pytest.mark.parametrize("first", ["nothing", "animal"])
def test_answers_follow_the_cells_of_now(
    annotate: AnnotateWidget, lab: Study, first: str
) -> None:
    session = annotate.session
    theirs = {k: v for k, v in true_classes(lab).items() if k.recording == "b2"}
    write_answers(lab, "Ann", theirs)
    session.open_study(lab.path)
    annotate.begin("Ann")
    assert session.own_answers == theirs
    replace_images(lab.path, "b2")
    if first == "animal":
        session.set_animals({"b2": {"animal": "m9"}})
    session.look_for_cells()
    assert session.own_answers == {}
    assert set(cells_of(session, "b2")).isdisjoint(theirs)


def test_other_images_under_the_name_are_shown_whole(
    annotate: AnnotateWidget, lab: Study
) -> None:
    session = annotate.session
    shape = session.planes.shape
    replace_images(lab.path, "a1")
    session.set_animals({"a1": {"animal": "m9"}})
    session.look_for_cells()
    assert session.planes.shape != shape
    assert session.planes.has_images_of(Study.open(lab.path).recording("a1").planes())
    assert_shows_the_disk(session, "a1")
    # the cell of before is gone; the next one is asked about
    assert session.cell is not None and session.row(session.cell) is not None


def test_a_recording_that_is_not_shown_is_taken_over_when_it_is_gone_to(
    annotate: AnnotateWidget, lab: Study
) -> None:
    session = annotate.session
    key = cells_of(session, "b2")[0]
    correct(lab.path, "b2")
    session.go_to(key)
    assert session.cell == key
    assert_shows_the_disk(session, "b2")


def test_new_classes_of_the_same_outlines_are_seen(
    annotate: AnnotateWidget, lab: Study, qtbot: Any
) -> None:
    session = annotate.session
    study = Study.open(lab.path)
    recording = study.recording("a1")
    cells = recording.cells()
    cells["predicted"] = "glia"
    cells["p_glia"] = 0.9
    run = recording.run() | {"models": {"classify": {"name": "newer"}}}
    assert session.model_name("a1") == ""
    result = IdentifyResult(
        recording.planes(), recording.labels(), cells,
        ("excitatory", "inhibitory", "glia"), None, run,
    )  # fmt: skip
    add_recording(study, result, recording.info)
    with qtbot.waitSignal(session.cells_changed):
        session.look_for_cells()
    own = session.cells()[session.cells()["recording"] == "a1"]
    assert set(own["predicted"]) == {"glia"}
    assert session.model_name("a1") == "newer"
    # and nothing more afterwards
    with qtbot.assertNotEmitted(session.cells_changed):
        session.look_for_cells()
        session.show_recording("a1")


def test_a_saved_result_of_one_recording_shows_the_other_as_it_is(
    annotate: AnnotateWidget, lab: Study
) -> None:
    session = annotate.session
    correct(lab.path, "a1")
    study = Study.open(lab.path)
    b2 = study.recording("b2")
    run = {"recording": "b2", "sources": [], "settings": {}}
    result = IdentifyResult(b2.planes(), b2.labels(), b2.cells(), (), None, run)
    labelled = initial_cells(result.labels, result.cells)
    shown = ShownResult(result, labelled, IdentifyConfig(), None)
    session.adopt_saved(Study.open(lab.path), "b2", shown, labelled)
    assert_shows_the_disk(session, "a1")


def test_renamed_elsewhere_and_corrected(annotate: AnnotateWidget, lab: Study) -> None:
    session = annotate.session
    rename_recording(Study.open(lab.path), "a1", "day 3")
    correct(lab.path, "a1")
    session.look_for_cells()
    assert session.title_of("a1") == "day 3"
    assert_shows_the_disk(session, "a1")
