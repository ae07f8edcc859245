"""The Annotate dock as a person meets it: name, keys, clicks, queue, counts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from annotating import canvas_of, cells_of, journal_lines, press
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget
from voting import write_answers

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.config import QueueConfig

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
KEYS = [getattr(Qt.Key, f"Key_{letter}") for letter in "EIGNU"]
E, G, N = KEYS[0], KEYS[2], KEYS[3]


@pytest.fixture
def study(lab):
    return lab


@pytest.fixture
def dock(annotate):
    return annotate


def choose(dock, **config):
    dock.panel.queue.setValue(QueueConfig(**config))


def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def drag(viewer, places, held=()):
    """Press the mouse at the first place (plane, y, x in px), move on, let go."""
    size = 1.17
    viewer.scene.camera.mouse_pan = True
    for k, (plane, y, x) in enumerate([*places, places[-1]]):
        kinds = {0: "mouse_press", len(places): "mouse_release"}
        event = SimpleNamespace(
            type=kinds.get(k, "mouse_move"),
            button=1,
            position=(plane, y * size, x * size),
            pos=(x * 3, y * 3),
            modifiers=held,
            handled=False,
            is_dragging=k > 0,
        )
        send = {
            "mouse_press": mouse_press_callbacks,
            "mouse_release": mouse_release_callbacks,
        }.get(event.type, mouse_move_callbacks)
        send(viewer, ReadOnlyWrapper(event, exceptions=("handled",)))


def place_of(dock, cell):
    row = dock.session.row(cell)
    where = (dock.session.labels == row["label"]).nonzero()
    return tuple(int(axis[0]) for axis in where)


def test_keys_answer_and_the_next_cell_comes(dock, study, viewer):
    first = dock.session.cell
    asked = []
    for key in KEYS:
        asked.append(dock.session.cell)
        press(canvas_of(dock), key)
    answers = ["excitatory", "inhibitory", "glia", "not_a_cell", "unsure"]
    expected = [("Ann", k.cell, a) for k, a in zip(asked, answers, strict=True)]
    assert journal_lines(study) == expected
    assert len(set(asked)) == 5 and dock.session.cell not in asked
    assert asked[0] == first


def test_buttons_do_what_keys_do(dock, study):
    asked = dock.session.cell
    click(dock.panel.buttons.buttons["glia"])
    assert journal_lines(study) == [("Ann", asked.cell, "glia")]
    click(dock.panel.undo)
    assert dock.session.cell == asked and dock.session.own_answers == {}
    click(dock.panel.next)
    assert dock.session.cell != asked
    click(dock.panel.previous)
    assert dock.session.cell == asked


def test_arrows_go_through_the_queue(dock):
    canvas = canvas_of(dock)
    asked = [dock.session.cell]
    for _ in range(3):
        press(canvas, Qt.Key.Key_Right)
        asked.append(dock.session.cell)
    assert len(set(asked)) == 4
    for cell in reversed(asked[:3]):
        press(canvas, Qt.Key.Key_Left)
        assert dock.session.cell == cell
    press(canvas, Qt.Key.Key_Left)
    assert dock.session.cell == asked[0]


@pytest.mark.parametrize(
    "stroke",
    [(Qt.Key.Key_Backspace, Qt.KeyboardModifier.NoModifier), (Qt.Key.Key_Z, CTRL)],
)
def test_undo_goes_back_to_the_cell(dock, study, stroke):
    first = dock.session.cell
    press(canvas_of(dock), E)
    second = dock.session.cell
    press(canvas_of(dock), *stroke)
    assert dock.session.cell == first
    assert journal_lines(study)[-1] == ("Ann", first.cell, None)
    press(canvas_of(dock), G)
    assert dock.session.cell == second
    press(canvas_of(dock), Qt.Key.Key_Backspace)
    press(canvas_of(dock), Qt.Key.Key_Z, CTRL | SHIFT)
    assert dock.session.own_answers == {first: "glia"}


def test_cells_passed_over_come_at_the_end(dock):
    choose(dock, repeat_share=0)
    canvas, n = canvas_of(dock), len(cells_of(dock.session))
    skipped = dock.session.cell
    press(canvas, Qt.Key.Key_Right)
    for _ in range(n - 1):
        assert dock.session.cell != skipped
        press(canvas, E)
    assert dock.session.cell == skipped
    press(canvas, E)
    assert dock.session.cell is None
    assert "answered" in dock.panel.patch.canvas.message
    assert len(dock.session.own_answers) == n
    press(canvas, E)
    assert len(dock.session.own_answers) == n
    press(canvas, Qt.Key.Key_Left)
    assert dock.session.cell is not None


def test_only_unanswered_cells_are_asked_about(viewer, study, make_dock):
    dock = make_dock(viewer)
    dock.session.open_study(study.path)
    answered = cells_of(dock.session)[:10]
    write_answers(study, "Ann", dict.fromkeys(answered, "glia"))
    dock.begin("Ann")
    choose(dock, repeat_share=0, order="place")
    seen = set()
    while dock.session.cell is not None:
        seen.add(dock.session.cell)
        dock.answer("glia")
    assert seen == set(cells_of(dock.session)) - set(answered)
    choose(dock, repeat_share=0, order="place", only_unanswered=False)
    assert dock.session.cell is not None


def test_order_is_that_of_the_form(dock):
    cells = dock.session.cells().set_index(["recording", "cell"])
    choose(dock, order="uncertain", repeat_share=0)
    sure = []
    for _ in range(10):
        sure.append(cells.loc[tuple(dock.session.cell), "confidence"])
        dock.answer("glia")
    assert sure == sorted(sure)
    assert sure[0] == pytest.approx(0.4)
    choose(dock, order="random", repeat_share=0)
    shuffled = dock.session.cell
    dock.begin("Bo")
    assert dock.session.cell != shuffled


def test_share_of_repeats_does_not_begin_anew(dock):
    dock.answer("glia")
    cell = dock.session.cell
    dock.panel.queue.editor("repeat_share").setValue(0.2)
    assert dock.session.cell == cell
    assert dock.controller.config.repeat_share == pytest.approx(0.2)


def test_a_cell_is_asked_about_again_without_its_answer(dock, study):
    choose(dock, order="place", repeat_share=0.5)
    while dock.controller.current is not None and not dock.controller.current.repeat:
        dock.answer("excitatory")
    turn = dock.controller.current
    assert turn is not None
    assert dock.session.own_answers[turn.cell] == "excitatory"
    assert "not answered yet" in dock.panel.cell.text()
    # it was answered at least 20 answers ago
    order = [cell for _, cell, _ in journal_lines(study)]
    assert order.index(turn.cell.cell) <= len(order) - 20
    dock.answer("glia")
    lines = read_annotations(study.annotations).all_answers
    assert lines["repeat"].tolist() == [False] * (len(lines) - 1) + [True]
    dock.undo()
    assert dock.controller.current == turn
    assert "not answered yet" in dock.panel.cell.text()


def test_counts_follow_each_answer(dock):
    def shown():
        return dock.panel.progress.text()

    n = len(cells_of(dock.session))
    assert f"0 of {n} answered" in shown()
    for answer in ("excitatory", "excitatory", "glia", "not_a_cell"):
        dock.answer(answer)
    assert f"4 of {n} answered" in shown()
    for part in ("excitatory 2", "inhibitory 0", "glia 1", "not a cell 1", "unsure 0"):
        assert part in shown()
    dock.undo()
    assert f"3 of {n} answered" in shown() and "not a cell 0" in shown()


def test_a_click_in_the_image_chooses_the_cell(dock, viewer, study):
    asked = dock.session.cell
    other = next(cell for cell in cells_of(dock.session) if cell != asked)
    drag(viewer, [place_of(dock, other)])
    assert dock.session.cell == other
    press(canvas_of(dock), G)
    assert journal_lines(study) == [("Ann", other.cell, "glia")]
    # whoever clicks cells stays where the cells are
    assert dock.session.cell == other
    press(canvas_of(dock), Qt.Key.Key_Right)
    assert dock.session.cell == asked


def test_several_clicked_cells_get_one_answer(dock, viewer, study):
    cells = [cell for cell in cells_of(dock.session) if cell != dock.session.cell][:3]
    for cell in cells:
        drag(viewer, [place_of(dock, cell)], ("Control",))
    assert set(dock.session.selected) == set(cells)
    assert "3 cells selected" in dock.panel.cell.text()
    drag(viewer, [place_of(dock, cells[0])], ("Control",))
    assert set(dock.session.selected) == set(cells[1:])
    press(canvas_of(dock), N)
    assert dock.session.own_answers == dict.fromkeys(cells[1:], "not_a_cell")
    press(canvas_of(dock), Qt.Key.Key_Backspace)
    assert dock.session.own_answers == {}


def test_a_frame_with_shift_selects(dock, viewer):
    plane = viewer.dims.current_step[0]
    drag(viewer, [(plane, 10, 10), (plane, 40, 60), (plane, 80, 120)], ("Shift",))
    inside = dock.session.labels[plane, 10:81, 10:121]
    assert len(dock.session.selected) == len(set(inside.ravel().tolist()) - {0}) > 3
    assert viewer.scene.camera.mouse_pan


def test_dragging_the_view_selects_nothing(dock, viewer):
    before = dock.session.cell
    place = place_of(dock, cells_of(dock.session)[3])
    drag(viewer, [place, (place[0], place[1] + 30, place[2])])
    assert dock.session.cell == before and dock.session.selected == ()


def test_a_click_while_painting_is_the_painter_s(dock, viewer):
    before = dock.session.cell
    labels = viewer.add_labels(dock.session.labels.copy(), name="mine")
    viewer.layers.selection.active = labels
    labels.mode = "paint"
    drag(viewer, [place_of(dock, cells_of(dock.session)[3])])
    assert dock.session.cell == before


def test_a_click_beside_cells_lets_the_selection_go(dock, viewer):
    dock.session.select(cells_of(dock.session)[:3])
    empty = tuple(int(k[0]) for k in (dock.session.labels == 0).nonzero())
    drag(viewer, [empty])
    assert dock.session.selected == ()


def test_blind_shows_own_answers_alone(dock, study):
    write_answers(study, "Bo", dict.fromkeys(cells_of(dock.session), "unsure"))
    panel = dock.panel
    assert panel.blind.isChecked() and dock.session.blind
    for _ in range(3):
        dock.step(1)
        shown = panel.cell.text() + panel.other_answers.text()
        assert not any(word in shown for word in ("Bo", "Model", "%", "unsure"))
    texts = [w.toolTip() for w in panel.findChildren(QWidget)]
    assert not any("Bo" in text for text in texts)
    assert not panel.other_answers.isVisible()


def test_open_shows_what_others_say(dock, study):
    cell = dock.session.cell
    write_answers(study, "Bo", {cell: "unsure"})
    click(dock.panel.blind)
    assert not dock.session.blind
    shown = dock.panel.other_answers.text()
    row = dock.session.row(cell)
    assert row["predicted"] in shown and f"{100 * row['confidence']:.0f} %" in shown
    assert "Bo <b>unsure</b>" in shown
    # what a colleague says meanwhile is seen, too
    write_answers(study, "Cy", {dock.session.cell: "glia"}, after=1)
    dock.step(1)
    dock.step(-1)
    assert "Cy <b>glia</b>" in dock.panel.other_answers.text()
    dock.answer("glia")
    lines = read_annotations(study.annotations).all_answers
    own = lines[lines["annotator"] == "Ann"]
    assert own["shown"].tolist() == ["no model"]
    click(dock.panel.blind)
    assert not dock.panel.other_answers.isVisible()


def test_a_name_is_no_markup(dock, study):
    cell = dock.session.cell
    write_answers(study, "<b>Bo", {cell: "unsure"})
    click(dock.panel.blind)
    assert "&lt;b&gt;Bo" in dock.panel.other_answers.text()


def test_keys_off_and_on(dock, study):
    click(dock.panel.keys)
    assert dock.panel.keys.text() == "Keys are off"
    press(canvas_of(dock), E)
    assert journal_lines(study) == []
    click(dock.panel.keys)
    assert dock.panel.keys.text() == "Keys are on"
    press(canvas_of(dock), E)
    assert len(journal_lines(study)) == 1


def test_closed_dock_leaves_keys_and_mouse_alone(dock, viewer, study, qtbot):
    canvas = canvas_of(dock)
    before = dock.session.cell
    place = place_of(dock, cells_of(dock.session)[3])
    n = len(viewer.mouse_drag_callbacks)
    dock.parentWidget().close()
    press(canvas, E)
    drag(viewer, [place])
    assert journal_lines(study) == [] and dock.session.cell == before
    assert len(viewer.mouse_drag_callbacks) == n - 1
    assert not dock.shortcuts.active
