"""Changing the keys of a study's classes."""

from __future__ import annotations

from pydantic import ValidationError
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QLineEdit, QWidget

from napari_cellid.annotation.answer import answer_text
from napari_cellid.config import SPECIAL_KEYS, StudyConfig
from napari_cellid.widgets._shared.layouts import small_text

#: wide enough for the widest letter
_WIDTH = 40


class KeyEditor(QWidget):
    """A letter for each class; a letter that is taken is refused."""

    #: the `StudyConfig` with other keys
    changed = Signal(object)
    #: why a key cannot be used, one sentence
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fields: dict[str, QLineEdit] = {}
        self._config = StudyConfig()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)

    def set_config(self, config: StudyConfig) -> None:
        """Show the keys of a study."""
        while self._grid.count():
            widget = self._grid.takeAt(0).widget()
            widget.setParent(None)
            widget.deleteLater()
        self.fields.clear()
        self._config = config
        for row, one in enumerate(config.classes):
            field = QLineEdit(one.key)
            field.setMaxLength(1)
            field.setFixedWidth(_WIDTH)
            field.setAlignment(Qt.AlignmentFlag.AlignCenter)
            field.setToolTip(f"<qt>Letter that answers “{one.name}”.</qt>")
            field.editingFinished.connect(self._on_edited)
            # or the keys would be typed into it
            field.returnPressed.connect(field.clearFocus)
            self.fields[one.name] = field
            self._grid.addWidget(field, row, 0)
            self._grid.addWidget(QLabel(one.name), row, 1)
        fixed = ", ".join(f"{k} {answer_text(a)}" for a, k in SPECIAL_KEYS.items())
        same = small_text()
        same.setText(f"The same in every study: {fixed}")
        self._grid.addWidget(same, len(config.classes), 0, 1, 2)

    def _on_edited(self) -> None:
        keys = {name: field.text().upper() for name, field in self.fields.items()}
        if keys == {one.name: one.key for one in self._config.classes}:
            return
        values = self._config.model_dump()
        for one in values["classes"]:
            one["key"] = keys[one["name"]]
        try:
            config = StudyConfig.model_validate(values)
        except ValidationError:
            taken = ", ".join(SPECIAL_KEYS.values())
            self.refused.emit(
                "Every class needs a letter from A to Z of its own, other than "
                f"{taken}; the keys are as they were."
            )
            for one in self._config.classes:
                self.fields[one.name].setText(one.key)
            return
        self.changed.emit(config)
