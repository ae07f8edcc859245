"""The recordings of the open study: search, show, rename and remove them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.study.overview import list_recordings
from napari_cellid.widgets._shared.layouts import small_text
from napari_cellid.widgets._shared.markup import as_rich_text
from napari_cellid.widgets._shared.notifications import input_errors_shown
from napari_cellid.widgets.annotate.rename_dialog import RenameDialog

if TYPE_CHECKING:
    from napari_cellid.study.overview import RecordingOverview
    from napari_cellid.widgets.session.session import StudySession

_TITLES = ("Recording", "Animal", "Cells", "Answered", "Disputed", "Model")
_UNKNOWN = "–"
_HINT_BLIND = "Answered and Disputed are counted when you may see the others' votes."


class RecordingsDialog(QDialog):
    """A table of the recordings; accepted when one of them is to be shown.

    Parameters
    ----------
    session
        Its study is shown.
    """

    def __init__(self, session: StudySession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search recordings, animals and models")
        self.search.setClearButtonEnabled(True)
        self.table = QTableWidget(0, len(_TITLES))
        self.place = small_text()
        self.show_button = QPushButton("Show")
        self.rename_button = QPushButton("Rename…")
        self.rename_button.setShortcut(Qt.Key.Key_F2)
        self.rename_button.setToolTip(
            "<qt>Give the recording a title (F2). Its folder keeps its name.</qt>"
        )
        self.remove_button = QPushButton("Remove from the study…")
        self._build()
        self.refresh()

    def chosen(self) -> str | None:
        """Name of the recording in the selected row; None without a row."""
        items = self.table.selectedItems()
        if not items or self.table.isRowHidden(items[0].row()):
            return None
        return str(self.table.item(items[0].row(), 0).data(Qt.ItemDataRole.UserRole))

    def refresh(self) -> None:
        """List the recordings as they are now."""
        session, study = self._session, self._session.study
        if study is None:
            self.reject()
            return
        self.setWindowTitle(f"Recordings of {study.path.name}")
        visible = session.votes_visible
        self.place.setText(f"{study.path}" + ("" if visible else f"\n{_HINT_BLIND}"))
        votes = session.votes if visible else None
        rows = list_recordings(study, session.cells(), votes)
        self.table.setSortingEnabled(False)
        self.table.setRowCount(len(rows))
        for row, recording in enumerate(rows):
            self._fill(row, recording)
        self.table.setSortingEnabled(True)
        self._filter()

    def _fill(self, row: int, recording: RecordingOverview) -> None:
        values = (
            recording.title,
            recording.animal,
            recording.n_cells,
            recording.n_answered,
            recording.n_disputed,
            recording.model,
        )
        for column, value in enumerate(values):
            item = QTableWidgetItem()
            shown = _UNKNOWN if value is None else value
            # a number as such, so that it is sorted as one
            item.setData(Qt.ItemDataRole.DisplayRole, shown)
            item.setData(Qt.ItemDataRole.UserRole, recording.name)
            tip = str(shown)
            if column == 0 and recording.title != recording.name:
                tip += f"\nFolder: {recording.name}"
            item.setToolTip(as_rich_text(tip))
            self.table.setItem(row, column, item)

    def _filter(self) -> None:
        """Hide the rows without the text that is searched."""
        text = self.search.text().strip().casefold()
        for row in range(self.table.rowCount()):
            items = [self.table.item(row, column) for column in (0, 1, 5)]
            # the name of the folder, too, which may be written on a page of a lab book
            words = [items[0].data(Qt.ItemDataRole.UserRole)]
            words += [item.text() for item in items]
            self.table.setRowHidden(row, text not in "\n".join(words).casefold())
        self._enable()

    def _enable(self) -> None:
        for button in (self.show_button, self.rename_button, self.remove_button):
            button.setEnabled(self.chosen() is not None)

    def _rename(self) -> None:
        name, session = self.chosen(), self._session
        if name is None or session.study is None:
            return
        if name not in session.study.recordings:
            # another computer has removed it
            self.refresh()
            return
        title = session.study.recording(name).info.title
        rename = partial(session.rename_recording, name)
        if RenameDialog(name, title, rename, self).exec():
            self.refresh()
            self._select(name)

    def _select(self, name: str) -> None:
        role = Qt.ItemDataRole.UserRole
        for row in range(self.table.rowCount()):
            if self.table.item(row, 0).data(role) == name:
                self.table.selectRow(row)

    def _remove(self) -> None:
        name = self.chosen()
        if name is None or not ask_to_remove(self._session.title_of(name), self):
            return
        with input_errors_shown():
            self._session.remove_recording(name)
        self.refresh()

    def _build(self) -> None:
        table, mode = self.table, QHeaderView.ResizeMode
        table.setHorizontalHeaderLabels(list(_TITLES))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.verticalHeader().hide()
        table.setWordWrap(False)
        # before sorting is enabled, which at once sorts as the indicator says
        table.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        table.horizontalHeader().setSectionResizeMode(mode.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(0, mode.Stretch)
        table.itemSelectionChanged.connect(self._enable)
        table.itemDoubleClicked.connect(self._show)
        self.search.textChanged.connect(self._filter)
        self.show_button.clicked.connect(self._show)
        self.rename_button.clicked.connect(self._rename)
        self.remove_button.clicked.connect(self._remove)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        role = QDialogButtonBox.ButtonRole.ActionRole
        buttons.addButton(self.show_button, role)
        buttons.addButton(self.rename_button, role)
        buttons.addButton(self.remove_button, role)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for part in (self.search, table, self.place, buttons):
            layout.addWidget(part)
        self.resize(720, 420)

    def _show(self, _: object = None) -> None:
        if self.chosen() is not None:
            self.accept()


def ask_to_remove(name: str, parent: QWidget) -> bool:
    """Ask whether a recording shall be taken out of the study."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Remove a recording")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(f"Take {name} out of the study?")
    box.setInformativeText(
        "Nothing is deleted: its files are kept in the folder of the study, and its "
        "answers stay in the journals but do not count. In a terminal, napari-cellid "
        "replaced brings it back."
    )
    remove = box.addButton("Remove", QMessageBox.ButtonRole.AcceptRole)
    box.addButton(QMessageBox.StandardButton.Cancel)
    box.exec()
    return box.clickedButton() is remove
