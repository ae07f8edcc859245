"""Editor of a study's classes: names, keys, colours; add, hide, show, remove."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QPoint, Qt, Signal
from qtpy.QtGui import QColor, QIcon
from qtpy.QtWidgets import (
    QColorDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QWidget,
)

from napari_cellid.annotation.answer import answer_text
from napari_cellid.config import SPECIAL_KEYS, StudyConfig
from napari_cellid.config.classes import STATES
from napari_cellid.config.markers import SCHEME_TITLES
from napari_cellid.study.classes import (
    add_class,
    hide_class,
    recolour_class,
    rename_class,
    set_class_key,
    show_class,
)
from napari_cellid.widgets._shared.layouts import small_text
from napari_cellid.widgets._shared.markup import as_rich_text
from napari_cellid.widgets._shared.swatch import swatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_cellid.config import SchemeName, StudyClass

    #: makes changed settings of the settings that the study has
    Edit = Callable[[StudyConfig], StudyConfig]

#: wide enough for the widest letter (px)
_KEY_WIDTH = 34
_COLOUR, _NAME, _KEY, _MENU = range(4)
#: where red and green do not say which class a cell has
_ANY_MARKERS = "not determined by red and green"


class ClassEditor(QWidget):
    """A row for each class: colour, name, key, and a menu to hide or remove it.

    Every change is emitted as a function of the settings, which the session applies to
    the settings on the disk: what another window has changed is kept.
    """

    #: an `Edit`
    edited = Signal(object)
    #: id of a class that the user wants to remove
    removal_requested = Signal(str)
    #: id of a class, and the marker state that the user wants it to have, or ""
    markers_requested = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        #: rows of the visible classes, by id
        self.rows: dict[str, ClassRow] = {}
        #: buttons that show hidden classes again, by id
        self.show_buttons: dict[str, QToolButton] = {}
        self.new_name = QLineEdit()
        self.new_name.setPlaceholderText("Name of a new class")
        self.new_name.setToolTip(
            "<qt>Adds a class, with a free key and colour. A name that a class has "
            "had cannot be given to another one.</qt>"
        )
        self.add_button = QPushButton("Add")
        self._config = StudyConfig()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(_NAME, 1)
        self.new_name.returnPressed.connect(self._add)
        self.add_button.clicked.connect(self._add)

    def value(self) -> StudyConfig:
        """The study's settings that are shown."""
        return self._config

    def setValue(self, config: StudyConfig) -> None:
        """Show the classes of a study."""
        self._config = config
        self._clear()
        for study_class in config.visible_classes:
            self._add_row(study_class)
        self._add_new_row()
        for study_class in config.classes:
            if study_class.hidden:
                self._add_hidden_row(study_class)
        keys = ", ".join(f"{k} {answer_text(a)}" for a, k in SPECIAL_KEYS.items())
        text = f"The same in every study: {keys}"
        if config.scheme is not None:
            text += f"\nRed marks: {SCHEME_TITLES[config.scheme]}"
        hint = small_text(text)
        self._grid.addWidget(hint, self._grid.rowCount(), 0, 1, -1)

    def reset(self) -> None:
        """Show the classes as they are, after a change was refused."""
        self.setValue(self._config)

    def _clear(self) -> None:
        kept = (self.new_name, self.add_button)
        while self._grid.count():
            item = self._grid.takeAt(0)
            widget = None if item is None else item.widget()
            if widget is not None and widget not in kept:
                widget.hide()
                widget.deleteLater()
        self.rows.clear()
        self.show_buttons.clear()

    def _add_row(self, study_class: StudyClass) -> None:
        row = ClassRow(study_class, self)
        self.rows[study_class.id] = row
        number = self._grid.rowCount()
        for column, part in enumerate((row.colour, row.name, row.key, row.menu_button)):
            self._grid.addWidget(part, number, column)
        row.edited.connect(self.edited)
        row.removal_requested.connect(self.removal_requested)
        row.markers_requested.connect(self.markers_requested)
        row.show_scheme(self._config.scheme)

    def _add_new_row(self) -> None:
        number = self._grid.rowCount()
        self._grid.addWidget(self.new_name, number, _NAME)
        self._grid.addWidget(self.add_button, number, _KEY, 1, 2)

    def _add_hidden_row(self, study_class: StudyClass) -> None:
        number = self._grid.rowCount()
        label = QLabel(f"{study_class.name} (hidden)")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setEnabled(False)
        label.setToolTip("<qt>Nobody is offered this class; its answers count.</qt>")
        button = QToolButton()
        button.setText("Show")
        button.setToolTip(as_rich_text(f"Offer “{study_class.name}” again."))
        edit = partial(show_class, class_id=study_class.id)
        button.clicked.connect(partial(_emit, self.edited, edit))
        self.show_buttons[study_class.id] = button
        self._grid.addWidget(label, number, _NAME)
        self._grid.addWidget(button, number, _KEY, 1, 2)

    def _add(self) -> None:
        name = self.new_name.text().strip()
        if name:
            self.new_name.clear()
            # otherwise the shortcuts would be typed into it
            self.new_name.clearFocus()
            self.edited.emit(partial(add_class, name=name))


