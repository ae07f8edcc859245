"""Keys that work wherever the focus is in napari's window, and can be switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qtpy.QtGui import QKeyEvent

#: a key and the modifiers that must be held with it, and no others
Stroke = tuple[int, Qt.KeyboardModifier]
NONE, CONTROL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
_KINDS = (
    QEvent.Type.ShortcutOverride,
    QEvent.Type.KeyPress,
    QEvent.Type.KeyRelease,
)
_TEXT = (QLineEdit, QAbstractSpinBox, QTextEdit, QPlainTextEdit)
#: property of a widget whose own keys come first while it has the focus, such as a list
#: of cells that are answered with the same letters
OWN_KEYS = "napari_cellid_own_keys"
#: these may be held down; an answer is given once however long its key is
_REPEATING = {Qt.Key.Key_Left, Qt.Key.Key_Right}


class Keys(QObject):
    """Takes some keys before napari's window does, while it is switched on.

    napari binds letters on layers (E erases in a labels layer) and on its layer list
    (Backspace deletes a layer), so that bindings of the viewer do not work everywhere.
    This looks at key events on their way to any widget of the window.

    Parameters
    ----------
    owner
        The dock widget: keys work in the window that it belongs to, while it can be
        seen.
    """

    #: whether they are on now
    switched = Signal(bool)

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self._strokes: dict[Stroke, Callable[[], object]] = {}
        self._on = False
        self._listening = False
        self._down: set[int] = set()
        owner.installEventFilter(self)

    @property
    def on(self) -> bool:
        """Whether the keys are taken."""
        return self._on

    @property
    def listening(self) -> bool:
        """Whether they are on and the dock can be seen."""
        return self._listening

    def bind(self, strokes: Mapping[Stroke, Callable[[], object]]) -> None:
        """Say what each key does; those of before are forgotten."""
        self._strokes = {(int(key), held): act for (key, held), act in strokes.items()}

    def switch(self, on: bool) -> None:
        """Take the keys, or leave them to napari."""
        changed, self._on = on != self._on, on
        self._listen(on and self._owner.isVisible())
        if changed:
            self.switched.emit(on)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Act on a key of ours and keep it from everybody else."""
        kind = event.type()
        if kind not in _KINDS:
            if watched is self._owner and kind in (QEvent.Type.Show, QEvent.Type.Hide):
                self._listen(self._on and kind == QEvent.Type.Show)
            return False
        if not self._listening or not isinstance(watched, QWidget):
            return False
        key = event.key()
        if kind == QEvent.Type.KeyRelease:
            return self._released(key, event)
        act = self._strokes.get((key, _held(event)))
        if act is None or not self._is_ours(watched):
            return False
        if kind == QEvent.Type.ShortcutOverride:
            # or a shortcut of napari would fire, and no key press come
            event.accept()
            return True
        self._down.add(key)
        if not event.isAutoRepeat() or key in _REPEATING:
            act()
        return True

    def _listen(self, listening: bool) -> None:
        if listening == self._listening:
            return
        self._listening = listening
        self._down.clear()
        application = QApplication.instance()
        if listening:
            application.installEventFilter(self)
        else:
            application.removeEventFilter(self)

    def _released(self, key: int, event: QKeyEvent) -> bool:
        ours = key in self._down
        if not event.isAutoRepeat():
            self._down.discard(key)
        return ours

    def _is_ours(self, watched: QWidget) -> bool:
        if QApplication.activeModalWidget() or QApplication.activePopupWidget():
            return False
        if not _in_sight(self._owner):
            return False
        if _has_own_keys(watched) or _has_own_keys(QApplication.focusWidget()):
            return False
        return not _takes_text(watched) and _window(watched) is _window(self._owner)


def _held(event: QKeyEvent) -> Qt.KeyboardModifier:
    # on a Mac arrow keys count as part of the keypad
    return event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier


def _in_sight(widget: QWidget) -> bool:
    """Whether a widget is not behind a tab, where nobody would see what a key does."""
    # Qt moves a dock behind a tab out of the window and calls it visible
    window = widget.window()
    place = QRect(widget.mapTo(window, QPoint()), widget.size())
    return bool(window.rect().intersects(place))


def _has_own_keys(widget: QWidget | None) -> bool:
    return widget is not None and bool(widget.property(OWN_KEYS))


def _takes_text(widget: QWidget) -> bool:
    """Whether letters typed there are meant to be written."""
    focus = widget.focusWidget() or widget
    for one in (widget, focus):
        if isinstance(one, QComboBox) and one.isEditable():
            return True
        if isinstance(one, _TEXT) and not _only_shows(one):
            return True
    return False


def _only_shows(widget: QWidget) -> bool:
    shows = isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit)
    return shows and widget.isReadOnly()


def _window(widget: QWidget) -> QWidget:
    """The window that a widget belongs to; of a dock that floats, the main window."""
    while not isinstance(widget, QDialog) and widget.parentWidget() is not None:
        widget = widget.parentWidget()
    return widget
