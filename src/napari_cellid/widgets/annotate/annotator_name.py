"""Who annotates: typed once, and known from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSettings, Qt, Signal
from qtpy.QtWidgets import QCompleter, QHBoxLayout, QLineEdit, QPushButton, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEY = "annotator"


def remembered_name() -> str:
    """The name that was used last on this computer; empty where there is none."""
    return str(_settings().value(_KEY) or "")


def remember_name(name: str) -> None:
    """Use a name again next time."""
    _settings().setValue(_KEY, name)


class NameEdit(QWidget):
    """A line for the annotator's name, and a button as long as nobody has begun."""

    #: a name to begin with
    entered = Signal(str)
    #: the same name as before
    kept = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._begun = ""
        self.line = QLineEdit()
        self.line.setPlaceholderText("Your name, then Enter")
        self.line.setToolTip(
            "<qt>Your answers are kept in a journal of your own under this name. Use "
            "the same one each time, also on other computers.</qt>"
        )
        self.button = QPushButton("Start")
        self.button.setEnabled(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.line, 1)
        row.addWidget(self.button)
        self.line.returnPressed.connect(self._enter)
        self.line.textChanged.connect(self._on_typed)
        self.button.clicked.connect(self._enter)

    def show_name(self, name: str) -> None:
        """Show who annotates now; empty for nobody, which leaves what was typed."""
        self._begun = name
        if name:
            self.line.setText(name)
        self._on_typed()

    def prefill(self, name: str) -> None:
        """Write a name where none is written yet."""
        if not self.line.text():
            self.line.setText(name)

    def suggest(self, names: Sequence[str]) -> None:
        """Complete names that are typed to those that are known."""
        completer = QCompleter(list(names), self.line)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.line.setCompleter(completer)

    def _on_typed(self) -> None:
        typed = self.line.text().strip()
        self.button.setVisible(typed != self._begun or not typed)
        self.button.setEnabled(bool(typed))
        self.button.setText("Change" if self._begun else "Start")

    def _enter(self) -> None:
        typed = self.line.text().strip()
        if typed and typed != self._begun:
            self.entered.emit(typed)
        elif typed:
            self.kept.emit()


def _settings() -> QSettings:
    # a file, also on Windows: simpler to find, to take along and to test
    return QSettings(
        QSettings.Format.IniFormat,
        QSettings.Scope.UserScope,
        "napari-cellid",
        "annotate",
    )
