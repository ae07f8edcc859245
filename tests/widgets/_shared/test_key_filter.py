"""Keys that are taken before the window sees them, and given back."""

from __future__ import annotations

import numpy as np
import pytest
from napari._qt.containers import QtLayerList
from napari.components import LayerList
from napari.layers import Labels, Points
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtGui import QAction, QKeyEvent, QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QSlider,
    QSpinBox,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.widgets._shared import key_filter
from napari_cellid.widgets._shared.key_filter import (
    CONTROL,
    NO_MODIFIER,
    OWN_KEYS_PROPERTY,
    Shortcuts,
)


class Listener(QWidget):
    """A widget that notes the keys that come through to it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.heard = []

    def keyPressEvent(self, event):
        self.heard.append(event.key())

    def keyReleaseEvent(self, event):
        self.heard.append(-event.key())


class Window(QMainWindow):
    """A window with a canvas, a dock that owns keys, and all kinds of fields."""

    def __init__(self) -> None:
        super().__init__()
        self.canvas = Listener()
        self.setCentralWidget(self.canvas)
        self.inner = QWidget()
        column = QVBoxLayout(self.inner)
        self.fields = {
            kind: kind() for kind in (QLineEdit, QSpinBox, QPlainTextEdit, QSlider)
        }
        self.fixed, self.editable = QComboBox(), QComboBox()
        self.fixed.addItems(["Echo", "India"])
        self.editable.setEditable(True)
        for field in (*self.fields.values(), self.fixed, self.editable):
            column.addWidget(field)
        self.dock = QDockWidget()
        self.dock.setWidget(self.inner)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self.shortcuts, self.done = Shortcuts(self.inner), []
        self.shortcuts.set_actions(
            {
                (Qt.Key.Key_E, NO_MODIFIER): lambda: self.done.append("E"),
                (Qt.Key.Key_Right, NO_MODIFIER): lambda: self.done.append("→"),
                (Qt.Key.Key_Z, CONTROL): lambda: self.done.append("undo"),
            }
        )


def type_key(widget, *arguments):
    """Type a key as a person does: the widget has the focus."""
    give_focus(widget)
    QTest.keyClick(widget, *arguments)


def type_keys(widget, text):
    give_focus(widget)
    QTest.keyClicks(widget, text)


def give_focus(widget):
    focused = None
    for _ in range(100):
        QApplication.setActiveWindow(widget.window())
        widget.setFocus()
        QTest.qWait(10)
        focused = QApplication.focusWidget()
        # the field of a list has its list as proxy
        if focused in (widget, widget.parentWidget()):
            break
    assert focused in (widget, widget.parentWidget())


@pytest.fixture
def window(qtbot):
    window = Window()
    qtbot.addWidget(window)
    window.show()
    window.shortcuts.set_enabled(True)
    return window


def test_key_is_taken_whole(window):
    type_key(window.canvas, Qt.Key.Key_E)
    assert window.done == ["E"]
    # neither press nor release: napari would see half a key
    assert window.canvas.heard == []


def test_other_keys_and_other_modifiers_come_through(window):
    type_key(window.canvas, Qt.Key.Key_Q)
    type_key(window.canvas, Qt.Key.Key_E, Qt.KeyboardModifier.ShiftModifier)
    type_key(window.canvas, Qt.Key.Key_E, CONTROL)
    type_key(window.canvas, Qt.Key.Key_Z)
    e = Qt.Key.Key_E
    heard = [key for key in window.canvas.heard if key > 0 and key < 0x1000000]
    assert heard == [Qt.Key.Key_Q, e, e, Qt.Key.Key_Z]
    assert window.done == []


def test_switched_off_every_key_is_napari_s(window):
    window.shortcuts.set_enabled(False)
    type_key(window.canvas, Qt.Key.Key_E)
    assert window.canvas.heard == [Qt.Key.Key_E, -Qt.Key.Key_E]
    window.shortcuts.set_enabled(True)
    type_key(window.canvas, Qt.Key.Key_E)
    assert window.done == ["E"]


def test_modifier_key_works(window):
    type_key(window.canvas, Qt.Key.Key_Z, CONTROL)
    assert window.done == ["undo"]


@pytest.mark.parametrize("kind", [QLineEdit, QSpinBox, QPlainTextEdit])
def test_text_fields_keep_their_keys(window, kind):
    field = window.fields[kind]
    field.setFocus()
    type_key(field, Qt.Key.Key_E)
    type_key(field, Qt.Key.Key_Right)
    type_key(field, Qt.Key.Key_Z, CONTROL)
    assert window.done == []


def test_what_is_typed_is_written(window):
    line = window.fields[QLineEdit]
    type_keys(line, "even e")
    assert line.text() == "even e"
    assert window.done == []


def test_editable_list_keeps_its_keys_a_fixed_one_does_not(window):
    type_key(window.editable, Qt.Key.Key_E)
    type_key(window.editable.lineEdit(), Qt.Key.Key_E)
    assert window.done == []
    window.fixed.setCurrentIndex(1)
    type_key(window.fixed, Qt.Key.Key_E)
    assert window.done == ["E"]
    assert window.fixed.currentText() == "India"


def test_a_field_that_can_only_be_read_has_no_use_for_keys(window):
    line = window.fields[QLineEdit]
    line.setReadOnly(True)
    type_key(line, Qt.Key.Key_E)
    assert window.done == ["E"]


def test_sliders_do_not_keep_the_arrows(window):
    slider = window.fields[QSlider]
    type_key(slider, Qt.Key.Key_Right)
    assert window.done == ["→"]
    assert slider.value() == 0


def test_shortcut_of_the_window_does_not_fire(window):
    fired = []
    action = QAction("erase", window)
    action.setShortcut(QKeySequence("E"))
    action.triggered.connect(lambda: fired.append("erase"))
    window.addAction(action)
    give_focus(window.canvas)
    override = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_E, NO_MODIFIER, "e")
    override.ignore()
    QApplication.sendEvent(window.canvas, override)
    assert override.isAccepted()
    type_key(window.canvas, Qt.Key.Key_E)
    assert fired == []
    assert window.done == ["E"]


def test_layer_list_does_not_delete_or_search(window, qtbot):
    layers = LayerList(
        [Points(name="Echo"), Labels(np.zeros((4, 4), int), name="classes")]
    )
    view = QtLayerList(layers)
    left = QDockWidget(window)
    left.setWidget(view)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, left)
    window.shortcuts.set_actions(
        {(Qt.Key.Key_Backspace, NO_MODIFIER): lambda: window.done.append("undo")}
    )
    view.setFocus()
    type_key(view, Qt.Key.Key_Backspace)
    assert len(layers) == 2
    assert window.done == ["undo"]


def test_a_key_held_down_answers_once(window):
    give_focus(window.canvas)
    for repeat in (False, True, True):
        event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_E, NO_MODIFIER, "e", repeat)
        QApplication.sendEvent(window.canvas, event)
    assert window.done == ["E"]
    for repeat in (False, True):
        event = QKeyEvent(
            QEvent.Type.KeyPress, Qt.Key.Key_Right, NO_MODIFIER, "", repeat
        )
        QApplication.sendEvent(window.canvas, event)
    assert window.done == ["E", "→", "→"]
    assert window.canvas.heard == []


def test_arrow_with_the_mark_of_a_keypad_works(window):
    type_key(window.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.KeypadModifier)
    assert window.done == ["→"]


def test_works_in_a_dock_that_floats(window):
    other, listener = QDockWidget(window), Listener()
    other.setWidget(listener)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, other)
    other.setFloating(True)
    other.show()
    type_key(listener, Qt.Key.Key_E)
    window.dock.setFloating(True)
    type_key(listener, Qt.Key.Key_E)
    type_key(window.canvas, Qt.Key.Key_E)
    assert window.done == ["E", "E", "E"]


def test_dialogs_and_other_windows_keep_their_keys(window, qtbot):
    dialog, lonely = QDialog(window), Listener()
    inside = Listener()
    QVBoxLayout(dialog).addWidget(inside)
    for widget in (dialog, lonely):
        qtbot.addWidget(widget)
        widget.show()
    type_key(inside, Qt.Key.Key_E)
    type_key(lonely, Qt.Key.Key_E)
    assert window.done == []
    assert len(inside.heard) == len(lonely.heard) == 2


def test_two_windows_are_independent(window, qtbot):
    other = Window()
    qtbot.addWidget(other)
    other.show()
    type_key(other.canvas, Qt.Key.Key_E)
    assert (window.done, other.done) == ([], [])
    other.shortcuts.set_enabled(True)
    type_key(other.canvas, Qt.Key.Key_E)
    type_key(window.canvas, Qt.Key.Key_E)
    assert (window.done, other.done) == (["E"], ["E"])


def test_behind_another_tab_keys_rest(window, qtbot):
    front = QDockWidget(window)
    front.setWidget(Listener())
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, front)
    window.tabifyDockWidget(window.dock, front)
    qtbot.waitUntil(lambda: window.findChildren(QTabBar) != [])
    (tabs,) = window.findChildren(QTabBar)
    # the tabs follow when the docks are laid out
    qtbot.wait(300)
    tabs.setCurrentIndex(1)
    qtbot.waitUntil(lambda: window.dock.x() < 0)
    type_key(window.canvas, Qt.Key.Key_E)
    assert window.done == [] and window.shortcuts.enabled
    tabs.setCurrentIndex(0)
    qtbot.waitUntil(lambda: window.dock.x() > 0)
    type_key(window.canvas, Qt.Key.Key_E)
    assert window.done == ["E"]


def test_a_list_with_keys_of_its_own_keeps_them(window):
    window.canvas.setProperty(OWN_KEYS_PROPERTY, True)
    type_key(window.canvas, Qt.Key.Key_E)
    assert window.done == []
    assert window.canvas.heard == [Qt.Key.Key_E, -Qt.Key.Key_E]


def test_closed_dock_gives_the_keys_back(window):
    window.dock.close()
    type_key(window.canvas, Qt.Key.Key_E)
    assert window.done == []
    assert not window.shortcuts.active


def test_deleted_dock_gives_the_keys_back(window, qtbot):
    window.inner.deleteLater()
    qtbot.wait(20)
    type_key(window.canvas, Qt.Key.Key_E)
    assert window.done == []
    assert window.canvas.heard == [Qt.Key.Key_E, -Qt.Key.Key_E]


def test_moves_of_the_mouse_call_python_for_the_focused_widget_alone(
    window, monkeypatch
):
    calls = []

    def count(kind):
        original = kind.eventFilter

        def counted(self, watched, event):
            calls.append(event.type())
            return original(self, watched, event)

        monkeypatch.setattr(kind, "eventFilter", counted)

    def calls_of_moves():
        calls.clear()
        for k in range(1000):
            QTest.mouseMove(window.canvas, QPoint(5 + k % 50, 5 + k // 50))
            QApplication.processEvents()
        return len(calls)

    count(Shortcuts)
    count(key_filter._KeyFilter)
    window.resize(900, 600)
    window.canvas.setMouseTracking(True)
    give_focus(window.fields[QLineEdit])
    # a few for the cursor of the field
    assert calls_of_moves() < 20
    # one for each event of the canvas, none for its parents and other objects
    give_focus(window.canvas)
    assert 1000 <= calls_of_moves() < 1100
    window.shortcuts.set_enabled(False)
    assert calls_of_moves() < 20
