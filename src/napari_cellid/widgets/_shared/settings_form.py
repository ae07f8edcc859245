"""Forms made from settings: one row for each field, with its range and tooltip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QWidget,
)

from napari_cellid.config import Config
from napari_cellid.widgets._shared.layouts import form_layout, group_box

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pydantic.fields import FieldInfo

_LARGEST = 2**31 - 1
_DECIMALS = 6
#: positions of a slider between 0 and 1
_STEPS = 100


@dataclass(frozen=True)
class _Editor:
    """A widget that edits one field."""

    widget: QWidget
    get: Callable[[], Any]
    set: Callable[[Any], Any]
    changed: Any


class SettingsForm(QWidget):
    """A form that edits the settings of one pydantic model, or some of its fields.

    Parameters
    ----------
    model
        The settings model.
    fields
        Names of the fields to show, in order; all without it.
    """

    valueChanged = Signal()

    def __init__(
        self,
        model: type[Config],
        fields: Sequence[str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._editors: dict[str, _Editor] = {}
        layout = form_layout(self)
        for name in fields or model.model_fields:
            self._add_row(layout, name, model.model_fields[name])

    def values(self) -> dict[str, Any]:
        """Values of the fields that are shown, by name."""
        return {name: editor.get() for name, editor in self._editors.items()}

    def value(self) -> Config:
        """The settings; fields that are not shown have their defaults."""
        return self._model(**self.values())

    def setValue(self, value: Config | Mapping[str, Any]) -> None:
        """Show settings.

        Raises
        ------
        pydantic.ValidationError
            If they are not valid; then nothing changes.
        """
        settings = value if isinstance(value, Config) else dict(value)
        validated = self._model.model_validate(settings)
        before = self.values()
        blocker = QSignalBlocker(self)
        for name, editor in self._editors.items():
            editor.set(getattr(validated, name))
        blocker.unblock()
        if self.values() != before:
            self.valueChanged.emit()

    def editor(self, name: str) -> QWidget:
        """The widget that edits a field."""
        return self._editors[name].widget

    def _add_row(self, layout: QFormLayout, name: str, field: FieldInfo) -> None:
        editor = _editor(field)
        title = field.title or name.replace("_", " ").capitalize()
        editor.set(field.get_default(call_default_factory=True))
        editor.changed.connect(self._on_changed)
        self._editors[name] = editor
        if isinstance(editor.widget, SettingsForm):
            layout.addRow(group_box(title, editor.widget))
            return
        editor.widget.setObjectName(name)
        editor.widget.setToolTip(_rich_text(field.description or ""))
        layout.addRow(title, editor.widget)
        layout.labelForField(editor.widget).setToolTip(editor.widget.toolTip())

    def _on_changed(self) -> None:
        self.valueChanged.emit()


def _editor(field: FieldInfo) -> _Editor:
    field_type: Any = field.annotation
    low, high = _bounds(field)
    if get_origin(field_type) is Literal:
        return _combo_editor(get_args(field_type))
    if field_type is bool:
        box = QCheckBox()
        return _Editor(box, box.isChecked, box.setChecked, box.toggled)
    if field_type is int:
        spin = QSpinBox()
        spin.setRange(int(low), int(high))
        return _Editor(spin, spin.value, spin.setValue, spin.valueChanged)
    if field_type is float:
        number = _Slider(low, high) if _fits_slider(field) else _spin_box(low, high)
        return _Editor(number, number.value, number.setValue, number.valueChanged)
    if isinstance(field_type, type) and issubclass(field_type, Config):
        form = SettingsForm(field_type)
        return _Editor(form, form.value, form.setValue, form.valueChanged)
    raise TypeError(f"There is no editor for fields of type {field_type}.")


def _fits_slider(field: FieldInfo) -> bool:
    """Whether a fraction can be set on a slider: not where its default is tiny."""
    low, high = _bounds(field)
    default = field.get_default(call_default_factory=True)
    return 0 <= low < high <= 1 and not 0 < default < 1 / _STEPS


def _combo_editor(options: Sequence[Any]) -> _Editor:
    box = QComboBox()
    # a long entry must not widen the whole dock
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    for option in options:
        box.addItem(str(option), option)

    def choose(option: Any) -> None:
        box.setCurrentIndex(options.index(option))

    return _Editor(box, box.currentData, choose, box.currentIndexChanged)


def _spin_box(low: float, high: float) -> QDoubleSpinBox:
    spin = CompactDoubleSpinBox()
    spin.setDecimals(_DECIMALS)
    spin.setRange(low, high)
    spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
    return spin


class CompactDoubleSpinBox(QDoubleSpinBox):
    """A number without trailing zeros."""

    def textFromValue(self, value: float) -> str:
        """The text that shows a number."""
        return str(self.locale().toString(float(value), "g", _DECIMALS))


class _Slider(QWidget):
    """A slider for a fraction, with the number beside it."""

    valueChanged = Signal(float)

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self._value = float(low)
        self._text = QLabel()
        self._text.setFixedWidth(self._text.fontMetrics().horizontalAdvance("0.0000"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(round(low * _STEPS), round(high * _STEPS))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.slider, 1)
        row.addWidget(self._text)
        self.slider.valueChanged.connect(self._on_slider)
        self._show()

    def value(self) -> float:
        """The fraction."""
        return self._value

    def setValue(self, value: float) -> None:
        """Show a fraction, also one between two positions of the slider."""
        if value == self._value:
            return
        self._value = value
        self._show()
        self.valueChanged.emit(value)

    def _on_slider(self, position: int) -> None:
        self.setValue(position / _STEPS)

    def _show(self) -> None:
        blocker = QSignalBlocker(self.slider)
        self.slider.setValue(round(self._value * _STEPS))
        blocker.unblock()
        self._text.setText(self.locale().toString(self._value, "g", 4))


def _bounds(field: FieldInfo) -> tuple[float, float]:
    low, high = -float(_LARGEST), float(_LARGEST)
    step = 10.0**-_DECIMALS if field.annotation is float else 1
    for bound in field.metadata:
        low = getattr(bound, "ge", low)
        high = getattr(bound, "le", high)
        if hasattr(bound, "gt"):
            low = bound.gt + step
        if hasattr(bound, "lt"):
            high = bound.lt - step
    return low, high


def _rich_text(text: str) -> str:
    """A tooltip that Qt breaks into lines."""
    return f"<qt>{text}</qt>" if text else ""
