"""What red marks, and the names of the classes that follow."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from pydantic import ValidationError
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit, QWidget
from superqt.utils import signals_blocked

from napari_cellid.colours import class_colours
from napari_cellid.config import Scheme
from napari_cellid.config.classes import STATES
from napari_cellid.config.markers import (
    SCHEME_DESCRIPTIONS,
    SCHEME_TITLES,
    asked_names,
    first_reason,
)
from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.layouts import form_layout, small_text
from napari_cellid.widgets._shared.markup import as_rich_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.config import SchemeName, StudyClass
    from napari_cellid.models.card import ModelCard

_EXAMPLES: dict[SchemeName, str] = {
    "red-subtype": "Name of the subtype, such as PV",
    "own": "red and green, green alone, red alone",
}
_NOT_SAID = "not said yet"


class SchemeChoice(QWidget):
    """A list of labelling schemes, a line for names, and the classes below it."""

    #: the user has chosen another scheme, or other names; `value` may raise
    valueChanged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.combo = QComboBox()
        # the choice is read without opening the list, so no title may be cut off
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.combo.setPlaceholderText(_NOT_SAID)
        for name, title in SCHEME_TITLES.items():
            self.combo.addItem(title, name)
            tip = as_rich_text(SCHEME_DESCRIPTIONS[name])
            self.combo.setItemData(
                self.combo.count() - 1, tip, Qt.ItemDataRole.ToolTipRole
            )
        self.names = QLineEdit()
        self.names.setToolTip(
            "<qt>Names of the classes, separated by commas; press Enter.</qt>"
        )
        self.legend = small_text()
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        form = form_layout(self)
        # above the list, which is as wide as the dock so
        title = QLabel("Red marks")
        title.setBuddy(self.combo)
        form.addRow(title)
        form.addRow(self.combo)
        form.addRow(self.names)
        form.addRow(self.legend)
        self.combo.activated.connect(self._on_chosen)
        self.names.editingFinished.connect(self._on_named)
        self._last_named = ""
        #: what the user has chosen last, while something else is shown
        self.chosen = Scheme()
        self.setValue(self.chosen)

    def value(self) -> Scheme:
        """The scheme that is chosen.

        Raises
        ------
        InputError
            If none is, or names are missing or cannot be names of classes.
        """
        name = self.combo.currentData()
        if name is None:
            raise InputError(
                "Nobody has said yet what red marks, so the names of the classes are "
                "not known; choose it under 'Red marks'."
            )
        text = self.names.text() if asked_names(name) else ""
        given = tuple(part.strip() for part in text.split(",") if part.strip())
        try:
            return Scheme(name=name, class_names=given)
        except ValidationError as error:
            raise InputError(
                f"The names of the classes cannot be used: {first_reason(error)}; type "
                "them below 'Red marks', separated by commas."
            ) from error

    def setValue(self, scheme: Scheme) -> None:
        """Show a scheme, as if nobody had chosen it."""
        self._show(scheme.name, ", ".join(scheme.class_names))
        self.show_classes(scheme.classes())

    def show_study(
        self, name: SchemeName | None, classes: Sequence[StudyClass]
    ) -> None:
        """Show the scheme of a study, whose classes may have been renamed."""
        asked = len(asked_names(name)) if name is not None else 0
        by_state = {one.markers: one.name for one in classes}
        names = [by_state.get(state, "") for state in STATES[:asked]]
        self._show(name, ", ".join(names))
        self.show_classes(classes)

    def show_model(self, card: ModelCard) -> None:
        """Show the scheme of a model that was trained in a study."""
        self._show(card.scheme, "")
        self.names.hide()
        colours = class_colours(card.classes)
        pairs = zip(card.states, card.classes, strict=True)
        self._show_names([(state or "", name, colours[name]) for state, name in pairs])

    def show_classes(self, classes: Sequence[StudyClass]) -> None:
        """Show what cells are called."""
        self._show_names(
            [(one.markers, one.name, one.colour) for one in classes if one.markers]
        )

    def _show_names(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Show rows of (marker state, name, colour)."""
        lines = [
            f"<span style='color:{colour}'>■</span> {escape(name)}: {state or 'other'}"
            for state, name, colour in rows
        ]
        self.legend.setText("<br>".join(lines))
        self.legend.setVisible(bool(lines))

    def _show(self, name: SchemeName | None, names: str) -> None:
        with signals_blocked(self.combo):
            self.combo.setCurrentIndex(self.combo.findData(name) if name else -1)
        self.names.setText(names)
        self._last_named = names
        self._show_parts()

    def _show_parts(self) -> None:
        name = self.combo.currentData()
        asks = name is not None and bool(asked_names(name))
        self.names.setVisible(asks)
        self.names.setPlaceholderText(_EXAMPLES.get(name, "") if asks else "")
        question = Scheme.model_fields["name"].description or ""
        tip = f"{question} {SCHEME_DESCRIPTIONS[name]}" if name else question
        self.combo.setToolTip(as_rich_text(tip))

    def _on_chosen(self) -> None:
        self.names.clear()
        self._last_named = ""
        self._show_parts()
        if self.names.isVisibleTo(self):
            self.show_classes(())
            self.names.setFocus()
        else:
            self._on_changed()

    def _on_named(self) -> None:
        # the signal comes again when the focus is lost
        if self.names.text() != self._last_named:
            self._last_named = self.names.text()
            self._on_changed()

    def _on_changed(self) -> None:
        try:
            self.chosen = self.value()
            self.show_classes(self.chosen.classes())
        except InputError:
            self.show_classes(())
        self.valueChanged.emit()
