"""A magicgui container made from settings: one row for each field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from magicgui.backends._qtpy import widgets as backends
from magicgui.widgets import CheckBox, ComboBox
from magicgui.widgets.bases import (
    ButtonWidget,
    ContainerWidget,
    RangedWidget,
    ValueWidget,
)
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_cellid.config.base import choices_and_number
from napari_cellid.widgets._shared.layouts import form_layout
from napari_cellid.widgets._shared.number_boxes import (
    DECIMALS,
    STEP,
    FloatSpinBox,
    FractionSlider,
    IntSpinBox,
)
from napari_cellid.widgets._shared.word_or_number import WordOrNumberBox

if TYPE_CHECKING:
    from collections.abc import Iterable

    from magicgui.widgets import Widget
    from pydantic.fields import FieldInfo

    from napari_cellid.config import Config

#: the largest number that a spin box of Qt holds
_LARGEST = 2**31 - 1


# magicgui takes its widgets from such backends; their base classes have no public name
class _FloatSpinBoxBackend(backends.QBaseRangedWidget):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(FloatSpinBox, **kwargs)


class _IntSpinBoxBackend(backends.QBaseRangedWidget):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(IntSpinBox, **kwargs)

    def _pre_set_hook(self, value: float) -> int:
        return int(value)


class _FractionSliderBackend(backends.QBaseRangedWidget):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(FractionSlider, **kwargs)

    def _mgui_get_adaptive_step(self) -> bool:
        return False

    def _mgui_set_adaptive_step(self, value: bool) -> None:
        pass


class _WordOrNumberBackend(backends.QBaseValueWidget):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(WordOrNumberBox, "value", "setValue", "valueChanged", **kwargs)


class _FormBackend(backends.Container):
    """Rows of Qt's form layout: a third of the widgets of magicgui's own rows."""

    def __init__(
        self, layout: str = "vertical", scrollable: bool = False, **kwargs: Any
    ) -> None:
        backends.QBaseWidget.__init__(self, QWidget, **kwargs)
        self._layout = form_layout(self._qwidget)

    def _mgui_insert_widget(self, position: int, widget: Widget) -> None:
        if isinstance(widget, ButtonWidget):
            # it has its own text
            self._layout.insertRow(position, widget.native)
            return
        self._layout.insertRow(position, widget.label, widget.native)
        self._layout.labelForField(widget.native).setToolTip(widget.tooltip)


def settings_container(
    model: type[Config], fields: Iterable[str]
) -> ContainerWidget[Any]:
    """Make a container that edits some fields of a settings model.

    Parameters
    ----------
    model
        The settings model.
    fields
        Names of the fields, in order; none may be a model itself.

    Returns
    -------
    A container with one widget for each field, by its name.
    """
    widgets = [_field_widget(name, model.model_fields[name]) for name in fields]
    return ContainerWidget(widget_type=_FormBackend, widgets=widgets, labels=False)


def field_title(name: str, field: FieldInfo) -> str:
    """The text beside a field."""
    return field.title or name.replace("_", " ").capitalize()


def _field_widget(name: str, field: FieldInfo) -> ValueWidget[Any]:
    options: dict[str, Any] = {
        "name": name,
        "label": field_title(name, field),
        "tooltip": _rich_text(field.description or ""),
        "value": field.get_default(call_default_factory=True),
    }
    widget = _make_widget(field, options)
    widget.native.setObjectName(name)
    zero = field.json_schema_extra
    if isinstance(zero, dict) and "zero" in zero:
        # a word for 0 where it stands for a rule
        widget.native.setSpecialValueText(str(zero["zero"]))
    return widget


def _make_widget(field: FieldInfo, options: dict[str, Any]) -> ValueWidget[Any]:
    field_type: Any = field.annotation
    if field_type is bool:
        return CheckBox(**options)
    if field_type in (int, float):
        low, high = _bounds(field)
        backend, step = _number_backend(field)
        return RangedWidget(
            widget_type=backend, min=low, max=high, step=step, **options
        )
    if get_origin(field_type) is Literal:
        choices = [(str(option), option) for option in get_args(field_type)]
        widget = ComboBox(choices=choices, **options)
        # a long entry must not widen the whole dock
        policy = QSizePolicy.Policy
        widget.native.setSizePolicy(policy.Ignored, policy.Fixed)
        return widget
    words, _ = choices_and_number(field)
    if words:
        value = options.pop("value")
        either: ValueWidget[Any] = ValueWidget(
            widget_type=_WordOrNumberBackend, **options
        )
        either.native.set_alternatives(words, *_bounds(field))
        either.value = value
        return either
    raise TypeError(f"There is no widget for fields of type {field_type}.")


def _number_backend(
    field: FieldInfo,
) -> tuple[type[backends.QBaseRangedWidget], float | None]:
    """The widget of a number, and its step; None if that depends on the number."""
    if field.annotation is int:
        return _IntSpinBoxBackend, 1
    if _fits_slider(field):
        return _FractionSliderBackend, STEP
    return _FloatSpinBoxBackend, None


def _fits_slider(field: FieldInfo) -> bool:
    """Whether a fraction can be set on a slider: not where its default is tiny."""
    low, high = _bounds(field)
    default = field.get_default(call_default_factory=True)
    return 0 <= low < high <= 1 and not 0 < default < STEP


def _bounds(field: FieldInfo) -> tuple[float, float]:
    low, high = -float(_LARGEST), float(_LARGEST)
    step = 1 if field.annotation is int else 10.0**-DECIMALS
    for bound in choices_and_number(field)[1]:
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
