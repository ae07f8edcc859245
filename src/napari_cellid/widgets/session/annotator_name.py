"""The annotator's name: typed once, and remembered on this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QCompleter, QHBoxLayout, QLineEdit, QPushButton, QWidget

from napari_cellid.widgets._shared.user_settings import user_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEY = "annotator"
#: letters of a name that a button shows
_LONGEST = 16


def load_annotator_name() -> str:
    """Return the name last used on this computer; empty if there is none."""
    return str(user_settings("annotate").value(_KEY) or "")


def save_annotator_name(name: str) -> None:
    """Remember a name for the next time."""
    user_settings("annotate").setValue(_KEY, name)


class AnnotatorNameEdit(QWidget):
    """A line for the annotator's name, and a button that starts annotating under it."""

    #: another name than the present one was entered
    entered = Signal(str)
    #: the present name was entered again
    confirmed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotator = ""
        self._before = ""
        self.line = QLineEdit()
        self.line.setPlaceholderText("Your name, then Enter")
        self.line.setToolTip(
            "<qt>Your answers are saved in a journal of your own under this name. Use "
            "the same name each time, also on other computers.</qt>"
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
        """Show who annotates; an empty name (nobody) leaves the typed text as it is."""
        self._annotator = name
        if name:
            self.line.setText(name)
        self._on_typed()

    def offer(self, name: str) -> None:
        """Ask whether the person who used this computer before continues.

        Nobody answers before the button is clicked, or Enter pressed: the next person
        at this computer must not answer under another one's name.
        """
        self._before = name
        if not self.line.text():
            self.line.setText(name)
        self.line.selectAll()
        self._on_typed()

    def set_known_names(self, names: Sequence[str]) -> None:
        """Complete typed text to these names."""
        completer = QCompleter(list(names), self.line)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.line.setCompleter(completer)

    def _on_typed(self) -> None:
        typed = self.line.text().strip()
        self.button.setVisible(typed != self._annotator or not typed)
        self.button.setEnabled(bool(typed))
        self.button.setText(self._button_text(typed))

    def _button_text(self, typed: str) -> str:
        if self._annotator:
            return "Change"
        # short, because the line beside it shows the name that may be long
        return (
            f"Continue as {_short(typed)}?" if typed == self._before != "" else "Start"
        )

    def _enter(self) -> None:
        typed = self.line.text().strip()
        if typed and typed != self._annotator:
            self.entered.emit(typed)
        elif typed:
            self.confirmed.emit()


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
