"""Fields for numbers that are typed: point and comma alike, in every locale."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qtpy.QtCore import QLocale, Qt, Signal
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSpinBox, QWidget
from superqt import QDoubleSlider
from superqt.utils import signals_blocked

if TYPE_CHECKING:
    from qtpy.QtGui import QKeyEvent, QShowEvent

#: decimals of the numbers that can be set
DECIMALS = 6
#: step of a slider for fractions
STEP = 0.01
_POINTS = str.maketrans({",": ".", "٫": "."})
_NUMBER_PARTS = re.compile(r"[-+0-9.,٫eE ]*")
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


def parse_number(text: str) -> float | None:
    """Read a number with a decimal point or a decimal comma.

    Parameters
    ----------
    text
        What was typed. Separators of thousands are not understood, because "1,234"
        would be another number for an English than for a German reader.

    Returns
    -------
    The number; None if the text is not a number, or not yet one.
    """
    plain = text.strip().translate(_POINTS)
    return float(plain) if _NUMBER.fullmatch(plain) else None


def validate_number(text: str, low: float, high: float) -> QValidator.State:
    """Tell whether a text is a number in a range.

    Anything of which a number consists can be typed, even if it is no valid number.
    If the field dropped the point of "1.17" or the last digit of a number that is too
    large, then another valid number would remain without notice.
    """
    number = parse_number(text)
    if number is not None and low <= number <= high:
        return QValidator.State.Acceptable
    if _NUMBER_PARTS.fullmatch(text):
        return QValidator.State.Intermediate
    return QValidator.State.Invalid


def format_number(number: float, decimals: int = DECIMALS) -> str:
    """Write a number with a decimal point and without trailing zeros."""
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class FloatSpinBox(QDoubleSpinBox):
    """A decimal number; what is not valid is replaced by the number before.

    It counts when the user presses Enter or leaves the field. It is shown with a
    point, as in tables, files and the command line.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDecimals(DECIMALS)
        # else the beginning of a number that is not valid would count
        self.setKeyboardTracking(False)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Tell whether a text is a number in the range; shows a comma as a point."""
        if text and text == self.specialValueText():
            return QValidator.State.Acceptable, text, position
        state = validate_number(text, self.minimum(), self.maximum())
        if state == QValidator.State.Acceptable:
            text = text.translate(_POINTS)
        return state, text, position

    def fixup(self, text: str) -> str:
        """Leave a text that is not valid: Qt would drop separators of thousands."""
        return text

    def valueFromText(self, text: str) -> float:
        """The number that a text says; the least one for the special text."""
        number = parse_number(text)
        return self.minimum() if number is None else number

    def textFromValue(self, value: float) -> str:
        """The text that shows a number."""
        return format_number(value, self.decimals())


class IntSpinBox(QSpinBox):
    """A whole number; what is not valid is replaced by the number before."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setKeyboardTracking(False)
        # digits and minus of this locale are those that `int` reads
        self.setLocale(QLocale.c())

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Tell whether a text is a whole number in the range."""
        if text and text == self.specialValueText():
            return QValidator.State.Acceptable, text, position
        state = validate_number(text, self.minimum(), self.maximum())
        if state == QValidator.State.Acceptable and not _is_whole(text):
            state = QValidator.State.Intermediate
        return state, text, position

    def fixup(self, text: str) -> str:
        """Leave a text that is not valid: Qt would drop separators of thousands."""
        return text

    def valueFromText(self, text: str) -> int:
        """The number that a text says; the least one for the special text."""
        return self.minimum() if text == self.specialValueText() else int(text)


class _SteppedSlider(QDoubleSlider):
    """A slider that the user moves in steps, with the mouse or with keys."""

    def setSliderPosition(self, position: float) -> None:
        """Move to the step that is nearest to a position of the mouse."""
        step = self.singleStep()
        super().setSliderPosition(round(round(position / step) * step, DECIMALS))

    def setValue(self, value: float) -> None:
        """Show a number, also one between two steps."""
        super().setValue(round(value, DECIMALS))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move with arrow and page keys, which the slider of superqt does not do."""
        value, step, page = self.value(), self.singleStep(), self.pageStep()
        targets = {
            Qt.Key.Key_Left: value - step,
            Qt.Key.Key_Down: value - step,
            Qt.Key.Key_Right: value + step,
            Qt.Key.Key_Up: value + step,
            Qt.Key.Key_PageDown: value - page,
            Qt.Key.Key_PageUp: value + page,
            Qt.Key.Key_Home: self.minimum(),
            Qt.Key.Key_End: self.maximum(),
        }
        target = targets.get(Qt.Key(event.key()))
        if target is None:
            super().keyPressEvent(event)
        else:
            self.setValue(target)


class FractionSlider(QWidget):
    """A slider for a fraction, with the number beside it, which can be typed.

    `QLabeledDoubleSlider` of superqt has another number field: it rounds to two
    decimals, follows the locale and raises an error for a comma.
    """

    valueChanged = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = _SteppedSlider(Qt.Orientation.Horizontal)
        self.number = FloatSpinBox()
        self.number.setButtonSymbols(FloatSpinBox.ButtonSymbols.NoButtons)
        self.number.setStyleSheet("background: transparent; border: 0; padding: 0;")
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        self.setFocusProxy(self.slider)
        self.slider.valueChanged.connect(self._on_slider)
        self.number.valueChanged.connect(self.setValue)

    def showEvent(self, event: QShowEvent) -> None:
        """Make the number as wide as the style needs."""
        super().showEvent(event)
        # only now, because napari's style sets the font when a widget is shown
        text_width = self.number.fontMetrics().horizontalAdvance("0.0000")
        self.number.setFixedWidth(text_width)

    def value(self) -> float:
        """The fraction."""
        value: float = self.slider.value()
        return value

    def setValue(self, value: float) -> None:
        """Show a fraction, also one between two steps of the slider."""
        self.slider.setValue(value)

    def minimum(self) -> float:
        """The least fraction."""
        low: float = self.slider.minimum()
        return low

    def setMinimum(self, low: float) -> None:
        """Set the least fraction."""
        self.number.setMinimum(low)
        self.slider.setMinimum(low)

    def maximum(self) -> float:
        """The largest fraction."""
        high: float = self.slider.maximum()
        return high

    def setMaximum(self, high: float) -> None:
        """Set the largest fraction."""
        self.number.setMaximum(high)
        self.slider.setMaximum(high)

    def singleStep(self) -> float:
        """The step of the slider."""
        step: float = self.slider.singleStep()
        return step

    def setSingleStep(self, step: float) -> None:
        """Set the step of the slider."""
        self.slider.setSingleStep(step)

    def _on_slider(self, value: float) -> None:
        # or the number would move the slider again
        with signals_blocked(self.number):
            self.number.setValue(value)
        self.valueChanged.emit(value)


def _is_whole(text: str) -> bool:
    return text.strip().lstrip("+-").isdecimal()
