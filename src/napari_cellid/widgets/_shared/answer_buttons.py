"""Buttons and keys that give the answers of a study."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QSize, Qt, Signal
from qtpy.QtGui import QIcon, QKeyEvent, QKeySequence
from qtpy.QtWidgets import QGridLayout, QPushButton, QSizePolicy, QWidget

from napari_cellid.annotation.answer import answer_keys, answer_text
from napari_cellid.colours import answer_colours
from napari_cellid.widgets._shared.dock_front import is_in_front
from napari_cellid.widgets._shared.key_filter import OWN_KEYS_PROPERTY
from napari_cellid.widgets._shared.shortcut_list import ShortcutGroup, title_of
from napari_cellid.widgets._shared.swatch import SWATCH_SIZE, swatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.config import StudyConfig

_COLUMNS = 3


class AnswerButtons(QWidget):
    """A button for each answer of a study, with its colour and key."""

    #: the answer whose button was clicked
    answer_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[str, QPushButton] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)

    def set_config(self, config: StudyConfig) -> None:
        """Show the answers of a study, in two rows or more."""
        for button in self.buttons.values():
            # at once, or the old ones would still show through the new ones
            button.setParent(None)
            button.deleteLater()
        self.buttons.clear()
        colours, keys = answer_colours(config), answer_keys(config)
        positions = _grid_positions(len(config.visible_classes))
        for answer, position in zip(config.offered_answers, positions, strict=True):
            self._grid.addWidget(self._button(answer, colours, keys), *position)

    def _button(
        self, answer: str, colours: Mapping[str, str], keys: Mapping[str, str]
    ) -> QPushButton:
        button = QPushButton(f"{answer_text(answer)}  {keys[answer]}")
        button.setIcon(QIcon(swatch(colours[answer])))
        button.setIconSize(QSize(SWATCH_SIZE, SWATCH_SIZE))
        button.setToolTip(f"Key {keys[answer]}")
        # a long name must not widen the whole dock; the keys stay with the list
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        # the focus stays where keys are read, such as in the canvas
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(partial(self._choose, answer))
        self.buttons[answer] = button
        return button

    def _choose(self, answer: str, _: bool) -> None:
        self.answer_chosen.emit(answer)


class AnswerKeys(QObject):
    """The letters of a study's answers, and undo, while a widget has the focus.

    These are no Qt shortcuts: two docks that bind the same letter would silence one
    another, and a list would search for entries that begin with that letter.

    Parameters
    ----------
    widget
        The widget whose key events are read.
    """

    #: the answer whose key was pressed
    answer_chosen = Signal(str)
    undo_requested = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._answers: dict[str, str] = {}
        widget.setProperty(OWN_KEYS_PROPERTY, True)
        widget.installEventFilter(self)

    def set_config(self, config: StudyConfig) -> None:
        """Use the keys of this study."""
        self._answers = {key: answer for answer, key in answer_keys(config).items()}

    def shortcut_group(self) -> ShortcutGroup | None:
        """The keys in words; None while the widget is not seen."""
        if not self._widget.isVisible() or not is_in_front(self._widget):
            return None
        answers = [(key, answer_text(name)) for key, name in self._answers.items()]
        undo = QKeySequence(QKeySequence.StandardKey.Undo)
        text = undo.toString(QKeySequence.SequenceFormat.NativeText)
        return ShortcutGroup(
            f"{title_of(self._widget)}: cells that are selected in the list",
            (*answers, (text, "take the last answer back")),
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Act on the keys of answers and on undo; leave every other key alone."""
        if event.type() not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return False
        undo = event.matches(QKeySequence.StandardKey.Undo)
        answer = self._answer(event)
        if not (undo or answer):
            return False
        event.accept()
        # accepted, so that Qt sends the key again as a press instead of to a shortcut
        if event.type() == QEvent.Type.ShortcutOverride:
            return False
        if undo:
            self.undo_requested.emit()
        elif not event.isAutoRepeat():
            self.answer_chosen.emit(answer)
        return True

    def _answer(self, event: QKeyEvent) -> str:
        if event.modifiers() != Qt.KeyboardModifier.NoModifier:
            return ""
        return self._answers.get(event.text().upper(), "")


def _grid_positions(n_classes: int) -> list[tuple[int, int, int, int]]:
    """Row, column and spans: classes in rows of three, then the two other answers."""
    # six columns, for two and three share a row's width
    classes = [(k // _COLUMNS, 2 * (k % _COLUMNS), 1, 2) for k in range(n_classes)]
    row = -(-n_classes // _COLUMNS)
    return [*classes, (row, 0, 1, 3), (row, 3, 1, 3)]
