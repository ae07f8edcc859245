"""Forms that edit settings: a container of magicgui, checked by pydantic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget
from superqt.utils import signals_blocked

from napari_cellid.config import Config
from napari_cellid.widgets._shared.layouts import CollapsibleSection
from napari_cellid.widgets._shared.settings_container import (
    field_title,
    settings_container,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class SettingsForm(QWidget):
    """A form that edits the settings of one pydantic model, or some of its fields.

    Fields that are models themselves are collapsible groups below the others.

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
        self._names = tuple(fields or model.model_fields)
        self.groups = {
            name: SettingsForm(kind)
            for name in self._names
            if (kind := _nested_model(model, name)) is not None
        }
        plain = [name for name in self._names if name not in self.groups]
        self.container = settings_container(model, plain)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.container.native)
        for name, form in self.groups.items():
            title = field_title(name, model.model_fields[name])
            layout.addWidget(CollapsibleSection(title, [form]))
            form.valueChanged.connect(self._on_changed)
        self.container.changed.connect(self._on_changed)

    def values(self) -> dict[str, Any]:
        """Values of the fields that are shown, by name."""
        return {
            name: self.groups[name].value()
            if name in self.groups
            else self.container[name].value
            for name in self._names
        }

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
        # one signal for all fields together, below
        with signals_blocked(self):
            for name in self._names:
                target = getattr(validated, name)
                if name in self.groups:
                    self.groups[name].setValue(target)
                else:
                    self.container[name].value = target
        if self.values() != before:
            self.valueChanged.emit()

    def editor(self, name: str) -> QWidget:
        """The Qt widget that edits a field."""
        if name in self.groups:
            return self.groups[name]
        native: QWidget = self.container[name].native
        return native

    def _on_changed(self) -> None:
        self.valueChanged.emit()


def _nested_model(model: type[Config], name: str) -> type[Config] | None:
    kind: Any = model.model_fields[name].annotation
    nested = isinstance(kind, type) and issubclass(kind, Config)
    return kind if nested else None
