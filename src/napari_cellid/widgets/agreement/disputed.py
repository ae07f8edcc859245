"""The page of the Agreement dock that lists disputed cells and settles them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_cellid.annotation.answer import answer_text
from napari_cellid.colours import answer_colours
from napari_cellid.widgets._shared.answer_buttons import AnswerButtons, AnswerKeys
from napari_cellid.widgets._shared.layouts import VerticalScrollArea, plain_label
from napari_cellid.widgets._shared.patch_canvas import PatchCanvas
from napari_cellid.widgets.agreement.disputed_model import STATUS_TITLES, DisputedModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from napari_cellid.agreement.ratings import Ratings
    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.config import StudyConfig


#: what is said in place of the patch
_CHOOSE = "Choose a cell in the list: it is shown here, with its votes."
_NOTHING_LISTED = "No cell has this outcome; choose another one at the top."


class DisputedPanel(QWidget):
    """A list of cells, and the patch, the votes and the answers for one of them.

    No cell is shown that is not a row of the list.
    """

    #: the `CellKey` that was clicked
    cell_chosen = Signal(object)
    #: the current cell and the answer that settles it; None takes it back
    adjudicated = Signal(object, object)
    #: the `CellKey` of the row whose cell is shown now; None for no row
    shown_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.status = QComboBox()
        self.model = DisputedModel(self)
        self.view = QTableView()
        self.canvas = PatchCanvas()
        self.buttons = AnswerButtons()
        self.keys = AnswerKeys(self.view)
        self.withdraw_button = QPushButton("Take back")
        self.withdraw_button.setToolTip("The votes decide about this cell again.")
        self.title = plain_label()
        self._votes_label = QLabel()
        self._adjudicator_label = QLabel()
        self._table: pd.DataFrame | None = None
        self._ratings: Ratings | None = None
        self._current: CellKey | None = None
        self._shown: CellKey | None = None
        self._last_settled: CellKey | None = None
        self._adjudicator = ""
        self._colours: Mapping[str, str] = {}
        self._build()

    def set_config(self, config: StudyConfig) -> None:
        """Show the answers of a study as buttons and keys."""
        self.buttons.set_config(config)
        self.keys.set_config(config)
        self._colours = answer_colours(config)
        self._show_votes()

    def set_adjudicator(self, name: str) -> None:
        """Set who settles cells; "" while no annotator is chosen."""
        self._adjudicator = name
        self._adjudicator_label.setText(
            f"Settle as {name}:"
            if name
            else "To settle cells, enter your name in the Annotate dock:"
        )
        self._show_votes()

    def set_table(self, table: pd.DataFrame, ratings: Ratings) -> None:
        """Show counted votes; after a cell was settled, the next one is chosen.

        Parameters
        ----------
        table
            The votes as `count_votes` counted them.
        ratings
            The votes themselves.
        """
        self._table, self._ratings = table, ratings
        counts = table["status"].value_counts()
        for k, (status, title) in enumerate(STATUS_TITLES.items()):
            self.status.setItemText(k, f"{title} ({counts.get(status, 0)})")
        row = self.model.row_of(self._current)
        self._list_cells()
        removed = row is not None and self.model.row_of(self._current) is None
        # a cell that other people's votes decided leaves the list without a jump
        if removed and self._last_settled == self._current and self.model.rowCount():
            self.view.selectRow(min(row or 0, self.model.rowCount() - 1))
        self._last_settled = None

    def current(self) -> CellKey | None:
        """The cell that was chosen last, here or elsewhere."""
        return self._current

    def shown(self) -> CellKey | None:
        """The current cell, whose patch and votes are shown; None if not listed."""
        return self._shown

    def set_current(self, key: CellKey | None) -> None:
        """Show a cell that was chosen elsewhere, if it is listed."""
        if key != self._current:
            self._current = key
            self._select_row()

    def _build(self) -> None:
        for status, title in STATUS_TITLES.items():
            self.status.addItem(title, status)
        self.status.setToolTip("Outcome of the vote of the cells that are listed.")
        self.status.activated.connect(self._list_cells)
        view = self.view
        view.setModel(self.model)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setTabKeyNavigation(False)
        view.setShowGrid(False)
        view.setWordWrap(False)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 6)
        view.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        for column, width in ((0, 96), (1, 46), (3, 66)):
            view.setColumnWidth(column, width)
        # before sorting is enabled, which at once sorts as the indicator says
        view.horizontalHeader().setSortIndicator(3, Qt.SortOrder.DescendingOrder)
        view.setSortingEnabled(True)
        view.setMinimumHeight(90)
        view.selectionModel().currentRowChanged.connect(self._on_row)
        self.model.modelReset.connect(self._select_row)
        self.buttons.answer_chosen.connect(self._on_button)
        self.keys.answer_chosen.connect(self._settle)
        self.withdraw_button.clicked.connect(self._withdraw)
        self.withdraw_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # a long name must not widen the whole dock
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._votes_label.setWordWrap(True)
        self._adjudicator_label.setWordWrap(True)
        self._lay_out()

    def _lay_out(self) -> None:
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.status)
        column.addWidget(self.view, 1)
        bottom = QWidget()
        column = QVBoxLayout(bottom)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.title)
        column.addWidget(self.canvas, 1)
        column.addWidget(self._votes_label)
        row = QHBoxLayout()
        row.addWidget(self._adjudicator_label, 1)
        row.addWidget(self.withdraw_button)
        column.addLayout(row)
        column.addWidget(self.buttons)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(top)
        split.addWidget(bottom)
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        # votes of many people and buttons of many classes must not stretch the window
        layout.addWidget(VerticalScrollArea(split))

    def _list_cells(self) -> None:
        if self._table is not None and self._ratings is not None:
            status = self.status.currentData()
            listed = self._table[self._table["status"] == status]
            self.model.set_table(listed, self._ratings.votes)

    def _select_row(self) -> None:
        """Select the row of the current cell, without going to the cell."""
        row = self.model.row_of(self._current)
        with signals_blocked(self.view.selectionModel()):
            if row is None:
                self.view.clearSelection()
                self.view.setCurrentIndex(QModelIndex())
            else:
                self.view.selectRow(row)
        # the view did not get the signals of its selection, which were blocked
        self.view.viewport().update()
        self._show_votes()

    def _on_row(self) -> None:
        index = self.view.currentIndex()
        if index.isValid():
            self._current = self.model.key(index.row())
            self._show_votes()
            self.cell_chosen.emit(self._current)

    def _show_votes(self) -> None:
        row, before = self._row(), self._shown
        self._shown = shown = None if row is None else self._current
        self.title.setText("" if shown is None else self._cell_text(shown))
        self._votes_label.setText("" if row is None else self._votes_text(row))
        self.canvas.message = _CHOOSE if self.model.rowCount() else _NOTHING_LISTED
        self.canvas.update()
        self.buttons.setEnabled(self._can_settle())
        own = row is not None and row["adjudicator"] == self._adjudicator
        self.withdraw_button.setEnabled(bool(self._adjudicator) and own)
        if shown != before:
            self.shown_changed.emit(shown)

    def _cell_text(self, key: CellKey) -> str:
        title = self.model.titles.get(key.recording, key.recording)
        return f"Cell {key.cell} · {title}"

    def _row(self) -> pd.Series[Any] | None:
        """Counted votes of the current cell; None if it is not listed."""
        key, table = self._current, self._table
        if key is None or table is None or self.model.row_of(key) is None:
            return None
        is_cell = (table["recording"] == key.recording) & (table["cell"] == key.cell)
        return table[is_cell].iloc[0] if is_cell.any() else None

    def _votes_text(self, row: pd.Series[Any]) -> str:
        assert self._ratings is not None
        votes = self._ratings.votes(row["recording"], row["cell"])
        lines = [self._vote_html(name, answer) for name, answer in votes.items()]
        if row["adjudicator"]:
            answer = row["consensus"] or "unsure"
            lines.append(self._vote_html(f"settled by {row['adjudicator']}", answer))
        return "<br>".join(lines)

    def _vote_html(self, name: str, answer: str) -> str:
        colour = self._colours.get(answer, "#d0d0d0")
        square = f'<span style="color:{colour}">■</span>'
        return f"{square} {escape(name)}: {escape(answer_text(answer))}"

    def _can_settle(self) -> bool:
        """Whether somebody settles cells, and the current one is a row of the list."""
        return bool(self._adjudicator) and self._shown is not None

    def _on_button(self, answer: str) -> None:
        # the keys of the list, and its undo, go on from here
        self.view.setFocus()
        self._settle(answer)

    def _settle(self, answer: str) -> None:
        # a cell that the annotator is just being asked about is not settled by mistake
        if self._can_settle():
            self._adjudicate(answer)

    def _withdraw(self) -> None:
        self.view.setFocus()
        self._adjudicate(None)

    def _adjudicate(self, answer: str | None) -> None:
        if self._current is not None and self._adjudicator:
            self._last_settled = self._current
            self.adjudicated.emit(self._current, answer)
