"""Going through disputed cells, seeing who said what, and settling them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QModelIndex, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.annotation.answer import answer_text
from napari_cellid.colours import answer_colours
from napari_cellid.widgets._shared.answer_buttons import AnswerButtons, AnswerKeys
from napari_cellid.widgets._shared.patch_canvas import PatchCanvas
from napari_cellid.widgets.agreement.disputed_model import (
    STATUS_TITLES,
    DisputedModel,
    parse_votes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.config import StudyConfig


class DisputedPanel(QWidget):
    """The list, the patch of the chosen cell, its votes, and what it is settled as."""

    #: the `CellKey` that was clicked
    chosen = Signal(object)
    #: the chosen cell and the answer that settles it; None takes it back
    settled = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = QComboBox()
        self.model = DisputedModel(self)
        self.view = QTableView()
        self.canvas = PatchCanvas()
        self.buttons = AnswerButtons()
        self.keys = AnswerKeys(self.view)
        self.take_back = QPushButton("Take back")
        self.take_back.setToolTip("Let the votes decide about this cell again.")
        self._who = QLabel()
        self._name = QLabel()
        self._table: pd.DataFrame | None = None
        self._key: CellKey | None = None
        self._settled: CellKey | None = None
        self._adjudicator = ""
        self._colours: Mapping[str, str] = {}
        self._build()

    def set_config(self, config: StudyConfig) -> None:
        """Offer the answers of a study."""
        self.buttons.set_config(config)
        self.keys.set_config(config)
        self._colours = answer_colours(config)

    def set_adjudicator(self, name: str) -> None:
        """Say in whose name cells are settled; "" when nobody said who they are."""
        self._adjudicator = name
        self._name.setText(
            f"Settle as {name}:"
            if name
            else "Say who you are in the Annotate dock to settle cells:"
        )
        self.buttons.setEnabled(bool(name))
        self._show_votes()

    def set_table(self, table: pd.DataFrame) -> None:
        """Show counted votes; after a cell was settled the next one is chosen."""
        self._table = table
        counts = table["status"].value_counts()
        for k, kind in enumerate(STATUS_TITLES):
            self.kind.setItemText(k, f"{STATUS_TITLES[kind]} ({counts.get(kind, 0)})")
        row = self.model.row_of(self._key)
        self._list()
        left = row is not None and self.model.row_of(self._key) is None
        if left and self._settled == self._key and self.model.rowCount():
            self.view.selectRow(min(row or 0, self.model.rowCount() - 1))
        self._settled = None

    def current(self) -> CellKey | None:
        """The chosen cell."""
        return self._key

    def choose(self, key: CellKey | None) -> None:
        """Choose a cell that was gone to elsewhere, whether it is listed or not."""
        if key != self._key:
            self._key = key
            self._mark()

    def _build(self) -> None:
        for kind, title in STATUS_TITLES.items():
            self.kind.addItem(title, kind)
        self.kind.setToolTip("Which cells are listed.")
        self.kind.activated.connect(self._list)
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
        view.horizontalHeader().setSortIndicator(3, Qt.SortOrder.DescendingOrder)
        view.setSortingEnabled(True)
        view.setMinimumHeight(90)
        view.selectionModel().currentRowChanged.connect(self._on_row)
        self.model.modelReset.connect(self._mark)
        self.buttons.answer_chosen.connect(self._settle)
        self.keys.answer_chosen.connect(self._settle)
        self.take_back.clicked.connect(lambda: self._settle(None))
        self._who.setWordWrap(True)
        self._name.setWordWrap(True)
        self._lay_out()

    def _lay_out(self) -> None:
        above = QWidget()
        column = QVBoxLayout(above)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.kind)
        column.addWidget(self.view, 1)
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.canvas, 1)
        column.addWidget(self._who)
        row = QHBoxLayout()
        row.addWidget(self._name, 1)
        row.addWidget(self.take_back)
        column.addLayout(row)
        column.addWidget(self.buttons)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(above)
        split.addWidget(below)
        split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)

    def _list(self) -> None:
        if self._table is not None:
            kind = self.kind.currentData()
            self.model.set_table(self._table[self._table["status"] == kind])

    def _mark(self) -> None:
        """Select the chosen cell's row, without going to the cell."""
        row = self.model.row_of(self._key)
        selection = self.view.selectionModel()
        blocked = selection.blockSignals(True)
        if row is None:
            self.view.clearSelection()
            self.view.setCurrentIndex(QModelIndex())
        else:
            self.view.selectRow(row)
        selection.blockSignals(blocked)
        self.view.viewport().update()
        self._show_votes()

    def _on_row(self) -> None:
        index = self.view.currentIndex()
        if index.isValid():
            self._key = self.model.key(index.row())
            self._show_votes()
            self.chosen.emit(self._key)

    def _show_votes(self) -> None:
        self._who.setText(self._votes_text())
        row = self._row()
        own = row is not None and row["adjudicator"] == self._adjudicator
        self.take_back.setEnabled(bool(self._adjudicator) and own)

    def _row(self) -> pd.Series[Any] | None:
        """The chosen cell's row of counted votes."""
        key, rows = self._key, self._table
        if key is None or rows is None:
            return None
        there = (rows["recording"] == key.recording) & (rows["cell"] == key.cell)
        return rows[there].iloc[0] if there.any() else None

    def _votes_text(self) -> str:
        if self._key is None:
            return "Choose a cell to see who said what."
        row = self._row()
        if row is None:
            return "Nobody has answered this cell."
        said = [self._said(name, answer) for name, answer in parse_votes(row["votes"])]
        if row["adjudicator"]:
            settled = row["consensus"] or "unsure"
            said.append(self._said(f"settled by {row['adjudicator']}", settled))
        return "<br>".join(said)

    def _said(self, name: str, answer: str) -> str:
        colour = self._colours.get(answer, "#d0d0d0")
        square = f'<span style="color:{colour}">■</span>'
        return f"{square} {_plain(name)}: {_plain(answer_text(answer))}"

    def _settle(self, answer: str | None) -> None:
        if self._key is not None and self._adjudicator:
            self._settled = self._key
            self.settled.emit(self._key, answer)


def _plain(text: str) -> str:
    """Text that Qt does not take for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;")
