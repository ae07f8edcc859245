"""A dialog that makes a study for answers to the cells of a result of Identify."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QInputDialog,
    QLineEdit,
    QWidget,
)

from napari_cellid.widgets._shared.layouts import small_text
from napari_cellid.widgets.session.annotator_name import load_annotator_name
from napari_cellid.widgets.session.new_study_dialog import NewStudyDialog
from napari_cellid.widgets.session.recent_studies import recent_studies
from napari_cellid.widgets.session.save import default_study_path

if TYPE_CHECKING:
    from napari_cellid.widgets.session.result_layer import ShownResult

_WHY = (
    "Your answer is kept beside the model's class, in a study with these cells. It is "
    "noted that you saw the model's classes when you answered."
)


class KeepAnswersDialog(NewStudyDialog):
    """Asks where the study is made, and who answers.

    Parameters
    ----------
    place
        Folder in which the study is made at first.
    name
        Name of the study at first.
    annotator
        Who answers at first.
    """

    def __init__(
        self, place: Path, name: str, annotator: str, parent: QWidget | None = None
    ) -> None:
        self.annotator = QLineEdit(annotator)
        super().__init__(place, parent)
        self.setWindowTitle("Keep your answers in a study")
        self.annotator.setPlaceholderText("such as: Ann")
        self.one_answer = QCheckBox("One answer decides a cell")
        self.one_answer.setChecked(True)
        self.one_answer.setToolTip(
            "<qt>For whoever annotates alone. Otherwise several people must answer "
            "before a cell is decided; the rule can be changed in the Agreement "
            "dock.</qt>"
        )
        self.name.setText(name)
        form = self.layout()
        if isinstance(form, QFormLayout):
            form.insertRow(0, small_text(_WHY))
            form.insertRow(2, "Your name", self.annotator)
            form.insertRow(form.rowCount() - 1, self.one_answer)
        QWidget.setTabOrder(self.annotator, self.name)
        if not annotator:
            # what is missing
            self.annotator.setFocus()
        self.annotator.textChanged.connect(self._show_path)
        self._show_path()

    def who(self) -> str:
        """Name of the person who answers."""
        return str(self.annotator.text()).strip()

    def _is_complete(self) -> bool:
        return super()._is_complete() and bool(self.who())


def ask_where(result: ShownResult, parent: QWidget) -> KeepAnswersDialog | None:
    """Ask where the answers to a result are kept; None if the user cancels."""
    path = default_study_path(result)
    # recordings often lie where one may only read
    if path is None or not os.access(path.parent, os.W_OK):
        recent = recent_studies()
        place = recent[0].parent if recent else Path.home()
        path = place / f"{result.name} study"
    dialog = KeepAnswersDialog(path.parent, path.name, load_annotator_name(), parent)
    accepted = dialog.exec() == QDialog.DialogCode.Accepted
    return dialog if accepted and dialog.value() is not None else None


def ask_who(parent: QWidget) -> str:
    """Ask who answers; empty if the user cancels."""
    name, accepted = QInputDialog.getText(
        parent,
        "Who answers?",
        "Your answers are kept in a journal of your own. Your name:",
        text=load_annotator_name(),
    )
    return str(name).strip() if accepted else ""
