"""The page of the Retrain dock that lists the trainings of a study."""

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
from superqt.utils import signals_blocked

from napari_cellid.report.training import (
    local_time_text,
    main_metric_name,
    main_metric_text,
    state_label,
)
from napari_cellid.widgets._shared.layouts import small_text
from napari_cellid.widgets._shared.markup import as_rich_text
from napari_cellid.widgets.retrain.plan_choice import plan_ids, plan_text
from napari_cellid.widgets.retrain.resume_button import can_resume, resume_button

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from napari_cellid.training.summary import RunSummary

_TITLES = ("When", "What", "Right", "State")
_TIPS = (
    "When the training was started.",
    "Which layers of which network were trained; the tooltip of a row has its name in "
    "the paper, in files and in commands.",
    "On the held-out cells: balanced accuracy of a classifier, F1 of a U-Net.",
    "running, finished, stopped (by a user), failed, or interrupted (its process has "
    "ended; it can be resumed). ✓: the study uses its model.",
)
_HINT = (
    "A click shows a training on the other pages. Figures of two trainings can be "
    "compared if the same cells were held out; cells of new animals are added."
)


class RunsPanel(QWidget):
    """A row for each training, the newest first; ✓ marks the model of the study."""

    #: folder of the training that was clicked
    run_chosen = Signal(object)
    #: the training that is shown is to be resumed
    resume_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = QTableWidget(0, len(_TITLES))
        self.resume_button = resume_button()
        self.resume_button.clicked.connect(self.resume_requested)
        self._runs: Sequence[RunSummary] = ()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.resume_button)
        layout.addWidget(small_text(_HINT))
        self._style_table()

    def show_runs(
        self,
        runs: Sequence[RunSummary],
        shown: Path | None,
        active_weights: Collection[str],
    ) -> None:
        """List trainings.

        Parameters
        ----------
        runs
            All trainings of the study.
        shown
            Folder of the training that the other pages show.
        active_weights
            Hashes of the weights of the study's models.
        """
        self._runs = runs
        chosen = next((run for run in runs if run.folder == shown), None)
        self.resume_button.setVisible(chosen is not None and can_resume(chosen))
        with signals_blocked(self.table.selectionModel()):
            self.table.setRowCount(len(runs))
            for row, run in enumerate(runs):
                mark = " ✓" if run.weights and run.weights in active_weights else ""
                for column, text in enumerate(_texts(run, mark)):
                    self._set_item(row, column, text, _tip(run, column))
            self.table.clearSelection()
            for row, run in enumerate(runs):
                if run.folder == shown:
                    flag = QItemSelectionModel.SelectionFlag.NoUpdate
                    self.table.setCurrentCell(row, 0, flag)
                    self.table.selectRow(row)
        # the view did not get the signals of its selection, which were blocked
        self.table.viewport().update()

    def _set_item(self, row: int, column: int, text: str, tip: str) -> None:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            self.table.setItem(row, column, item)
        if item.text() != text:
            item.setText(text)
        item.setToolTip(as_rich_text(tip))

    def _on_row(self) -> None:
        row = self.table.currentRow()
        if 0 <= row < len(self._runs):
            self.run_chosen.emit(self._runs[row].folder)

    def _style_table(self) -> None:
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
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setSectionResizeMode(mode.ResizeToContents)
        header.setSectionResizeMode(1, mode.Stretch)
        table.setTextElideMode(Qt.TextElideMode.ElideRight)
        table.selectionModel().currentRowChanged.connect(self._on_row)


def _texts(run: RunSummary, mark: str) -> tuple[str, ...]:
    plan = plan_text(str(run.settings.get("plan", "")))
    return (
        local_time_text(run.made),
        plan if run.task == "classify" else "U-Net: outlines",
        main_metric_text(run),
        state_label(run.state) + mark,
    )


def _tip(run: RunSummary, column: int) -> str:
    if column == 1:
        plan = plan_ids(str(run.settings.get("plan", "")))
        start = f"started with {run.start.get('name', '')}"
        return f"{plan}; {start}" if plan else start
    if column == 2:
        return main_metric_name(run.task)
    if column == 3 and run.error:
        return run.error
    return run.name
