"""The trainings of a study as a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QItemSelectionModel, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.report.training import (
    local_time_text,
    main_metric_name,
    main_metric_text,
    state_label,
)
from napari_cellid.widgets._shared.layouts import small_text
from napari_cellid.widgets.retrain.plan_choice import plan_name, plan_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from napari_cellid.training.status import RunSummary

_TITLES = ("When", "What", "Right", "State")
_TIPS = (
    "When the training was begun.",
    "Which network was trained, and how deep, as the paper calls it.",
    "Of classes the balanced accuracy, of outlines F1, on the held-out cells.",
    "running, finished, stopped (by somebody), failed, or interrupted (its process is "
    "gone; it can be resumed). ✓: its model is the study's.",
)
_HINT = (
    "A click shows a training on the other pages. Figures of two trainings compare "
    "where the same cells were held out; new animals add to these."
)


class RunsPanel(QWidget):
    """A row for each training, the newest first; ✓ marks the study's model."""

    #: folder of the training that was clicked
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = QTableWidget(0, len(_TITLES))
        self._looks: Sequence[RunSummary] = ()
        hint = small_text()
        hint.setText(_HINT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.addWidget(self.table, 1)
        layout.addWidget(hint)
        self._dress()

    def show_runs(
        self, looks: Sequence[RunSummary], shown: Path | None, used: Collection[str]
    ) -> None:
        """Show trainings.

        Parameters
        ----------
        looks
            All of the study.
        shown
            Folder of the one that is shown.
        used
            Hashes of the weights of the study's models.
        """
        self._looks = looks
        selection = self.table.selectionModel()
        blocked = selection.blockSignals(True)
        self.table.setRowCount(len(looks))
        for row, look in enumerate(looks):
            mark = " ✓" if look.weights and look.weights in used else ""
            for column, text in enumerate(_texts(look, mark)):
                self._set(row, column, text, _tip(look, column))
        self.table.clearSelection()
        for row, look in enumerate(looks):
            if look.folder == shown:
                flag = QItemSelectionModel.SelectionFlag.NoUpdate
                self.table.setCurrentCell(row, 0, flag)
                self.table.selectRow(row)
        selection.blockSignals(blocked)
        self.table.viewport().update()

    def _set(self, row: int, column: int, text: str, tip: str) -> None:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            self.table.setItem(row, column, item)
        if item.text() != text:
            item.setText(text)
        item.setToolTip(f"<qt>{tip}</qt>")

    def _on_row(self) -> None:
        row = self.table.currentRow()
        if 0 <= row < len(self._looks):
            self.chosen.emit(self._looks[row].folder)

    def _dress(self) -> None:
        table, mode = self.table, QHeaderView.ResizeMode
        table.setHorizontalHeaderLabels(list(_TITLES))
        for column, tip in enumerate(_TIPS):
            table.horizontalHeaderItem(column).setToolTip(f"<qt>{tip}</qt>")
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        head = table.horizontalHeader()
        head.setHighlightSections(False)
        head.setMinimumSectionSize(24)
        head.setSectionResizeMode(mode.ResizeToContents)
        head.setSectionResizeMode(1, mode.Stretch)
        table.setTextElideMode(Qt.TextElideMode.ElideRight)
        table.selectionModel().currentRowChanged.connect(self._on_row)


def _texts(look: RunSummary, mark: str) -> tuple[str, ...]:
    plan = plan_name(str(look.settings.get("plan", "")))
    return (
        local_time_text(look.made),
        plan if look.task == "classify" else "U-Net: outlines",
        main_metric_text(look),
        state_label(look.state) + mark,
    )


def _tip(look: RunSummary, column: int) -> str:
    if column == 1:
        deep = plan_text(str(look.settings.get("plan", "")))
        began = f"began with {look.start.get('name', '')}"
        return f"{deep}; {began}" if deep else began
    if column == 2:
        return main_metric_name(look.task)
    if column == 3 and look.error:
        return look.error
    return look.name
