"""Editor of the keys of a study's classes."""

from __future__ import annotations

from pydantic import ValidationError
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QLineEdit, QWidget

from napari_cellid.annotation.answer import answer_text
from napari_cellid.config import SPECIAL_KEYS, StudyConfig
from napari_cellid.widgets._shared.layouts import small_text

#: wide enough for the widest letter
_WIDTH = 40


class ClassKeyEditor(QWidget):
    """A letter for each class; a letter that is in use already is rejected."""

    #: the `StudyConfig` with the keys that the user typed
    valueChanged = Signal(object)
    #: why a key cannot be used, one sentence
    rejected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fields: dict[str, QLineEdit] = {}
        self._config = StudyConfig()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)

    def value(self) -> StudyConfig:
        """The study's settings with the keys that are shown."""
        return self._config

    def setValue(self, config: StudyConfig) -> None:
        """Show the keys of a study."""
        while self._grid.count():
            widget = self._grid.takeAt(0).widget()
            widget.setParent(None)
            widget.deleteLater()
        self.fields.clear()
        self._config = config
        for row, study_class in enumerate(config.classes):
            field = QLineEdit(study_class.key)
            field.setMaxLength(1)
            field.setFixedWidth(_WIDTH)
            field.setAlignment(Qt.AlignmentFlag.AlignCenter)
            field.setToolTip(f"<qt>Letter that answers “{study_class.name}”.</qt>")
            field.editingFinished.connect(self._on_edited)
            # otherwise the shortcuts would be typed into it
            field.returnPressed.connect(field.clearFocus)
            self.fields[study_class.name] = field
            self._grid.addWidget(field, row, 0)
            self._grid.addWidget(QLabel(study_class.name), row, 1)
        fixed = ", ".join(f"{k} {answer_text(a)}" for a, k in SPECIAL_KEYS.items())
        hint = small_text()
        hint.setText(f"The same in every study: {fixed}")
        self._grid.addWidget(hint, len(config.classes), 0, 1, 2)

    def _on_edited(self) -> None:
        keys = {name: field.text().upper() for name, field in self.fields.items()}
        before = {shown.name: shown.key for shown in self._config.classes}
        if keys == before:
            return
        values = self._config.model_dump()
        for study_class in values["classes"]:
            study_class["key"] = keys[study_class["name"]]
        try:
            config = StudyConfig.model_validate(values)
        except ValidationError:
            reserved = ", ".join(SPECIAL_KEYS.values())
            self.rejected.emit(
                "Each class needs a letter of its own from A to Z, other than "
                f"{reserved}; the keys were not changed."
            )
            for name, key in before.items():
                self.fields[name].setText(key)
            return
        self.valueChanged.emit(config)
