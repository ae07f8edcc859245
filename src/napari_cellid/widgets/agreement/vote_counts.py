"""Numbers of cells by outcome of the vote, as a bar and a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QBrush, QColor, QPainter
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_cellid.agreement.vote import count_decisions
from napari_cellid.annotation.answer import answer_text
from napari_cellid.colours import answer_colours
from napari_cellid.widgets._shared.layouts import plain_label
from napari_cellid.widgets._shared.swatch import swatch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from qtpy.QtGui import QPaintEvent

    from napari_cellid.config import StudyConfig

#: colours of undecided cells, which differ in lightness from those of the classes and
#: from each other; they are hatched, because they are not classes
_UNDECIDED = {
    "disputed": "#d62728",
    "too few answers": "#7a7a7a",
    "no answer yet": "#4a4a4a",
}
#: colour of unsure cells, and of classes that the study has no longer
_OTHER = "#d0d0d0"


class OutcomeCount(NamedTuple):
    """An outcome of the vote: its name, number of cells and colour (#rrggbb)."""

    name: str
    n: int
    colour: str


def count_outcomes(
    table: pd.DataFrame, n_cells: int, config: StudyConfig
) -> list[OutcomeCount]:
    """Count the cells by outcome of the vote.

    Parameters
    ----------
    table
        From `agreement.vote.count_votes`.
    n_cells
        Number of cells of the study, answered or not.
    config
        Classes of the study.

    Returns
    -------
    The decided cells by answer, then the undecided ones; together `n_cells` where
    every row of the table is a cell of the study.
    """
    classes = config.class_names
    counts = count_decisions(table, classes)
    removed = (name for name, n in counts.decided.items() if n and name not in classes)
    colours = answer_colours(config)
    rows = [
        OutcomeCount(answer_text(name), counts.decided[name], colours.get(name, _OTHER))
        for name in (*classes, *sorted(removed, reverse=True))
    ]
    if counts.settled_unsure:
        rows.append(OutcomeCount("settled as unsure", counts.settled_unsure, _OTHER))
    undecided = {
        "disputed": counts.disputed,
        "too few answers": counts.too_few,
        "no answer yet": max(n_cells - len(table), 0),
    }
    return [*rows, *(OutcomeCount(k, n, _UNDECIDED[k]) for k, n in undecided.items())]


class OutcomeCountsView(QWidget):
    """The counts as a bar, and as one row for each outcome."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = _Bar()
        self._rows: list[tuple[QLabel, QLabel, QLabel, QLabel]] = []
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._bar)
        layout.addLayout(self._grid)

    def show_counts(
        self, counts: Sequence[OutcomeCount], before: Mapping[str, int] | None = None
    ) -> None:
        """Show the numbers of cells.

        Parameters
        ----------
        counts
            From `count_outcomes`.
        before
            Numbers of cells under the study's rule, by name; differences are shown.
        """
        self._bar.counts = list(counts)
        self._bar.update()
        self._make_rows(len(counts))
        for (icon, name, number, change), count in zip(self._rows, counts, strict=True):
            icon.setPixmap(swatch(count.colour))
            name.setText(count.name)
            number.setText(f"{count.n}")
            difference = 0 if before is None else count.n - before.get(count.name, 0)
            sign = f"{difference:+d}".replace("-", "−")
            change.setText(sign if difference else "")

    def text(self) -> str:
        """The rows as text, one line each."""
        return "\n".join(
            f"{name.text()} {number.text()} {change.text()}".strip()
            for _, name, number, change in self._rows
        )

    def _make_rows(self, n: int) -> None:
        while len(self._rows) > n:
            for label in self._rows.pop():
                label.setParent(None)
                label.deleteLater()
        while len(self._rows) < n:
            labels = tuple(plain_label() for _ in range(4))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            labels[2].setAlignment(right)
            labels[3].setAlignment(right)
            labels[3].setMinimumWidth(
                labels[3].fontMetrics().horizontalAdvance("+00000")
            )
            labels[3].setToolTip("Difference to the study's rule.")
            for column, label in enumerate(labels):
                self._grid.addWidget(label, len(self._rows), column)
            self._rows.append(labels)


class _Bar(QWidget):
    """All cells as one bar, with a segment for each outcome."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: list[OutcomeCount] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """A thin bar."""
        return QSize(200, 16)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the segments from left to right."""
        del event
        painter = QPainter(self)
        total = sum(count.n for count in self.counts)
        left = 0.0
        for count in self.counts:
            width = self.width() * count.n / max(total, 1)
            part = QRectF(left, 0, width, self.height())
            painter.fillRect(part, QColor(count.colour))
            if count.name in _UNDECIDED:
                shade = QColor(255, 255, 255, 70)
                painter.fillRect(part, QBrush(shade, Qt.BrushStyle.BDiagPattern))
            left += width
        painter.setPen(QColor("gray"))
        painter.drawRect(0, 0, self.width() - 1, self.height() - 1)
        painter.end()
