"""A confusion matrix, and the cells that one of its squares counts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.annotation.answer import answer_text
from napari_cellid.widgets._shared.layouts import arrow_button, small_text
from napari_cellid.widgets._shared.table import SmallTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qtpy.QtGui import QKeyEvent

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.report.confusion_cells import ConfusionSquare

_BLIND = (
    "You are annotating blind, and this shows how colleagues and the model classify "
    "single cells. After you have seen that your answers are no longer independent, "
    "and are marked so."
)
_HINT = "A click on a number shows its cells in the image."


class ConfusionTable(SmallTable):
    """A confusion matrix whose squares can be chosen with the mouse and keys."""

    #: row and column of the square
    square_chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.cellClicked.connect(self._choose_square)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose with Enter and the space bar."""
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in keys:
            self._choose_square(self.currentRow(), self.currentColumn())
        else:
            super().keyPressEvent(event)

    def _choose_square(self, row: int, column: int) -> None:
        # the first column holds the names
        if row >= 0 and column > 0:
            self.square_chosen.emit(row, column - 1)


class ConfusionCells(QWidget):
    """Shows one cell of a square after another.

    It names the current cell, and has buttons for the previous and the next one.
    """

    #: the `CellKey` to show
    cell_chosen = Signal(object)
    #: a blind annotator wants to see the cells
    reveal_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = small_text()
        self.position = small_text()
        self.position.setTextFormat(Qt.TextFormat.RichText)
        self.previous_button = arrow_button(
            Qt.ArrowType.LeftArrow, "Previous of these cells"
        )
        self.next_button = arrow_button(Qt.ArrowType.RightArrow, "Next of these cells")
        for button in (self.previous_button, self.next_button):
            button.setFixedSize(36, 26)
        self.reveal_button = QPushButton("Show the cells")
        self._cells: Sequence[tuple[CellKey, float]] = ()
        self._index = 0
        #: what people see of each recording, by its name
        self.titles: Mapping[str, str] = {}
        self._build()
        self.clear()

    def clear(self) -> None:
        """Show no cells."""
        self._cells = ()
        self.title.setText(_HINT)
        self._set_visible(cells=False)

    def show_blind_warning(self) -> None:
        """Ask a blind annotator whether to show the cells."""
        self._cells = ()
        self.title.setText(_BLIND)
        self._set_visible(cells=False, reveal=True)

    def show_cells(
        self, square: ConfusionSquare, cells: Sequence[tuple[CellKey, float]]
    ) -> None:
        """Show the cells of a square, starting with the first."""
        model = "the model before" if square.old else "the model"
        n = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        text = f"{n}: annotators say {answer_text(square.truth)}, {model} says "
        self.title.setText(f"{text}{answer_text(square.predicted)}.")
        self._cells = cells
        self._set_visible(cells=bool(cells))
        if cells:
            self._show_cell(0)

    def _set_visible(self, *, cells: bool, reveal: bool = False) -> None:
        for part in (self.position, self.previous_button, self.next_button):
            part.setVisible(cells)
        self.reveal_button.setVisible(reveal)

    def _show_cell(self, index: int) -> None:
        self._index = index % len(self._cells)
        key, probability = self._cells[self._index]
        count = f"{self._index + 1} of {len(self._cells)}"
        title = self.titles.get(key.recording, key.recording)
        cell = f"{escape(title)} · cell {key.cell}"
        self.position.setText(f"<b>{count}</b> · {cell} · {probability:.0%} sure")
        self.cell_chosen.emit(key)

    def _show_previous(self) -> None:
        self._show_cell(self._index - 1)

    def _show_next(self) -> None:
        self._show_cell(self._index + 1)

    def _build(self) -> None:
        self.previous_button.clicked.connect(self._show_previous)
        self.next_button.clicked.connect(self._show_next)
        self.reveal_button.clicked.connect(self.reveal_requested)
        row = QHBoxLayout()
        row.addWidget(self.position, 1)
        row.addWidget(self.previous_button)
        row.addWidget(self.next_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.title)
        layout.addLayout(row)
        layout.addWidget(self.reveal_button, 0, Qt.AlignmentFlag.AlignLeft)
