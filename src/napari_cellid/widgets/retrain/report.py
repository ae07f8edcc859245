"""The page of the Retrain dock that compares the new model with the old one."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_cellid.annotation.answer import answer_text
from napari_cellid.report.confusion_cells import ConfusionSquare
from napari_cellid.report.table import shorten_names
from napari_cellid.report.training import (
    basis_text,
    ended_untrained,
    report_notes,
    run_title,
)
from napari_cellid.report.training_tables import (
    class_figure_rows,
    confusion_matrix_rows,
    figure_rows,
)
from napari_cellid.retrain.verdict import read_verdict
from napari_cellid.widgets._shared.layouts import (
    CollapsibleSection,
    group_box,
    plain_label,
    small_text,
)
from napari_cellid.widgets._shared.table import SmallTable
from napari_cellid.widgets.retrain.confusion_cells import ConfusionCells, ConfusionTable

if TYPE_CHECKING:
    import pandas as pd

    from napari_cellid.training.summary import RunSummary
    from napari_cellid.widgets.retrain.run_selection import RunSelection

_HEADLINE_SIZE = "18pt"
_NOT_YET = {
    "new": "The training is being prepared.\n\nWhen it is done, the new model is "
    "compared here with the old one, on cells that neither was trained on.",
    "running": "The training is running.\n\nWhen it is done, the new model is compared "
    "here with the old one, on cells that neither was trained on.",
}
_AXES = "Rows: answers of annotators. Columns: predictions of the model."
_UNTRAINED = (
    "This training was stopped within its first epoch: its model is the one that it "
    "started with, so there is nothing to compare.\n\nResume it under Curves or Runs."
)
_NOT_MEASURED = "This training has no figures: it ended before they were measured."
_NO_RUN = (
    "Nothing has been trained in this study yet.\n\nWhen a training is done, this page "
    "compares the new and the old model on held-out cells."
)


class ReportPanel(QWidget):
    """The figures of the training that is shown, and buttons to use its model.

    Parameters
    ----------
    selection
        Says which training is shown.
    """

    #: the study shall use the model of the training that is shown
    use_requested = Signal()
    #: the study shall no longer use its model
    restore_requested = Signal()
    #: a `ConfusionSquare` of the confusion matrix
    square_chosen = Signal(object)

    def __init__(self, selection: RunSelection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selection = selection
        self.title, self.details, self.notes = small_text(), small_text(), small_text()
        self.title.setTextFormat(Qt.TextFormat.RichText)
        self.headline = plain_label()
        self.headline.setTextFormat(Qt.TextFormat.RichText)
        self.explanation = small_text()
        self.figures, self.by_class = SmallTable(), SmallTable()
        self.confusion = ConfusionTable()
        self.model_combo = QComboBox()
        self.cells = ConfusionCells()
        self.use_button = QPushButton("Use this model")
        self.use_button.setToolTip(
            "<qt>Makes it the model of this study, which the Identify dock uses. The "
            "model before is kept and can be chosen again.</qt>"
        )
        self.active_label = small_text()
        self.restore_button = QPushButton("Go back to the model before")
        self.restore_button.setToolTip("<qt>Both models are kept.</qt>")
        self.card = small_text()
        self.card.setTextFormat(Qt.TextFormat.RichText)
        self.held_out: pd.DataFrame | None = None
        self._classes: list[str] = []
        self._message = plain_label()
        self._body = QWidget()
        self._build()
        self.refresh()

    def refresh(self) -> None:
        """Show the figures of the training as they are now."""
        run, self.held_out = self._selection.run, None
        self.cells.clear()
        report = {} if run is None or run.is_active else run.report
        if run is not None and ended_untrained(run):
            report = {}
        self._body.setVisible(bool(report))
        self._message.setVisible(not report)
        if run is None:
            self._message.setText(_NO_RUN)
        elif not report:
            text = _UNTRAINED if ended_untrained(run) else _NOT_MEASURED
            self._message.setText(_NOT_YET.get(run.state, text))
        else:
            self._show_report(run, report)

    def show_use(self, *, possible: bool, used: bool) -> None:
        """Show whether the study can use the model, and whether it does."""
        self.use_button.setVisible(possible and not used)
        self.active_label.setVisible(used)
        self.restore_button.setVisible(used)

    def set_use_enabled(self, enabled: bool) -> None:
        """Set whether another model can be chosen now."""
        for button in (self.use_button, self.restore_button):
            button.setEnabled(enabled)

    def show_card(self, text: str) -> None:
        """Show the model card as text; "" hides it."""
        self.card.setText(text)
        self._card_box.setVisible(bool(text))

    def message(self) -> str:
        """The message that is shown alone; "" while figures are shown."""
        return "" if self._message.isHidden() else str(self._message.text())

    def _show_report(self, run: RunSummary, report: dict[str, Any]) -> None:
        self.title.setText(f"<b>{escape(run_title(run))}</b>")
        verdict = read_verdict(report)
        # as rich text, because napari's style overrides fonts
        self.headline.setText(
            f'<span style="font-size: {_HEADLINE_SIZE}">{verdict.headline}</span>'
        )
        self.explanation.setText(verdict.explanation)
        self.details.setText(basis_text(report))
        self.figures.show_rows(*figure_rows(report))
        notes = report_notes(report)
        self.notes.setText("\n".join(f"• {note}" for note in notes))
        self.notes.setVisible(bool(notes))
        with signals_blocked(self.model_combo):
            self.model_combo.clear()
            names = {
                "new": "the new model",
                "old": "the model before",
                "floor": "the rule",
            }
            for key, name in names.items():
                if (report.get(key) or {}).get("by_class"):
                    self.model_combo.addItem(f"Figures of {name}", key)
        self._classes_box.setVisible(self.model_combo.count() > 0)
        self._matrix_box.setVisible(self.model_combo.count() > 0)
        self._show_model()

    def _show_model(self) -> None:
        model, run = self.model_combo.currentData(), self._selection.run
        if run is None or model is None:
            return
        report = run.report
        self.by_class.show_rows(*class_figure_rows(report, model))
        self._classes, rows = confusion_matrix_rows(report, model)
        header = [answer_text(name) for name in self._classes]
        tips = [f"the model says {name}" for name in header]
        self.confusion.show_rows(shorten_names(header), rows, tips)
        self.confusion.clearSelection()
        self._matrix_box.setVisible(bool(rows))
        self.cells.clear()

    def _on_square(self, row: int, column: int) -> None:
        model = self.model_combo.currentData()
        if model == "floor":
            self.cells.clear()
            return
        truth, predicted = self._classes[row], self._classes[column]
        self.square_chosen.emit(ConfusionSquare(truth, predicted, old=model == "old"))

    def _build(self) -> None:
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.active_label.setText("✓ This is the study's model.")
        self.model_combo.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed
        )
        self.model_combo.currentIndexChanged.connect(self._show_model)
        self.confusion.square_chosen.connect(self._on_square)
        self.use_button.clicked.connect(self.use_requested)
        self.restore_button.clicked.connect(self.restore_requested)
        for button in (self.use_button, self.restore_button):
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        verdict_parts = [
            self.title,
            self.headline,
            self.explanation,
            self.details,
            self.use_button,
        ]
        verdict = group_box(
            "Did it help?", *verdict_parts, self.active_label, self.restore_button
        )
        figures = group_box("On the same held-out cells", self.figures, self.notes)
        self._classes_box = group_box("Classes", self.model_combo, self.by_class)
        matrix = [small_text(_AXES), self.confusion, self.cells]
        self._matrix_box = group_box("Which cells are classified wrongly", *matrix)
        self._card_box = CollapsibleSection("Model card", [self.card])
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 4, 6, 4)
        boxes = (verdict, figures, self._classes_box, self._matrix_box, self._card_box)
        for box in boxes:
            column.addWidget(box)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._message, 1)
        layout.addWidget(self._body, 1)