class ClassRow(QWidget):
    """The parts of one class; the editor lays them out in its grid.

    Parameters
    ----------
    study_class
        The class.
    """

    #: an `Edit`
    edited = Signal(object)
    #: id of the class
    removal_requested = Signal(str)
    #: id of the class, and a marker state or ""
    markers_requested = Signal(str, str)

    def __init__(self, study_class: StudyClass, parent: QWidget) -> None:
        super().__init__(parent)
        self._class = study_class
        self.hide()
        name = study_class.name
        self.colour = QToolButton()
        self.colour.setIcon(QIcon(swatch(study_class.colour)))
        self.colour.setToolTip(
            as_rich_text(f"Colour of “{name}”: click to choose another.")
        )
        self.name = QLineEdit(name)
        self.name.setToolTip(_name_tip(study_class))
        self.key = QLineEdit(study_class.key)
        self.key.setMaxLength(1)
        self.key.setFixedWidth(_KEY_WIDTH)
        self.key.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.key.setToolTip(
            as_rich_text(
                f"Letter that answers “{name}”. A letter of another class is "
                "exchanged with it."
            )
        )
        self.menu_button = QToolButton()
        self.menu_button.setText("⋯")
        self.menu_button.setToolTip(
            as_rich_text(
                f"Hide or remove “{name}”; with own names also: what its cells show."
            )
        )
        self.menu = QMenu(self.menu_button)
        hide, remove = self.menu.addAction("Hide"), self.menu.addAction("Remove")
        self.markers_menu = self.menu.addMenu("Its cells are")
        for state in (*STATES, ""):
            action = self.markers_menu.addAction(state or _ANY_MARKERS)
            action.setCheckable(True)
            action.setChecked(state == study_class.markers)
            action.triggered.connect(partial(self._request_markers, state))
        self.colour.clicked.connect(self._choose_colour)
        self.menu_button.clicked.connect(self._show_menu)
        hide.triggered.connect(self._hide_class)
        remove.triggered.connect(self._request_removal)
        for field, on_edited in ((self.name, self._rename), (self.key, self._set_key)):
            field.editingFinished.connect(on_edited)
            # otherwise the shortcuts would be typed into it
            field.returnPressed.connect(field.clearFocus)

    def show_scheme(self, scheme: SchemeName | None) -> None:
        """Offer markers where they do not follow from the scheme of the study."""
        self.markers_menu.menuAction().setVisible(scheme == "own")

    def _request_markers(self, state: str, _: bool = False) -> None:
        self.markers_requested.emit(self._class.id, state)

    def _rename(self) -> None:
        name = self.name.text().strip()
        if _taken(self.name) and name != self._class.name:
            self.edited.emit(partial(rename_class, class_id=self._class.id, name=name))

    def _set_key(self) -> None:
        key = self.key.text().upper()
        if _taken(self.key) and key != self._class.key:
            self.edited.emit(partial(set_class_key, class_id=self._class.id, key=key))

    def _choose_colour(self) -> None:
        before = QColor(self._class.colour)
        title = f"Colour of {self._class.name}"
        chosen = QColorDialog.getColor(before, self.colour, title)
        if chosen.isValid() and chosen != before:
            colour = chosen.name()
            edit = partial(recolour_class, class_id=self._class.id, colour=colour)
            self.edited.emit(edit)

    def _show_menu(self) -> None:
        button = self.menu_button
        self.menu.popup(button.mapToGlobal(QPoint(0, button.height())))

    def _hide_class(self) -> None:
        self.edited.emit(partial(hide_class, class_id=self._class.id))

    def _request_removal(self) -> None:
        self.removal_requested.emit(self._class.id)


def _taken(field: QLineEdit) -> bool:
    """Take what a user typed; False if it was taken before, as focus is lost again."""
    typed: bool = field.isModified()
    field.setModified(False)
    return typed


def _emit(signal: Signal, value: object, _: bool = False) -> None:
    """Emit a value when a button is clicked, whatever the state of the button."""
    signal.emit(value)


def _name_tip(study_class: StudyClass) -> str:
    tip = (
        "Name of the class: type another one to rename it. Its answers, and "
        "predictions of models, then count under the new name."
    )
    if study_class.markers:
        tip += f" Its cells are {study_class.markers}."
    if study_class.aliases:
        tip += f" Earlier names: {', '.join(study_class.aliases)}."
    return as_rich_text(tip)
