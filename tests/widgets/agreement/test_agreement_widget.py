"""The Agreement dock as a user sees it: figures, rules, disputes, files."""

from __future__ import annotations

import json
import shutil
from html import escape
from pathlib import Path

import pandas as pd
import pytest
from clicking import click_in_next_box
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QTextDocumentFragment
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from voting import make_study, true_classes, write_answers

from napari_cellid.agreement.summary import measure_agreement
from napari_cellid.annotation.all_answers import current_answers, read_annotations
from napari_cellid.annotation.answer import CellKey
from napari_cellid.config import VoteConfig
from napari_cellid.errors import InputError
from napari_cellid.study import answers as study_answers
from napari_cellid.study.study import Study
from napari_cellid.widgets.agreement.widget import AgreementWidget
from napari_cellid.widgets.session.session import session_of

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def made(tmp_path_factory, field):
    """A study in which three people agree but for the first six cells of a1.

    1-3: Cy differs; 4-5: all differ; 6: Cy has not answered.
    """
    study = make_study(tmp_path_factory.mktemp("agreement") / "study", field)
    everything = true_classes(study)
    keys = [key for key in everything if key.recording == "a1"][:6]
    wrong = {"excitatory": "glia", "inhibitory": "glia", "glia": "inhibitory"}
    write_answers(study, "Ann", everything)
    bo = everything | {key: wrong[everything[key]] for key in keys[3:5]}
    write_answers(study, "Bo", bo)
    cy = everything | {key: wrong[everything[key]] for key in keys[:3]}
    cy |= dict.fromkeys(keys[3:5], "unsure")
    cy.pop(keys[5])
    write_answers(study, "Cy", cy)
    write_answers(study, "Ann", {keys[0]: everything[keys[0]]}, after=5, repeat=True)
    return study.path


@pytest.fixture
def study(tmp_path, made):
    return Study.open(Path(shutil.copytree(made, tmp_path / "study")))


@pytest.fixture
def keys(study):
    """The six cells in question."""
    return [key for key in true_classes(study) if key.recording == "a1"][:6]


@pytest.fixture
def session(viewer, study):
    session = session_of(viewer)
    session.open_study(study.path)
    session.start_annotating("Dee")
    session.set_blind(False)
    yield session
    session.close_study()


@pytest.fixture
def dock(viewer, session, qtbot):
    return shown(viewer, qtbot)


def shown(viewer, qtbot):
    widget = AgreementWidget(viewer)
    qtbot.addWidget(widget)
    widget.resize(400, 760)
    widget._compare_debouncer.setTimeout(50)
    widget.show()
    settle(qtbot, widget)
    return widget


def settle(qtbot, dock):
    def quiet():
        workers = (dock.reading, dock.comparing, dock.writing)
        debouncers = (dock._compare_debouncer, dock.panel.vote._debouncer)
        timers = (dock._count_timer, *(one._timer for one in debouncers))
        waiting = dock._stale and dock.isVisible()
        return not (
            waiting or any(w.busy for w in workers) or any(t.isActive() for t in timers)
        )

    qtbot.waitUntil(quiet, timeout=20_000)


def counts(dock):
    """Numbers of cells by outcome, and their differences."""
    numbers = {}
    for line in dock.panel.vote.counts.text().splitlines():
        words = line.split()
        k = next(k for k, word in enumerate(words) if word.isdigit())
        numbers[" ".join(words[:k])] = words[k:]
    return numbers


def choose_rule(qtbot, dock, **settings):
    form = dock.panel.vote.form
    for name, value in settings.items():
        editor = form.editor(name)
        if hasattr(editor, "findData"):
            editor.setCurrentIndex(editor.findData(value))
        else:
            editor.setValue(value)
    settle(qtbot, dock)


def listed(dock):
    model = dock.panel.disputed.model
    return [model.key(row) for row in range(model.rowCount())]


def press(dock, row):
    view = dock.panel.disputed.view
    index = dock.panel.disputed.model.index(row, 1)
    view.scrollTo(index)
    QTest.mouseClick(view.viewport(), LEFT, pos=view.visualRect(index).center())


