"""Question what red marks, for a study that does not say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.layouts import plain_label
from napari_cellid.widgets._shared.notifications import show_error
from napari_cellid.widgets._shared.scheme_choice import SchemeChoice

if TYPE_CHECKING:
    from napari_cellid.config import Scheme
    from napari_cellid.widgets.session.session import StudySession

#: wide enough for the longest title (px)
_WIDTH = 420


class SchemeDialog(QDialog):
    """Asks once what red marks in a study of an earlier version.

    Parameters
    ----------
    study
        Name of the study.
    """

    def __init__(self, study: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("What does red mark?")
        self.setMinimumWidth(_WIDTH)
        question = plain_label(
            f"The study {study} was made before studies said which cells the red "
            "marker is in. Its classes are called excitatory, inhibitory and glia; "
            "which of them are red? Answers stay as they are, and predictions get the "
            "right names. Without an answer, you can annotate, but not identify or "
            "train."
        )
        question.setWordWrap(True)
        self.choice = SchemeChoice()
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText("Later")
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for part in (question, self.choice, self.buttons):
            column.addWidget(part)

    def value(self) -> Scheme:
        """The scheme that is chosen; see `SchemeChoice.value`."""
        return self.choice.value()

    def _accept(self) -> None:
        try:
            self.value()
        except InputError as error:
            show_error(str(error))
            return
        self.accept()


def ask_unknown_scheme(session: StudySession, parent: QWidget) -> None:
    """Ask what red marks if the open study does not say it, and set it if answered.

    Raises
    ------
    InputError
        If the classes of the study cannot be those of the scheme.
    """
    if session.study is None or session.config.scheme is not None:
        return
    dialog = SchemeDialog(session.study.path.name, parent)
    if dialog.exec() == QDialog.DialogCode.Accepted:
        session.set_scheme(dialog.value())
