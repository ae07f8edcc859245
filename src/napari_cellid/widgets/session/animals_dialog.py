"""A dialog that names the animal of each recording of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

from napari_cellid.widgets._shared.layouts import small_text
from napari_cellid.widgets._shared.markup import as_rich_text
from napari_cellid.widgets._shared.notifications import input_errors_shown

if TYPE_CHECKING:
    from napari_cellid.study.study import Study
    from napari_cellid.widgets.session.session import StudySession

_COLUMNS = {"animal": "Animal", "subvolume": "Sub-volume"}
_EXPLANATION = (
    "Trainings hold out whole animals, so that a model is measured on animals that it "
    "never saw. Name the animal of each recording before the first training, because "
    "that decides what is held out. If there is only one animal, its sub-volumes (a "
    "piece of cortex, a window) are held out instead; they may stay empty."
)


class AnimalsButton(QPushButton):
    """The button that opens the dialog; its owner connects it to `edit_animals`."""

    def __init__(self) -> None:
        super().__init__("Animals…")
        self.setToolTip(
            "<qt>Name the animal of each recording: trainings hold out whole "
            "animals.</qt>"
        )
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)


class AnimalsDialog(QDialog):
    """A table of the recordings of a study, with fields for animal and sub-volume.

    Parameters
    ----------
    study
        The study.
    parent
        The widget that opens the dialog.
    """

    def __init__(self, study: Study, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Animals of {study.path.name}")
        explanation = small_text(_EXPLANATION)
        self.table = QTableWidget(len(study.recordings), 1 + len(_COLUMNS))
        self.table.setHorizontalHeaderLabels(["Recording", *_COLUMNS.values()])
        self.table.verticalHeader().hide()
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        # Tab goes from field to field
        self.table.setTabKeyNavigation(False)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        #: by name of the recording, and "animal" or "subvolume"
        self.fields: dict[tuple[str, str], QLineEdit] = {}
        self._fill(study)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for part in (explanation, self.table, buttons):
            layout.addWidget(part)
        self.resize(560, min(220 + 30 * len(study.recordings), 640))

    def value(self) -> dict[str, dict[str, str]]:
        """Animal and sub-volume of each recording, as the fields show them."""
        animals: dict[str, dict[str, str]] = {}
        for (name, key), field in self.fields.items():
            animals.setdefault(name, {})[key] = field.text().strip()
        return animals

    def _fill(self, study: Study) -> None:
        for row, name in enumerate(study.recordings):
            title = study.title_of(name)
            item = QTableWidgetItem(title)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            item.setToolTip(as_rich_text(title))
            self.table.setItem(row, 0, item)
            info = study.recording(name).info
            for column, key in enumerate(_COLUMNS, 1):
                field = QLineEdit(getattr(info, key))
                self.fields[name, key] = field
                self.table.setCellWidget(row, column, field)
        if self.fields:
            next(iter(self.fields.values())).setFocus()


def edit_animals(session: StudySession, parent: QWidget) -> None:
    """Let the user name the animals of the open study, if one is open."""
    if session.study is None:
        return
    dialog = AnimalsDialog(session.study, parent)
    if dialog.exec() != QDialog.DialogCode.Accepted:
        return
    with input_errors_shown():
        session.set_animals(dialog.value())
