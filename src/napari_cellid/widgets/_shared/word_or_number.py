"""A field that takes one of some words or a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QSizePolicy, QWidget

from napari_cellid.widgets._shared.number_boxes import format_number, parse_number

if TYPE_CHECKING:
    from collections.abc import Sequence


class WordOrNumberBox(QComboBox):
    """Words to choose from; a number in a range can be typed instead.

    What is typed counts on Enter or when the field is left; what is neither a word nor
    a number in the range is replaced by the value before.
    """

    valueChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._low, self._high = 0.0, 1.0
        self._value: str | float = ""
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        # a long entry must not widen the whole dock
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.textActivated.connect(self._on_text)
        self.lineEdit().editingFinished.connect(self._on_typed)

    def set_alternatives(self, words: Sequence[str], low: float, high: float) -> None:
        """Set the words, and the range of the number."""
        self._low, self._high = low, high
        self.addItems(list(words))
        self.setValue(words[0])

    def value(self) -> str | float:
        """The word, or the number."""
        return self._value

    def setValue(self, value: str | float) -> None:
        """Show a word or a number, if it is one of the words or in the range."""
        text = value if isinstance(value, str) else format_number(value)
        self._on_text(text)

    def _on_typed(self) -> None:
        self._on_text(self.currentText())

    def _on_text(self, text: str) -> None:
        value = self._parsed(text)
        changed = value != self._value
        self._value = value
        self.setEditText(value if isinstance(value, str) else format_number(value))
        if changed:
            self.valueChanged.emit(value)

    def _parsed(self, text: str) -> str | float:
        word = text.strip().lower()
        if self.findText(word) >= 0:
            return word
        number = parse_number(text)
        if number is not None and self._low <= number <= self._high:
            return number
        return self._value
