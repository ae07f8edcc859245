"""Naming the animals of a study, by mouse and keyboard."""

from __future__ import annotations

from annotating import canvas_of, cells_of, press
from clicking import in_next_dialog
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDialogButtonBox, QLineEdit
from retraining import show as show_retrain

from napari_cellid.study.study import Study

LEFT = Qt.MouseButton.LeftButton
OK = QDialogButtonBox.StandardButton.Ok
CANCEL = QDialogButtonBox.StandardButton.Cancel


def click(widget):
    QTest.mouseClick(widget, LEFT)


def _type(field: QLineEdit, text: str) -> None:
    """Click into a field and type over what stands there."""
    click(field)
    field.selectAll()
    QTest.keyClicks(field, text)


def _answering(acts):
    """Do something in the dialog that opens next; what it shows is kept."""
    seen = {}

    def act(dialog):
        seen["before"] = dialog.value()
        try:
            acts(dialog)
        finally:
            # a mistake in the test must not leave it open for ever
            if dialog.isVisible():
                dialog.reject()

    in_next_dialog(act)
    return seen


def test_animals_are_typed_in_and_kept(annotate, lab):
    def name_them(dialog):
        _type(dialog.fields["a1", "animal"], "mouse 7")
        _type(dialog.fields["b2", "subvolume"], " V1 left ")
        click(dialog.findChild(QDialogButtonBox).button(OK))

    seen = _answering(name_them)
    click(annotate.panel.study.animals_button)
    assert seen["before"] == {
        "a1": {"animal": "ma1", "subvolume": ""},
        "b2": {"animal": "mb2", "subvolume": ""},
    }
    again = Study.open(lab.path)
    assert [again.recording(name).info.animal for name in ("a1", "b2")] == [
        "mouse 7",
        "mb2",
    ]
    assert again.recording("b2").info.subvolume == "V1 left"
    # the open study knows it, too, and whoever annotates goes on
    assert set(annotate.session.cells()["animal"]) == {"mouse 7", "mb2"}
    assert annotate.session.annotator == "Ann"
    before = annotate.session.cell
    press(canvas_of(annotate), Qt.Key.Key_E)
    assert annotate.session.own_answers[before] == "excitatory"


def test_cancel_changes_nothing(annotate, lab):
    text = (lab.path / "study.toml").read_bytes()

    def give_up(dialog):
        _type(dialog.fields["a1", "animal"], "other")
        click(dialog.findChild(QDialogButtonBox).button(CANCEL))

    _answering(give_up)
    click(annotate.panel.study.animals_button)
    assert (lab.path / "study.toml").read_bytes() == text


def test_without_a_study_there_is_no_button(viewer, make_dock):
    dock = make_dock(viewer)
    assert not dock.panel.study.animals_button.isVisible()


def test_retrain_counts_by_the_animals_named_there(annotate, lab, viewer, qtbot):
    for cell in cells_of(annotate.session)[:2]:
        annotate.session.go_to(cell)
        annotate.session.answer("glia")
    dock = show_retrain(viewer, qtbot)
    assert dock.panel.setup.animals.isVisible()

    def one_animal(dialog):
        for name in ("a1", "b2"):
            _type(dialog.fields[name, "animal"], "m9")
        click(dialog.findChild(QDialogButtonBox).button(OK))

    _answering(one_animal)
    click(dock.panel.setup.animals)
    assert set(dock.session.cells()["animal"]) == {"m9"}


def test_a_study_that_cannot_be_read_is_told(annotate, lab, monkeypatch):
    errors = []
    monkeypatch.setattr(
        "napari_cellid.widgets._shared.notifications.show_error", errors.append
    )

    def name(dialog):
        (lab.path / "study.toml").write_text("classes = 3", "utf-8")
        _type(dialog.fields["a1", "animal"], "x")
        click(dialog.findChild(QDialogButtonBox).button(OK))

    _answering(name)
    click(annotate.panel.study.animals_button)
    assert len(errors) == 1 and "study.toml" in errors[0]
