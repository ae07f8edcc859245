"""The page of the Retrain dock with the curves and the epochs of one training."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.report.table import TableItem
from napari_cellid.report.training import run_title, state_text
from napari_cellid.widgets._shared.layouts import plain_label, small_text
from napari_cellid.widgets._shared.table import SmallTable
from napari_cellid.widgets.retrain.resume_button import can_resume, resume_button

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.training.summary import RunSummary
    from napari_cellid.widgets.retrain.curves import TrainingCurves
    from napari_cellid.widgets.retrain.run_selection import RunSelection

#: most epochs that are listed, the newest first
_MAX_EPOCHS = 8
#: metrics of an epoch: data set, name, title, tooltip
_COLUMNS = (
    ("train", "loss", "loss", "Loss on the training data."),
    ("validation", "loss", "val. loss", "Loss on the validation data."),
    ("train", "accuracy", "acc.", "Accuracy on the training data."),
    ("validation", "accuracy", "val. acc.", "Accuracy on the validation data."),
    (
        "validation",
        "balanced_accuracy",
        "bal. acc.",
        "Mean sensitivity of the classes.",
    ),
    ("validation", "f1", "F1", "F1 of detected cells."),
    ("validation", "dice", "Dice", "Overlap of the outlines (Dice)."),
)
#: values below this have more decimals
_SMALL = 0.1
_STAR = "★ The best epoch on the validation cells: the model has its weights."
_NO_RUN = (
    "Nothing has been trained in this study yet.\n\nChoose what to train under Set up "
    "and press Start; loss and accuracy of each epoch are then shown here."
)


class TrainingProgressPanel(QWidget):
    """State, curves and epochs of the training that is shown.

    Parameters
    ----------
    selection
        Says which training is shown.
    """

    #: the training that is shown is to be resumed
    resume_requested = Signal()

    def __init__(self, selection: RunSelection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self.title = small_text()
        self.title.setTextFormat(Qt.TextFormat.RichText)
        self.state = small_text()
        self.resume_button = resume_button()
        self.epochs = SmallTable()
        self.star = small_text(_STAR)
        self.curves: TrainingCurves | None = None
        self._theme = "dark"
        self._message = plain_label(_NO_RUN)
        self._body = QWidget()
        self._build()
        self.refresh()

    def set_theme(self, theme: str) -> None:
        """Use the colours of a theme of napari."""
        self._theme = theme
        if self.curves is not None:
            self.curves.set_theme(theme)

    def refresh(self) -> None:
        """Show the training as it is now."""
        run = self._selection.run
        self._message.setVisible(run is None)
        self._body.setVisible(run is not None)
        if run is None:
            return
        self.title.setText(f"<b>{escape(run_title(run))}</b>")
        self.state.setText(state_text(run))
        self.resume_button.setVisible(can_resume(run))
        self._show_curves(run)
        header, rows, tips = _epoch_rows(run)
        self.epochs.setVisible(bool(rows))
        self.star.setVisible(_best_epoch(run) is not None)
        if rows:
            self.epochs.show_rows(header, rows, tips)

    def set_resume_enabled(self, enabled: bool) -> None:
        """Set whether a training can be resumed now."""
        self.resume_button.setEnabled(enabled)

    def _show_curves(self, run: RunSummary) -> None:
        if self.curves is None:
            # matplotlib is imported when there is something to draw
            from napari_cellid.widgets.retrain.curves import TrainingCurves

            self.curves = TrainingCurves(self._theme)
            self._curves_box.layout().addWidget(self.curves)
        # without epochs the plots would be empty
        self.curves.setVisible(bool(run.epochs))
        total = int(run.progress.get("epochs", 0))
        self.curves.show_epochs(run.epochs, total)

    def _build(self) -> None:
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.resume_button.clicked.connect(self.resume_requested)
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 4, 6, 4)
        row = QHBoxLayout()
        row.addWidget(self.state, 1)
        row.addWidget(self.resume_button)
        column.addWidget(self.title)
        column.addLayout(row)
        self._curves_box = QWidget()
        QVBoxLayout(self._curves_box).setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._curves_box, 1)
        column.addWidget(self.epochs)
        column.addWidget(self.star)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._message, 1)
        layout.addWidget(self._body, 1)


def _epoch_rows(
    run: RunSummary,
) -> tuple[list[str], list[tuple[str, list[TableItem]]], list[str]]:
    """Titles, rows and tooltips of the newest epochs."""
    newest = run.epochs[::-1][:_MAX_EPOCHS]
    measured = [
        column
        for column in _COLUMNS
        if any(column[1] in epoch.get(column[0], {}) for epoch in newest)
    ]
    rows, best = [], _best_epoch(run)
    for epoch in newest:
        cells = [
            TableItem(_metric_text(epoch.get(part, {}), name))
            for part, name, *_ in measured
        ]
        seconds = epoch.get("seconds")
        cells.append(TableItem("" if seconds is None else f"{float(seconds):.0f} s"))
        rows.append((_epoch_name(epoch, best), cells))
    header = [*(title for *_, title, _ in measured), "time"]
    tips = [*(tip for *_, tip in measured), "Duration of the epoch."]
    return header, rows, tips


def _best_epoch(run: RunSummary) -> int | None:
    """Number of the best epoch of all; each event says only that it is so far."""
    best = [int(epoch["epoch"]) for epoch in run.epochs if epoch.get("best")]
    return best[-1] if best else None


def _epoch_name(epoch: Mapping[str, Any], best: int | None) -> str:
    number = int(epoch["epoch"])
    text = str(number) if number else "before"
    return f"{text} ★" if number == best else text


def _metric_text(metrics: Mapping[str, Any], name: str) -> str:
    if name not in metrics:
        return ""
    value = float(metrics[name])
    # losses of good models are small: two digits that say something
    return f"{value:.2f}" if value >= _SMALL or not value else f"{value:.2g}"
