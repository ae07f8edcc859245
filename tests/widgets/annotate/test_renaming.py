"""A recording of the study is renamed, and everything that people see follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import retraining
from annotating import cells_of, press, type_into
from clicking import in_next_dialog
from driving import open_dock, wait_until_idle
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDialogButtonBox
from voting import true_classes, write_answers

from napari_cellid.study.recordings import RECORDINGS
from napari_cellid.study.renaming import rename_recording
from napari_cellid.study.replaced import put_away
from napari_cellid.study.study import Study
from napari_cellid.widgets._shared.channels import name_recording
from napari_cellid.widgets.agreement.widget import AgreementWidget
from napari_cellid.widgets.annotate.recordings_dialog import RecordingsDialog
from napari_cellid.widgets.annotate.rename_dialog import RenameDialog
from napari_cellid.widgets.cell_table.widget import CellTableWidget
from napari_cellid.widgets.gallery.widget import GalleryWidget
from napari_cellid.widgets.session.animals_dialog import AnimalsDialog
from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_cellid.widgets.annotate.widget import AnnotateWidget

LEFT = Qt.MouseButton.LeftButton
TITLE = "Mouse 7, day 3"


def titles_in(box: Any) -> list[str]:
    return [box.itemText(k) for k in range(box.count())]


def choose_row(dialog: RecordingsDialog, name: str) -> None:
    table = dialog.table
    (row,) = (
        row
        for row in range(table.rowCount())
        if table.item(row, 0).data(Qt.ItemDataRole.UserRole) == name
    )
    place = table.visualItemRect(table.item(row, 0)).center()
    QTest.mouseClick(table.viewport(), LEFT, pos=place)


def rename(dialog: RecordingsDialog, name: str, title: str) -> None:
    """Choose a row, press F2, type a title and press Return."""
    choose_row(dialog, name)
    done: list[bool] = []

    def type_title(box: RenameDialog) -> None:
        if title:
            QTest.keyClicks(box.line, title)
        else:
            QTest.keyClick(box.line, Qt.Key.Key_Delete)
        QTest.keyClick(box.line, Qt.Key.Key_Return)
        done.append(not box.isVisible())

    in_next_dialog(type_title, RenameDialog)
    QApplication.setActiveWindow(dialog)
    dialog.table.setFocus()
    QTest.keyClick(dialog.table, Qt.Key.Key_F2)
    for _ in range(200):
        # the button is pressed and released as by the mouse
        if done:
            break
        QTest.qWait(20)
    assert done == [True]


@pytest.fixture
def dialog(annotate: AnnotateWidget, qtbot: Any) -> RecordingsDialog:
    dialog = RecordingsDialog(annotate.session, annotate)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    return dialog


def test_a_recording_is_renamed_by_keys(
    viewer: Any, annotate: AnnotateWidget, dialog: RecordingsDialog, lab: Study
) -> None:
    assert not dialog.rename_button.isEnabled()
    rename(dialog, "a1", TITLE)
    assert dialog.chosen() == "a1"
    assert dialog.table.selectedItems()[0].text() == TITLE
    # the folder, the cells and the queue are those of before
    assert Study.open(lab.path).recordings == ("a1", "b2")
    assert Study.open(lab.path).titles["a1"] == TITLE
    assert titles_in(annotate.panel.recording)[:2] == [TITLE, "b2"]
    assert annotate.panel.recording.itemData(0) == "a1"
    names = [layer.name for layer in viewer.layers]
    assert names == [f"{TITLE} {k}" for k in ("red", "green", "classes")] + [
        "current cell"
    ]
    assert annotate.panel.cell.text().startswith(f"{TITLE} · cell")
    # the search finds both
    for text in ("day 3", "a1"):
        type_into(dialog.search, text)
        hidden = [dialog.table.isRowHidden(row) for row in range(2)]
        assert hidden.count(False) == 1
    dialog.search.clear()
    # answers go on under the name that the journal knows
    press(annotate, Qt.Key.Key_E)
    assert {cell.recording for cell in annotate.session.own_answers} == {"a1"}
    # another recording and back: the layers follow
    annotate.session.go_to(cells_of(annotate.session, "b2")[0])
    assert viewer.layers[0].name == "b2 red"
    annotate.session.go_to(cells_of(annotate.session, "a1")[0])
    assert viewer.layers[0].name == f"{TITLE} red"


def test_the_title_is_taken_away_by_an_empty_line(
    viewer: Any, annotate: AnnotateWidget, dialog: RecordingsDialog, lab: Study
) -> None:
    before = (lab.path / "study.toml").read_text("utf-8")
    rename(dialog, "a1", TITLE)
    assert annotate.session.title_of("a1") == TITLE
    rename(dialog, "a1", "")
    assert (lab.path / "study.toml").read_text("utf-8") == before
    assert titles_in(annotate.panel.recording)[:2] == ["a1", "b2"]
    assert viewer.layers[0].name == "a1 red"


def test_a_title_that_is_taken_is_refused_beside_the_line(
    annotate: AnnotateWidget, dialog: RecordingsDialog
) -> None:
    rename(dialog, "b2", TITLE)
    assert annotate.session.title_of("b2") == TITLE
    choose_row(dialog, "a1")
    said: list[str] = []

    def try_twice(box: RenameDialog) -> None:
        ok = box.buttons.button(QDialogButtonBox.StandardButton.Ok)
        type_into(box.line, TITLE.upper())
        QTest.mouseClick(ok, LEFT)
        said.append(box.problem.text())
        assert box.isVisible() and box.problem.isVisible()
        type_into(box.line, "day 4")

    in_next_dialog(try_twice, RenameDialog)
    QTest.mouseClick(dialog.rename_button, LEFT)
    assert said == [
        f"a1 cannot be called '{TITLE.upper()}', because the recording b2 of this "
        "study is called so; choose another title."
    ]
    assert annotate.session.title_of("a1") == "day 4"


def test_another_window_sees_it_when_it_looks(
    viewer: Any, annotate: AnnotateWidget, lab: Study, qtbot: Any
) -> None:
    # another computer
    rename_recording(Study.open(lab.path), "a1", TITLE)
    qtbot.waitUntil(lambda: viewer.layers[0].name == f"{TITLE} red")
    assert titles_in(annotate.panel.recording)[0] == TITLE
    assert annotate.session.annotator == "Ann"


def test_identify_finds_the_recording_of_a_renamed_layer(
    viewer: Any,
    annotate: AnnotateWidget,
    segmenter_folder: Path,
    classifier_folder: Path,
    qtbot: Any,
) -> None:
    annotate.session.rename_recording("a1", TITLE)
    dock = open_dock(viewer, segmenter_folder, classifier_folder)
    qtbot.addWidget(dock)
    channels = dock.panel.channels.value()
    assert channels.red.name == f"{TITLE} red"
    # its result is one of this recording, not of another of this name
    assert name_recording(channels) == "a1"
    QTest.mouseClick(dock.panel.run_button, LEFT)
    wait_until_idle(qtbot, dock)
    text = dock.panel.study_button.text()
    assert text == f"Replace the outlines of {TITLE} in study"


def test_the_gallery_and_the_cell_table_show_it(
    viewer: Any, annotate: AnnotateWidget, qtbot: Any
) -> None:
    session = annotate.session
    press(annotate, Qt.Key.Key_E)
    gallery, table = GalleryWidget(viewer), CellTableWidget(viewer)
    for widget in (gallery, table):
        qtbot.addWidget(widget)
        widget.show()
    qtbot.waitUntil(lambda: bool(gallery.panel.model.keys))
    qtbot.waitUntil(lambda: bool(table.panel.model.keys))
    session.rename_recording("a1", "z last")
    box = gallery.panel.recording
    qtbot.waitUntil(lambda: "z last" in titles_in(box))
    assert box.itemData(titles_in(box).index("z last")) == "a1"
    model = gallery.panel.model
    tip = model.data(model.index(0), Qt.ItemDataRole.ToolTipRole)
    assert model.keys[0].recording == "a1" and "z last" in tip
    places = table.panel.filters.places["recording"]
    qtbot.waitUntil(lambda: "z last" in titles_in(places))
    cells = table.panel.model
    column = [one.name for one in cells.columns].index("recording")
    # sorted by what is seen
    cells.sort(column)
    shown = [cells.data(cells.index(row, column)) for row in range(cells.rowCount())]
    assert shown == sorted(shown) and {"b2", "z last"} == set(shown)
    assert cells.key(cells.rowCount() - 1).recording == "a1"
    # the filter works by the name
    places.setCurrentIndex(titles_in(places).index("z last"))
    places.activated.emit(places.currentIndex())
    qtbot.waitUntil(lambda: cells.rowCount() == len(cells_of(session, "a1")))


def test_agreement_animals_and_retraining_show_it(
    viewer: Any, lab: Study, qtbot: Any
) -> None:
    told = true_classes(lab)
    write_answers(lab, "Ann", told)
    write_answers(lab, "Bo", {**told, next(iter(told)): "unsure"})
    session = session_of(viewer)
    session.open_study(lab.path)
    session.set_blind(False)
    agreement = AgreementWidget(viewer)
    qtbot.addWidget(agreement)
    agreement.show()
    panel = agreement.panel
    qtbot.waitUntil(lambda: panel.figures.recordings.rowCount() == 2)
    session.rename_recording("a1", TITLE)
    qtbot.waitUntil(lambda: TITLE in texts_of(panel.figures.recordings))
    panel.tabs.setCurrentWidget(panel.disputed)
    agreement.refresh()
    model = panel.disputed.model
    assert model.titles["a1"] == TITLE
    assert session.study is not None
    animals = AnimalsDialog(session.study)
    qtbot.addWidget(animals)
    assert TITLE in [item.text() for item in items_of(animals.table)]
    dock = retraining.show(viewer, qtbot)
    assert f"{TITLE} · " in dock.panel.setup.recordings.item(0).text()
    session.close_study()


def items_of(table: Any) -> list[Any]:
    places = [
        (row, column)
        for row in range(table.rowCount())
        for column in range(table.columnCount())
    ]
    return [item for place in places if (item := table.item(*place)) is not None]


def texts_of(table: Any) -> list[str]:
    heads = [table.verticalHeaderItem(row) for row in range(table.rowCount())]
    return [head.text() for head in heads if head] + [
        item.text() for item in items_of(table)
    ]


def test_a_session_without_a_study_has_no_titles(
    make_dock: Callable[[Any], AnnotateWidget],
) -> None:
    session = make_dock(ViewerModel()).session
    assert dict(session.titles) == {} and session.title_of("a1") == "a1"


def test_a_name_longer_than_a_title_is_shown_whole(qtbot: Any) -> None:
    given: list[str] = []
    box = RenameDialog("a" * 150, "", given.append)
    qtbot.addWidget(box)
    box.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    assert given == ["a" * 150]


def test_a_recording_that_another_computer_removed_is_not_renamed(
    annotate: AnnotateWidget, dialog: RecordingsDialog, lab: Study
) -> None:
    choose_row(dialog, "b2")
    put_away(lab.path / RECORDINGS, "b2")
    rename_recording(Study.open(lab.path), "a1", TITLE)
    annotate.session.refresh_config()
    QTest.mouseClick(dialog.rename_button, LEFT)
    assert dialog.table.rowCount() == 1
    assert dialog.table.item(0, 0).text() == TITLE
