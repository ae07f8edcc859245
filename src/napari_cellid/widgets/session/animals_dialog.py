"""Saying which animal each recording of a study is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_error
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.layouts import small_text

if TYPE_CHECKING:
    from napari_cellid.study.study import Study
    from napari_cellid.widgets.session.session import StudySession

_COLUMNS = {"animal": "Animal", "subvolume": "Sub-volume"}
_WHY = (
    "Trainings hold out whole animals, so that a model is measured on animals that it "
    "never saw. Name the animal of each recording before the first training: what is "
    "held out is settled then. The sub-volume (a piece of cortex, a window) is what "
    "is held out where there is one animal alone; it may stay empty."
)


class AnimalsButton(QPushButton):
    """Opens the table of animals, where it is connected to `edit_animals`."""

    def __init__(self) -> None:
        super().__init__("Animals…")
        self.setToolTip(
            "<qt>Say which animal each recording is of: trainings hold out whole "
            "animals.</qt>"
        )
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)


class AnimalsDialog(QDialog):
    """A table of the recordings: animal and sub-volume can be typed in.

    Parameters
    ----------
    study
        Its recordings are listed.
    parent
        The widget that asks.
    """

    def __init__(self, study: Study, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Animals of {study.path.name}")
        why = small_text()
        why.setText(_WHY)
        self.table = QTableWidget(len(study.recordings), 1 + len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(["Recording", *_COLUMNS.values()])
        self.table.verticalHeader().hide()
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        # Tab goes from field to field
        self.table.setTabKeyNavigation(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        #: by recording and "animal" or "subvolume"
        self.fields: dict[tuple[str, str], QLineEdit] = {}
        self._fill(study)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for part in (why, self.table, buttons):
            layout.addWidget(part)
        self.resize(560, min(220 + 30 * len(study.recordings), 640))

    def said(self) -> dict[str, dict[str, str]]:
        """Animal and sub-volume by recording, as the table shows them."""
        said: dict[str, dict[str, str]] = {}
        for (name, key), field in self.fields.items():
            said.setdefault(name, {})[key] = field.text().strip()
        return said

    def _fill(self, study: Study) -> None:
        for row, name in enumerate(study.recordings):
            fixed = QTableWidgetItem(name)
            fixed.setFlags(Qt.ItemFlag.ItemIsEnabled)
            fixed.setToolTip(name)
            self.table.setItem(row, 0, fixed)
            info = study.recording(name).info
            for column, key in enumerate(_COLUMNS, 1):
                field = QLineEdit(getattr(info, key))
                self.fields[name, key] = field
                self.table.setCellWidget(row, column, field)
        if self.fields:
            next(iter(self.fields.values())).setFocus()


def edit_animals(session: StudySession, parent: QWidget) -> None:
    """Let the user name the animals of the open study; nothing without one."""
    if session.study is None:
        return
    dialog = AnimalsDialog(session.study, parent)
    if dialog.exec() != QDialog.DialogCode.Accepted:
        return
    try:
        session.describe(dialog.said())
    except InputError as error:
        show_error(str(error))
