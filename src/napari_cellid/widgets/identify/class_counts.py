"""A table with the number of cells of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from napari_cellid.cells.measure import count_classes
from napari_cellid.cells.none_of_these import count_none
from napari_cellid.cells.plane_links import count_cells
from napari_cellid.colours import NONE_COLOUR, UNCLASSIFIED
from napari_cellid.config import NO_CLASS_TEXT
from napari_cellid.widgets._shared.swatch import swatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd


class ClassCounts(QWidget):
    """A table with one row for each class: colour, name, number of cells, share."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setColumnStretch(1, 1)

    def setValue(self, cells: pd.DataFrame | None, colours: Mapping[str, str]) -> None:
        """Show the counts of a cell table by the colour of each class, or nothing."""
        self._clear()
        if cells is None:
            return
        rows = [
            (colours[name], name, count)
            for name, count in count_classes(cells, list(colours)).items()
        ]
        if n_none := count_none(cells):
            rows.append((NONE_COLOUR, NO_CLASS_TEXT, n_none))
        unclassified = len(cells) - sum(count for *_, count in rows)
        if unclassified or not colours:
            rows.append((UNCLASSIFIED, "not classified", unclassified))
        for row, (colour, name, count) in enumerate(rows):
            share = f"{100 * count / len(cells):.0f} %" if len(cells) else ""
            self._add_row(row, colour, (name, str(count), share))
        n_cells = count_cells(cells)
        linked = n_cells < len(cells)
        name = "all outlines" if linked else "all cells"
        self._add_row(len(rows), None, (name, str(len(cells)), ""))
        if linked:
            self._add_row(len(rows) + 1, None, ("cells (linked)", str(n_cells), ""))

    def text(self) -> str:
        """The text that is shown, one line for each row."""
        lines = []
        for row in range(self._grid.rowCount()):
            items = [self._grid.itemAtPosition(row, column) for column in (1, 2)]
            if all(items):
                lines.append(" ".join(item.widget().text() for item in items))
        return "\n".join(lines)

    def _add_row(self, row: int, colour: str | None, texts: Sequence[str]) -> None:
        if colour is not None:
            label = QLabel()
            label.setPixmap(swatch(colour))
            self._grid.addWidget(label, row, 0)
        for column, text in enumerate(texts, 1):
            label = QLabel(text)
            if column > 1:
                label.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(label, row, column)

    def _clear(self) -> None:
        while self._grid.count():
            widget = self._grid.takeAt(0).widget()
            # at once, or the old rows would still show through the new ones
            widget.setParent(None)
            widget.deleteLater()
