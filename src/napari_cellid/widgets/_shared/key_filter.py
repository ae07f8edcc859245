"""Shortcuts that work wherever the focus is in napari's window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt, Signal
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

from napari_cellid.widgets._shared.dock_front import is_in_front
from napari_cellid.widgets._shared.shortcut_list import (
    ShortcutGroup,
    lines_by_meaning,
    title_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qtpy.QtGui import QKeyEvent

#: a key and the modifiers that must be held with it, and no others
KeyCombination = tuple[int, Qt.KeyboardModifier]
NO_MODIFIER, CONTROL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
_KEY_EVENTS = (
    QEvent.Type.ShortcutOverride,
    QEvent.Type.KeyPress,
    QEvent.Type.KeyRelease,
)
_TEXT_WIDGETS = (QLineEdit, QAbstractSpinBox, QTextEdit, QPlainTextEdit)
#: property of a widget whose own keys have precedence while it has the focus, such as a
#: list of cells that are answered with the same letters
OWN_KEYS_PROPERTY = "napari_cellid_own_keys"
#: these may be held down; an answer is given once however long its key is
_REPEATING = {Qt.Key.Key_Left, Qt.Key.Key_Right}


class Shortcuts(QObject):
    """Shortcuts of a dock that have precedence over those of napari's window.

    napari binds letters on layers (E erases in a labels layer) and on its layer list
    (Backspace deletes a layer), so that key bindings of the viewer do not work
    everywhere. Therefore this filters the key events of the widget of the window that
    has the focus, whichever it is. Other widgets are not watched: a filter in Python
    that saw every event of the application would slow down each move of the mouse.

    Parameters
    ----------
    owner
        The dock widget. Its shortcuts work in the window that it belongs to, as long
        as it is visible.
    """

    enabled_changed = Signal(bool)

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self._actions: dict[KeyCombination, Callable[[], object]] = {}
        self._meanings: Mapping[KeyCombination, str] = {}
        self._enabled = False
        self._active = False
        self._pressed: set[int] = set()
        self._key_filter = _KeyFilter(self)
        owner.installEventFilter(self)

    @property
    def enabled(self) -> bool:
        """Whether the shortcuts are switched on."""
        return self._enabled

    @property
    def active(self) -> bool:
        """Whether they are switched on and the dock is visible."""
        return self._active

    def set_actions(
        self,
        actions: Mapping[KeyCombination, Callable[[], object]],
        meanings: Mapping[KeyCombination, str] | None = None,
    ) -> None:
        """Set what each key does, in place of all earlier actions.

        Parameters
        ----------
        actions
            Called when the key is pressed.
        meanings
            What the keys do, in words, for the list of shortcuts.
        """
        self._meanings = meanings or {}
        self._actions = {
            (int(key), modifiers): action
            for (key, modifiers), action in actions.items()
        }

    def set_enabled(self, enabled: bool) -> None:
        """Switch the shortcuts on, or leave their keys to napari."""
        changed, self._enabled = enabled != self._enabled, enabled
        self._set_active(enabled and self._owner.isVisible())
        if changed:
            self.enabled_changed.emit(enabled)

    def shortcut_group(self) -> ShortcutGroup | None:
        """The shortcuts in words; None while they do not hold."""
        if not self._active or not is_in_front(self._owner):
            return None
        return ShortcutGroup(title_of(self._owner), lines_by_meaning(self._meanings))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice whether the dock is visible."""
        kind = event.type()
        # a dock that the garbage collector deletes is hidden when this is empty already
        if kind in (QEvent.Type.Show, QEvent.Type.Hide) and vars(self):
            self._set_active(self._enabled and kind == QEvent.Type.Show)
        return False

    def filter_key(self, watched: QWidget, event: QKeyEvent) -> bool:
        """Act on a shortcut and keep its key from every widget, then return True."""
        kind, key = event.type(), event.key()
        if kind == QEvent.Type.KeyRelease:
            return self._filter_release(key, event)
        action = self._actions.get((key, _modifiers(event)))
        if action is None or not self._applies_to(watched):
            return False
        if kind == QEvent.Type.ShortcutOverride:
            # or a shortcut of napari would fire, and no key press come
            event.accept()
            return True
        self._pressed.add(key)
        if not event.isAutoRepeat() or key in _REPEATING:
            action()
        return True

    def _set_active(self, active: bool) -> None:
        if active == self._active:
            return
        self._active = active
        self._pressed.clear()
        application = QApplication.instance()
        if active:
            application.focusChanged.connect(self._watch_focus)
            self._watch_focus()
        else:
            application.focusChanged.disconnect(self._watch_focus)
            self._key_filter.watch(None)

    def _watch_focus(self) -> None:
        """Watch the widget that has the focus, to which Qt sends all keys."""
        focused, window = QApplication.focusWidget(), _window(self._owner)
        inside = focused is not None and _window(focused) is window
        # keys go to the window itself if no widget in it has the focus
        self._key_filter.watch(focused if inside else window)

    def _filter_release(self, key: int, event: QKeyEvent) -> bool:
        was_pressed = key in self._pressed
        if not event.isAutoRepeat():
            self._pressed.discard(key)
        return was_pressed

    def _applies_to(self, watched: QWidget) -> bool:
        if QApplication.activeModalWidget() or QApplication.activePopupWidget():
            return False
        if not is_in_front(self._owner):
            return False
        if _has_own_keys(watched) or _has_own_keys(QApplication.focusWidget()):
            return False
        return not _accepts_text(watched) and _window(watched) is _window(self._owner)


class _KeyFilter(QObject):
    """Filters the key events of one widget at a time."""

    def __init__(self, shortcuts: Shortcuts) -> None:
        super().__init__(shortcuts)
        self._shortcuts = shortcuts
        self._watched: QWidget | None = None

    def watch(self, widget: QWidget | None) -> None:
        """Filter the keys of this widget from now on; None for no widget."""
        if self._watched is not None and isalive(self._watched):
            self._watched.removeEventFilter(self)
        self._watched = widget
        if widget is not None:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Act on the keys of shortcuts; leave every other event alone."""
        if event.type() not in _KEY_EVENTS or not isinstance(watched, QWidget):
            return False
        return self._shortcuts.filter_key(watched, event)


def _modifiers(event: QKeyEvent) -> Qt.KeyboardModifier:
    # on a Mac arrow keys count as part of the keypad
    return event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier


def _has_own_keys(widget: QWidget | None) -> bool:
    return widget is not None and bool(widget.property(OWN_KEYS_PROPERTY))


def _accepts_text(widget: QWidget) -> bool:
    """Whether letters typed into a widget, or into its focused child, are text."""
    focused = widget.focusWidget() or widget
    for candidate in (widget, focused):
        if isinstance(candidate, QComboBox) and candidate.isEditable():
            return True
        if isinstance(candidate, _TEXT_WIDGETS) and not _is_read_only(candidate):
            return True
    return False


def _is_read_only(widget: QWidget) -> bool:
    text_widget = isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit)
    return text_widget and widget.isReadOnly()


def _window(widget: QWidget) -> QWidget:
    """The window that a widget belongs to; for a floating dock, the main window."""
    while not isinstance(widget, QDialog) and widget.parentWidget() is not None:
        widget = widget.parentWidget()
    return widget
