"""The curves and the epochs of one training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.report.table import TableItem
from napari_cellid.report.training import run_title, state_text
from napari_cellid.widgets._shared.layouts import small_text
from napari_cellid.widgets._shared.table import SmallTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.training.status import RunSummary
    from napari_cellid.widgets.retrain.curves import TrainingCurves

#: epochs that are listed, the newest first
_LISTED = 8
#: figures of an epoch: part, name, title, explanation
_COLUMNS = (
    ("train", "loss", "loss", "Loss on the cells that are trained on."),
    ("validation", "loss", "val. loss", "Loss on cells that are not trained on."),
    ("train", "accuracy", "acc.", "Share of the training cells told right."),
    ("validation", "accuracy", "val. acc.", "Share of the others told right."),
    ("validation", "balanced_accuracy", "bal. acc.", "The same, each class alike."),
    ("validation", "f1", "F1", "How well cells are found."),
    ("validation", "dice", "Dice", "How well outlines overlap."),
)
_NONE = (
    "Nothing was trained in this study yet.\n\nSay what to train under Set up and "
    "press Start; loss and accuracy then show here, epoch by epoch."
)


class ProgressPanel(QWidget):
    """How one training went, or goes."""

    #: folder of an interrupted training that shall go on
    resumed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = small_text()
        self.state = small_text()
        self.resume = QPushButton("Resume")
        self.resume.setToolTip("<qt>Goes on from the last epoch that was kept.</qt>")
        self.epochs = SmallTable()
        self.curves: TrainingCurves | None = None
        self._theme = "dark"
        self._look: RunSummary | None = None
        self._none = QLabel(_NONE)
        self._body = QWidget()
        self._build()
        self.show_run(None)

    def set_theme(self, theme: str) -> None:
        """Take the colours of a theme of napari."""
        self._theme = theme
        if self.curves is not None:
            self.curves.set_theme(theme)

    def show_run(self, look: RunSummary | None) -> None:
        """Show a training; None for none."""
        self._look = look
        self._none.setVisible(look is None)
        self._body.setVisible(look is not None)
        if look is None:
            return
        self.title.setText(f"<b>{run_title(look)}</b>")
        self.state.setText(state_text(look))
        self.resume.setVisible(look.state in ("interrupted", "failed", "stopped"))
        self._show_curves(look)
        head, rows, tips = _epoch_rows(look)
        self.epochs.setVisible(bool(rows))
        if rows:
            self.epochs.show_rows(head, rows, tips)

    def allow_resume(self, allowed: bool) -> None:
        """Whether a training can be resumed now."""
        self.resume.setEnabled(allowed)

    def _show_curves(self, look: RunSummary) -> None:
        if self.curves is None:
            # matplotlib is not loaded before there is something to draw
            from napari_cellid.widgets.retrain.curves import TrainingCurves

            self.curves = TrainingCurves(self._theme)
            self._room.layout().addWidget(self.curves)
        # an empty picture says nothing
        self.curves.setVisible(bool(look.epochs))
        total = int(look.progress.get("epochs", 0))
        self.curves.show_epochs(look.epochs, total)

    def _tell(self) -> None:
        if self._look is not None:
            self.resumed.emit(self._look.folder)

    def _build(self) -> None:
        self._none.setWordWrap(True)
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.resume.clicked.connect(self._tell)
        self.resume.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 4, 6, 4)
        row = QHBoxLayout()
        row.addWidget(self.state, 1)
        row.addWidget(self.resume)
        column.addWidget(self.title)
        column.addLayout(row)
        self._room = QWidget()
        QVBoxLayout(self._room).setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._room, 1)
        column.addWidget(self.epochs)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._none, 1)
        layout.addWidget(self._body, 1)


def _epoch_rows(
    look: RunSummary,
) -> tuple[list[str], list[tuple[str, list[TableItem]]], list[str]]:
    """Titles, rows and explanations of the newest epochs."""
    newest = look.epochs[::-1][:_LISTED]
    there = [
        column
        for column in _COLUMNS
        if any(column[1] in epoch.get(column[0], {}) for epoch in newest)
    ]
    rows = []
    for epoch in newest:
        cells = [
            TableItem(_number(epoch.get(part, {}), name)) for part, name, *_ in there
        ]
        seconds = epoch.get("seconds")
        cells.append(TableItem("" if seconds is None else f"{float(seconds):.0f} s"))
        rows.append((_epoch_name(epoch), cells))
    head = [*(title for *_, title, _ in there), "time"]
    tips = [*(tip for *_, tip in there), "Time that the epoch took."]
    return head, rows, tips


def _epoch_name(epoch: Mapping[str, Any]) -> str:
    number = int(epoch["epoch"])
    text = str(number) if number else "before"
    return f"{text} ★" if epoch.get("best") else text


def _number(figures: Mapping[str, Any], name: str) -> str:
    return f"{float(figures[name]):.2f}" if name in figures else ""