def open_disputed(dock):
    dock.panel.tabs.setCurrentWidget(dock.panel.disputed)
    # as on the screen: everything takes its place
    QApplication.processEvents()


def settled_on_disk(study):
    lines = read_annotations(study.annotations).all_answers
    rows = current_answers(lines, "adjudicator")
    return {
        CellKey(r, c): (who, answer)
        for r, c, who, answer in zip(
            rows["recording"], rows["cell"], rows["annotator"], rows["answer"],
            strict=True,
        )
    }  # fmt: skip


def test_figures_of_everybody(dock, session, study):
    figures = dock.panel.figures
    n = len(true_classes(study))
    agreement = measure_agreement(dock.votes.current, session.config, bootstrap=0)
    assert f"α = {agreement.alpha.value:.2f}<" in figures.alpha.text()
    assert f"Fleiss' κ {agreement.fleiss.value:.2f} on {n - 1} cells" in (
        figures.details.text()
    )
    assert f"on {n} cells with" in figures.details.text()
    assert "95 % interval" in figures.details.text()
    people = figures.annotators
    rows = [[people.text(k, c) for c in range(3)] for k in range(3)]
    assert rows == [
        ["Ann", str(n), "100% of 1"],
        ["Bo", str(n), "–"],
        ["Cy", str(n - 1), "–"],
    ]
    assert int(people.text(0, 3).rstrip("%")) > int(people.text(2, 3).rstrip("%")) - 1
    recordings = figures.recordings
    assert [recordings.text(k, 0) for k in range(2)] == ["a1", "b2"]
    assert recordings.text(1, 1) == "1.00"
    assert recordings.text(0, 3) == recordings.text(1, 3) == str(n // 2)


def test_a_click_on_a_pair_shows_what_the_two_said(dock, session, study):
    figures = dock.panel.figures
    pairs = figures.pairs
    assert pairs.text(0, 2) == pairs.text(1, 1)
    assert pairs.text(0, 1) == ""
    item = pairs.visualItemRect(pairs.item(2, 1))
    QTest.mouseClick(pairs.viewport(), LEFT, pos=item.center())
    assert (figures.first.currentText(), figures.second.currentText()) == ("Cy", "Ann")
    table = figures.confusion
    named = [table.text(row, 0) for row in range(table.rowCount())]
    assert "unsure" in named
    row = named.index("unsure")
    row_numbers = [int(table.text(row, c)) for c in range(1, table.columnCount())]
    assert sum(row_numbers) == 2
    total = sum(
        int(table.text(r, c))
        for r in range(table.rowCount())
        for c in range(1, table.columnCount())
    )
    assert total == len(true_classes(study)) - 1
    # the other way round it is the same table, turned
    figures.first.setCurrentText("Ann")
    figures.second.setCurrentText("Cy")
    figures.second.activated.emit(2)
    turned = [int(table.text(r, row + 1)) for r in range(table.rowCount())]
    assert turned == row_numbers


def test_counts_follow_the_rule(dock, session, study, qtbot):
    n = len(true_classes(study))
    numbers = counts(dock)
    assert numbers["disputed"] == ["5"]
    assert numbers["too few answers"] == ["1"]
    decided = ("excitatory", "inhibitory", "glia")
    assert sum(int(numbers[name][0]) for name in decided) == n - 6
    choose_rule(qtbot, dock, rule="majority", min_annotators=2)
    numbers = counts(dock)
    assert numbers["disputed"] == ["2", "−3"]
    assert numbers["too few answers"] == ["0", "−1"]
    assert sum(int(numbers[name][0]) for name in decided) == n - 2
    assert dock.panel.vote.save_rule_button.isEnabled()
    choose_rule(qtbot, dock, rule="unanimous", min_annotators=3)
    assert not dock.panel.vote.save_rule_button.isEnabled()


def test_a_number_that_does_nothing_cannot_be_turned(dock, session, qtbot):
    editor = dock.panel.vote.form.editor("quorum")
    assert not editor.isEnabled()
    choose_rule(qtbot, dock, rule="quorum")
    assert editor.isEnabled()


def test_the_rule_is_saved_for_all(dock, session, study, qtbot):
    choose_rule(qtbot, dock, rule="majority")
    QTest.mouseClick(dock.panel.vote.save_rule_button, LEFT)
    settle(qtbot, dock)
    assert Study.open(study.path).config.vote == VoteConfig(rule="majority")
    assert session.annotator == "Dee"
    assert not dock.panel.vote.save_rule_button.isEnabled()
    assert dock.panel.vote.value().rule == "majority"


def test_a_rule_that_is_tried_stays_while_answers_are_read(dock, session, qtbot):
    choose_rule(qtbot, dock, rule="majority")
    QTest.mouseClick(dock.panel.reload_button, LEFT)
    settle(qtbot, dock)
    assert dock.panel.vote.value().rule == "majority"


def test_what_abstains_changes_the_figures(dock, session, qtbot):
    classes = dock.panel.figures.classes
    assert "unsure" in [classes.text(k, 0) for k in range(classes.rowCount())]
    choose_rule(qtbot, dock, unsure="abstain")
    assert "unsure" not in [classes.text(k, 0) for k in range(classes.rowCount())]


def test_disputed_cells_are_listed_those_that_differ_most_first(dock, session, keys):
    open_disputed(dock)
    assert set(listed(dock)[:2]) == set(keys[3:5])
    assert set(listed(dock)) == set(keys[:5])
    model = dock.panel.disputed.model
    assert model.index(0, 3).data() == "1.00"
    assert "1 unsure" in model.index(0, 2).data()


def test_a_click_goes_to_the_cell_and_shows_who_said_what(dock, session, study, keys):
    open_disputed(dock)
    press(dock, 3)
    key = listed(dock)[3]
    assert session.cell == key
    assert session.recording.name == "a1"
    canvas = dock.panel.disputed.canvas
    row = session.row(key)
    assert canvas._centre == (row["plane"], row["y"], row["x"])
    assert len(canvas._outline) == 1
    text = dock.panel.disputed._votes_label.text()
    classes = true_classes(study)
    assert f"Ann: {classes[key]}" in text and f"Bo: {classes[key]}" in text
    assert "Cy: " in text


@pytest.mark.parametrize("way", ["key", "button"])
def test_settling_a_cell(dock, session, study, qtbot, way):
    open_disputed(dock)
    press(dock, 1)
    key, following = listed(dock)[1:3]
    if way == "key":
        QTest.keyClick(dock.panel.disputed.view, Qt.Key.Key_G)
    else:
        QTest.mouseClick(dock.panel.disputed.buttons.buttons["glia"], LEFT)
    assert settled_on_disk(study) == {key: ("Dee", "glia")}
    settle(qtbot, dock)
    assert key not in listed(dock)
    # on with the next one
    assert session.cell == following
    assert dock.panel.disputed.current() == following
    assert counts(dock)["disputed"] == ["4"]


def test_only_a_listed_cell_can_be_settled(dock, session, study, qtbot, keys):
    disputed = dock.panel.disputed
    open_disputed(dock)
    assert not disputed.buttons.isEnabled() and disputed.title.text() == ""
    agreed = next(key for key in true_classes(study) if key not in keys)
    session.go_to(agreed)
    assert not disputed.buttons.isEnabled() and disputed.title.text() == ""
    QTest.mouseClick(disputed.buttons.buttons["glia"], LEFT)
    QTest.keyClick(disputed.view, Qt.Key.Key_G)
    assert settled_on_disk(study) == {}
    press(dock, 0)
    assert disputed.buttons.isEnabled()
    first = listed(dock)[0]
    assert disputed.title.text() == f"Cell {first.cell} · {first.recording}"


def test_no_cell_is_shown_before_a_row_is_chosen(dock, session, study, qtbot, keys):
    disputed, canvas = dock.panel.disputed, dock.panel.disputed.canvas
    agreed = [key for key in true_classes(study) if key not in keys]
    session.go_to(agreed[0])
    open_disputed(dock)
    for other in (agreed[0], agreed[1]):
        session.go_to(other)
        assert disputed.shown() is None and canvas._centre is None
        assert "Choose a cell in the list" in canvas.message
        assert disputed.title.text() == disputed._votes_label.text() == ""
        assert not disputed.view.selectionModel().hasSelection()
        assert not disputed.buttons.isEnabled()
        assert not disputed.withdraw_button.isEnabled()
    press(dock, 2)
    assert disputed.shown() == session.cell == listed(dock)[2]
    assert canvas._centre is not None and len(canvas._outline) == 1
    assert disputed.title.text().startswith(f"Cell {session.cell.cell} ·")
    # a listed cell that is chosen elsewhere has its row
    session.go_to(keys[0])
    assert disputed.view.currentIndex().row() == listed(dock).index(keys[0])
    assert disputed.shown() == keys[0] and canvas._centre is not None
    # in another list the cell has no row
    choose_outcome(disputed, "adjudicated")
    assert disputed.shown() is None and canvas._centre is None
    assert "No cell has this outcome" in canvas.message
    choose_outcome(disputed, "disputed")
    assert disputed.shown() == keys[0] and canvas._centre is not None
    assert session.cell == keys[0]


def choose_outcome(disputed, status):
    box = disputed.status
    box.setFocus()
    down = box.findData(status) - box.currentIndex()
    key = Qt.Key.Key_Down if down > 0 else Qt.Key.Key_Up
    for _ in range(abs(down)):
        QTest.keyClick(box, key)


def test_keys_and_undo_go_on_after_a_click_on_a_button(dock, session, study, qtbot):
    disputed = dock.panel.disputed
    open_disputed(dock)
    press(dock, 0)
    first, second = listed(dock)[:2]
    disputed.status.setFocus()
    QTest.mouseClick(disputed.buttons.buttons["glia"], LEFT)
    settle(qtbot, dock)
    focused = dock.focusWidget()
    QTest.keyClick(focused, Qt.Key.Key_I)
    settle(qtbot, dock)
    assert settled_on_disk(study) == {
        first: ("Dee", "glia"), second: ("Dee", "inhibitory"),
    }  # fmt: skip
    QTest.keyClick(
        dock.focusWidget(), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier
    )
    settle(qtbot, dock)
    assert settled_on_disk(study) == {first: ("Dee", "glia")}


def test_a_lone_annotator_needs_one_click(viewer, tmp_path, made, qtbot):
    study = Study.open(Path(shutil.copytree(made, tmp_path / "alone")))
    for name in ("Bo", "Cy"):
        (study.annotations / f"{name}.jsonl").unlink()
    session = session_of(viewer)
    session.open_study(study.path)
    session.start_annotating("Ann")
    session.set_blind(False)
    dock = shown(viewer, qtbot)
    dock.panel.tabs.setCurrentIndex(1)
    assert "Only Ann has answered" in dock.one_answer.text.text()
    assert set(counts(dock)) & {"too few answers"}
    assert counts(dock)["too few answers"] != ["0"]
    QTest.mouseClick(dock.one_answer.button, LEFT)
    settle(qtbot, dock)
    assert counts(dock)["too few answers"] == ["0"]
    assert Study.open(study.path).config.vote.min_annotators == 1
    assert dock.one_answer.isHidden()
    session.close_study()


def test_several_annotators_are_offered_no_other_rule(dock):
    assert dock.one_answer.isHidden()


def test_a_settled_cell_can_be_taken_back(dock, session, study, qtbot):
    disputed = dock.panel.disputed
    open_disputed(dock)
    press(dock, 0)
    key = listed(dock)[0]
    QTest.keyClick(disputed.view, Qt.Key.Key_E)
    settle(qtbot, dock)
    disputed.status.setCurrentIndex(disputed.status.findData("adjudicated"))
    disputed.status.activated.emit(disputed.status.currentIndex())
    assert disputed.status.currentText() == "settled (1)"
    press(dock, 0)
    assert "settled by Dee: excitatory" in disputed._votes_label.text()
    assert disputed.withdraw_button.isEnabled()
    QTest.mouseClick(disputed.withdraw_button, LEFT)
    settle(qtbot, dock)
    assert settled_on_disk(study) == {}
    assert listed(dock) == []
    assert counts(dock)["disputed"] == ["5"]
    assert session.cell == key


def test_what_others_settled_is_not_taken_back(dock, session, study, qtbot, keys):
    write_answers(study, "Eve", {keys[0]: "glia"}, role="adjudicator")
    QTest.mouseClick(dock.panel.reload_button, LEFT)
    settle(qtbot, dock)
    open_disputed(dock)
    session.go_to(keys[0])
    choose_outcome(dock.panel.disputed, "adjudicated")
    assert "settled by Eve: glia" in dock.panel.disputed._votes_label.text()
    assert not dock.panel.disputed.withdraw_button.isEnabled()


def test_undo_takes_the_settlement_back(dock, session, study, qtbot):
    open_disputed(dock)
    before = listed(dock)
    press(dock, 0)
    QTest.keyClick(dock.panel.disputed.view, Qt.Key.Key_I)
    settle(qtbot, dock)
    session.undo()
    settle(qtbot, dock)
    assert listed(dock) == before


def test_answers_of_ones_own_are_counted_at_once(dock, session, study, qtbot, keys):
    session.go_to(keys[0])
    session.answer("glia")
    settle(qtbot, dock)
    assert "4 annotators" in dock.panel.status()
    people = dock.panel.figures.annotators
    assert (people.text(3, 0), people.text(3, 1)) == ("Dee", "1")
    session.undo()
    settle(qtbot, dock)
    assert "3 annotators" in dock.panel.status()
    assert people.rowCount() == 3


def test_counting_on_is_the_same_as_reading_again(dock, session, study, qtbot, keys):
    """Answers taken in one by one, against the files."""
    session.select(keys[:4])
    session.answer("glia")
    session.go_to(keys[1])
    session.answer("unsure")
    session.adjudicate(keys[2], "excitatory")
    session.adjudicate(keys[3], "glia")
    session.adjudicate(keys[3], None)
    settle(qtbot, dock)
    went_on = dock.votes.count(dock.panel.vote.value())
    QTest.mouseClick(dock.panel.reload_button, LEFT)
    settle(qtbot, dock)
    pd.testing.assert_frame_equal(went_on, dock.votes.count(dock.panel.vote.value()))


def test_colleagues_answers_come_with_read_again(dock, session, study, qtbot, keys):
    write_answers(study, "Eve", dict.fromkeys(keys, "glia"))
    QTest.mouseClick(dock.panel.reload_button, LEFT)
    settle(qtbot, dock)
    assert "4 annotators" in dock.panel.status()


def test_sorting_by_a_column_keeps_the_chosen_cell(dock, session):
    open_disputed(dock)
    press(dock, 0)
    key = session.cell
    head = dock.panel.disputed.view.horizontalHeader()
    place = head.sectionViewportPosition(1) + 10
    QTest.mouseClick(head.viewport(), LEFT, pos=QPoint(place, 8))
    cells = [key.cell for key in listed(dock)]
    assert cells in (sorted(cells), sorted(cells, reverse=True))
    assert dock.panel.disputed.current() == key
    row = dock.panel.disputed.view.currentIndex().row()
    assert listed(dock)[row] == key


def test_files_are_written_by_the_rule_that_is_shown(
    dock, session, study, qtbot, notifications
):
    choose_rule(qtbot, dock, rule="majority", min_annotators=2)
    QTest.mouseClick(dock.panel.vote.save_table_button, LEFT)
    settle(qtbot, dock)
    table = pd.read_csv(study.path / "consensus.csv")
    assert (table["status"] == "disputed").sum() == 2
    assert (table["status"] == "consensus").sum() == len(true_classes(study)) - 2
    assert any("consensus.csv" in message for message in notifications)
    QTest.mouseClick(dock.panel.vote.training_set_button, LEFT)
    settle(qtbot, dock)
    about = json.loads((study.path / "training_set.json").read_text("utf-8"))
    assert about["cells"] == len(true_classes(study)) - 2
    assert about["rule"]["rule"] == "majority"
    assert Study.open(study.path).config.vote == VoteConfig()


@pytest.mark.parametrize("button", ["Replace", "Cancel"])
def test_a_table_with_votes_of_lost_journals_is_replaced_when_asked(
    dock, study, qtbot, notifications, button
):
    QTest.mouseClick(dock.panel.vote.save_table_button, LEFT)
    settle(qtbot, dock)
    path = study.path / "consensus.csv"
    before = path.read_bytes()
    (study.annotations / "Cy.jsonl").rename(study.path / "Cy.jsonl")
    dock._reload()
    settle(qtbot, dock)
    told = []

    click_in_next_box(button, told)
    QTest.mouseClick(dock.panel.vote.save_table_button, LEFT)
    qtbot.waitUntil(lambda: bool(told), timeout=20_000)
    settle(qtbot, dock)
    assert "votes of Cy" in told[0] and "--replace" not in told[0]
    assert (path.read_bytes() != before) == (button == "Replace")
    assert not any("--replace" in message for message in notifications)
    if button == "Replace":
        assert set(pd.read_csv(path)["n_annotators"]) == {2}
        assert sum("consensus.csv" in message for message in notifications) == 2


def test_nothing_to_train_on_is_told(dock, session, qtbot, notifications):
    choose_rule(qtbot, dock, min_annotators=9)
    QTest.mouseClick(dock.panel.vote.training_set_button, LEFT)
    settle(qtbot, dock)
    assert "nothing to train on" in notifications[-1]


def test_blind_people_are_warned_once(viewer, study, qtbot):
    session = session_of(viewer)
    session.open_study(study.path)
    session.start_annotating("Dee")
    assert session.blind
    dock = shown(viewer, qtbot)
    assert "You are annotating blind" in dock.panel.message()
    assert dock.votes is None
    QTest.mouseClick(dock.panel.show_votes_button, LEFT)
    settle(qtbot, dock)
    assert dock.panel.message() == ""
    key = next(iter(true_classes(study)))
    session.go_to(key)
    (line,) = session.answer("glia")
    assert line.shown == "colleagues' votes"
    settle(qtbot, dock)
    # remembered for this person, also by another dock
    again = shown(viewer, qtbot)
    assert again.panel.message() == ""
    session.start_annotating("Eve")
    settle(qtbot, dock)
    assert "You are annotating blind" in dock.panel.message()
    assert dock.votes is None
    session.go_to(key)
    (line,) = session.answer("glia")
    assert line.shown is None
    session.set_blind(False)
    settle(qtbot, dock)
    assert dock.panel.message() == ""
    session.set_blind(True)
    settle(qtbot, dock)
    assert "You are annotating blind" in dock.panel.message()
    session.close_study()
    settle(qtbot, dock)
    assert "No study is open" in dock.panel.message()
    settle(qtbot, again)


def test_nobody_has_answered(viewer, study, qtbot, tmp_path):
    shutil.rmtree(study.annotations)
    session = session_of(viewer)
    session.open_study(study.path)
    session.set_blind(False)
    dock = shown(viewer, qtbot)
    assert "Nobody has answered" in dock.panel.message()
    write_answers(study, "Ann", true_classes(study))
    QTest.mouseClick(dock.panel.retry_button, LEFT)
    settle(qtbot, dock)
    assert dock.panel.message() == ""
    assert "Ann" in dock.panel.figures.details.text().split()
    assert not dock.panel.figures.pairs.isVisible()
    assert dock.panel.status().startswith("1 annotator")
    # nobody said who they are
    open_disputed(dock)
    assert not dock.panel.disputed.buttons.isEnabled()
    assert "enter your name" in dock.panel.disputed._adjudicator_label.text()
    session.close_study()
    settle(qtbot, dock)


def test_journals_that_cannot_be_read_are_told(
    dock, session, qtbot, notifications, monkeypatch
):
    def refuse(folder):
        raise InputError(f"The journal {folder / 'Ann.jsonl'} cannot be read.")

    with monkeypatch.context() as context:
        context.setattr(study_answers, "follow_annotations", refuse)
        session.open_study(session.study.path)
        settle(qtbot, dock)
    assert any("Ann.jsonl cannot be read" in message for message in notifications)
    assert "cannot be read" in dock.panel.message()
    QTest.mouseClick(dock.panel.retry_button, LEFT)
    settle(qtbot, dock)
    assert "3 annotators" in dock.panel.status()


def test_without_a_study_it_says_what_to_do(viewer, qtbot):
    dock = shown(viewer, qtbot)
    assert "No study is open" in dock.panel.message()


ODD_NAMES = {"A=glia; B": "glia", "C; D=x": "unsure", '"E"=': "not_a_cell"}


def test_names_that_look_like_votes(viewer, session, study, keys, qtbot):
    """A name may hold what separates the votes in the text of consensus.csv."""
    for name, answer in ODD_NAMES.items():
        write_answers(study, name, {keys[3]: answer})
    dock = shown(viewer, qtbot)
    open_disputed(dock)
    model, panel = dock.panel.disputed.model, dock.panel.disputed
    index = model.index(model.row_of(keys[3]), 2)
    assert "2 unsure" in model.data(index)
    html = model.data(index, Qt.ItemDataRole.ToolTipRole)
    tips = QTextDocumentFragment.fromHtml(html).toPlainText().splitlines()
    assert {
        "A=glia; B: glia", "C; D=x: unsure", '"E"=: not a cell', "Cy: unsure",
    } < set(tips)  # fmt: skip
    assert len(tips) == 6
    panel.set_current(keys[3])
    for name in ODD_NAMES:
        assert f"{escape(name)}: " in panel._votes_label.text()


def test_docks_from_napari_share_one_session(make_napari_viewer, study, qtbot):
    """Opened by the names in the manifest, in napari's own window."""
    viewer = make_napari_viewer()
    window = viewer.window
    _, dock = window.add_plugin_dock_widget("napari-cellid", "Agreement")
    _, gallery = window.add_plugin_dock_widget("napari-cellid", "Cell gallery")
    assert dock.session is gallery.session is session_of(viewer)
    viewer.show()
    settle(qtbot, dock)
    assert "No study is open" in dock.panel.message()
    dock.session.open_study(study.path)
    dock.session.set_blind(False)
    settle(qtbot, dock)
    assert "3 annotators" in dock.panel.status()
    # a closed dock hears nothing any more, and nothing fails
    window.remove_dock_widget(gallery)
    QApplication.processEvents()
    dock.session.close_study()
    settle(qtbot, dock)
    assert "No study is open" in dock.panel.message()


def test_answers_that_do_not_count_are_listed(dock, qtbot, session, study):
    panel = dock.panel
    assert not panel.uncounted.isVisible()
    journal = study.annotations / "Ann.jsonl"
    with journal.open("a") as file:
        file.write(journal.read_text().splitlines()[0].replace('"a1"', '"gone"'))
        file.write('\n{"time": "2026\n')
    dock._reload()
    qtbot.waitUntil(panel.uncounted.isVisible, timeout=20_000)
    settle(qtbot, dock)
    assert "1 answer does not count" in panel.uncounted.text()
    assert not panel.uncounted_text.isVisible()
    QTest.mouseClick(panel.uncounted.toggleButton(), LEFT)
    assert panel.uncounted_text.isVisible()
    told = panel.uncounted_text.text().splitlines()
    assert told[0].startswith("gone: 1 answer of Ann does not count, because ")
    assert "cut off" in told[1]
    assert panel.status().startswith("3 annotators")


def test_a_study_of_which_no_answer_counts_says_so(dock, qtbot, session, study):
    for name in ("a1", "b2"):
        shutil.move(study.path / "recordings" / name, study.path.parent / name)
    session.open_study(study.path)
    session.set_blind(False)
    qtbot.waitUntil(lambda: "counts" in dock.panel.message(), timeout=20_000)
    told = dock.panel.message()
    assert told.startswith("No answer in this study counts.")
    assert "a1: " in told and "b2: " in told and "put its folder back" in told
    assert "Nobody has answered" not in told


def test_votes_that_are_read_once_more_are_not_called_unreadable(
    dock, session, qtbot, monkeypatch
):
    messages = []
    monkeypatch.setattr(dock.panel, "show_message", lambda *all: messages.append(all))
    session._answers = None
    session.load_votes()
    # as when cells change while the answers are read
    session.load_votes(again=True)
    with qtbot.waitSignals([session.reading.finished] * 2):
        pass
    qtbot.waitUntil(lambda: session.votes is not None)
    assert messages == []
