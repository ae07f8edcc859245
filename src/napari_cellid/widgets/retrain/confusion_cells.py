"""The cells behind a square of a confusion matrix, one after another."""

from __future__ import annotations

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
    from collections.abc import Sequence

    from qtpy.QtGui import QKeyEvent

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.report.confusion_cells import ConfusionSquare

_BLIND = (
    "You are annotating blind, and this shows what colleagues and the model say of "
    "single cells. Who has seen that is not independent any more; what you answer "
    "from then on is marked so."
)
_HINT = "A click on a number shows its cells in the image."


class ConfusionTable(SmallTable):
    """A confusion matrix whose squares can be chosen, by mouse and by keys."""

    #: row and column of the square
    chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.cellClicked.connect(self._tell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose with Enter and the space bar."""
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in keys:
            self._tell(self.currentRow(), self.currentColumn())
        else:
            super().keyPressEvent(event)

    def _tell(self, row: int, column: int) -> None:
        # the names stand in the first column
        if row >= 0 and column > 0:
            self.chosen.emit(row, column - 1)


class ConfusionCells(QWidget):
    """Goes through some cells: which one is shown, and the way to its neighbours."""

    #: the `CellKey` to show
    gone_to = Signal(object)
    #: somebody blind wants to see them
    revealed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.what = small_text()
        self.where = small_text()
        self.back = arrow_button(Qt.ArrowType.LeftArrow, "Previous of these cells")
        self.on = arrow_button(Qt.ArrowType.RightArrow, "Next of these cells")
        for button in (self.back, self.on):
            button.setFixedSize(36, 26)
        self.reveal = QPushButton("Show the cells")
        self._cells: Sequence[tuple[CellKey, float]] = ()
        self._at = 0
        self._build()
        self.clear()

    def clear(self) -> None:
        """Show no cells."""
        self._cells = ()
        self.what.setText(_HINT)
        self._show(cells=False)

    def ask(self) -> None:
        """Ask somebody blind whether they want to see them."""
        self._cells = ()
        self.what.setText(_BLIND)
        self._show(cells=False, ask=True)

    def show_cells(
        self, square: ConfusionSquare, cells: Sequence[tuple[CellKey, float]]
    ) -> None:
        """Show the cells behind a square, beginning with the first."""
        who = "the model before" if square.old else "the model"
        n = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
        text = f"{n}: people say {answer_text(square.truth)}, {who} says "
        self.what.setText(f"{text}{answer_text(square.told)}.")
        self._cells = cells
        self._show(cells=bool(cells))
        if cells:
            self._go(0)

    def _show(self, *, cells: bool, ask: bool = False) -> None:
        for part in (self.where, self.back, self.on):
            part.setVisible(cells)
        self.reveal.setVisible(ask)

    def _go(self, place: int) -> None:
        self._at = place % len(self._cells)
        key, sure = self._cells[self._at]
        of = f"{self._at + 1} of {len(self._cells)}"
        self.where.setText(
            f"<b>{of}</b> · {key.recording} · cell {key.cell} · {sure:.0%} sure"
        )
        self.gone_to.emit(key)

    def _build(self) -> None:
        self.back.clicked.connect(lambda: self._go(self._at - 1))
        self.on.clicked.connect(lambda: self._go(self._at + 1))
        self.reveal.clicked.connect(self.revealed)
        row = QHBoxLayout()
        row.addWidget(self.where, 1)
        row.addWidget(self.back)
        row.addWidget(self.on)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.what)
        layout.addLayout(row)
        layout.addWidget(self.reveal, 0, Qt.AlignmentFlag.AlignLeft)
