"""Did it help? The new model beside the old one, on the same cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.annotation.answer import answer_text
from napari_cellid.report.confusion_cells import ConfusionSquare
from napari_cellid.report.table import shorten_names
from napari_cellid.report.training import basis_text, report_notes, run_title
from napari_cellid.report.training_tables import (
    class_figure_rows,
    confusion_matrix_rows,
    figure_rows,
)
from napari_cellid.retrain.verdict import read_verdict
from napari_cellid.widgets._shared.layouts import (
    CollapsibleSection,
    group_box,
    small_text,
)
from napari_cellid.widgets._shared.table import SmallTable
from napari_cellid.widgets.retrain.confusion_cells import ConfusionCells, ConfusionTable

if TYPE_CHECKING:
    import pandas as pd

    from napari_cellid.training.status import RunSummary

_LARGE = "18pt"
_NOT_YET = {
    "new": "It prepares.\n\nWhen the training is done, the new model is compared here "
    "with the old one, on cells that neither was trained on.",
    "running": "It is trained still.\n\nWhen that is done, the new model is compared "
    "here with the old one, on cells that neither was trained on.",
}
_NOT_MEASURED = "This training has no figures: it ended before they were measured."
_NONE = (
    "Nothing was trained in this study yet.\n\nWhen a training is done, this shows "
    "whether it helped: new and old model on cells that were kept from training."
)


class ReportPanel(QWidget):
    """The figures of one training."""

    #: folder of the run whose model shall be the study's, or whose old one again
    used, undone = Signal(object), Signal(object)
    #: a `ConfusionSquare` of the confusion matrix
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.rests, self.notes = small_text(), small_text(), small_text()
        self.large = QLabel()
        self.sentence = small_text()
        self.figures, self.by_class = SmallTable(), SmallTable()
        self.confusion = ConfusionTable()
        self.which = QComboBox()
        self.cells = ConfusionCells()
        self.use = QPushButton("Use this model")
        self.use.setToolTip(
            "<qt>Makes it the model of this study: Identify uses it from then on. The "
            "one before stays, and can be chosen again.</qt>"
        )
        self.in_use = small_text()
        self.go_back = QPushButton("Use the model before again")
        self.go_back.setToolTip("<qt>Nothing is lost: both models stay.</qt>")
        self.card = small_text()
        self.held_out: pd.DataFrame | None = None
        self._look: RunSummary | None = None
        self._classes: list[str] = []
        self._message = QLabel()
        self._body = QWidget()
        self._build()
        self.show_run(None)

    def show_run(self, look: RunSummary | None) -> None:
        """Show the figures of a training; None for none."""
        self._look, self.held_out = look, None
        self.cells.clear()
        report = look.report if look is not None else {}
        self._body.setVisible(bool(report))
        self._message.setVisible(not report)
        if look is None:
            self._message.setText(_NONE)
        elif not report:
            self._message.setText(_NOT_YET.get(look.state, _NOT_MEASURED))
        else:
            self._show_report(look, report)

    def show_use(self, *, possible: bool, used: bool) -> None:
        """Show whether the model is the study's."""
        self.use.setVisible(possible and not used)
        self.in_use.setVisible(used)
        self.go_back.setVisible(used)

    def allow_use(self, allowed: bool) -> None:
        """Whether another model can be chosen now."""
        for button in (self.use, self.go_back):
            button.setEnabled(allowed)

    def show_card(self, text: str) -> None:
        """Show what is to be known of the model."""
        self.card.setText(text)
        self._card_box.setVisible(bool(text))

    def text(self) -> str:
        """The words that are shown alone; "" where there are figures."""
        return "" if self._message.isHidden() else str(self._message.text())

    def _show_report(self, look: RunSummary, report: dict[str, Any]) -> None:
        self.title.setText(f"<b>{run_title(look)}</b>")
        verdict = read_verdict(report)
        # not by a font, which napari's style overrides
        self.large.setText(
            f'<span style="font-size: {_LARGE}">{verdict.headline}</span>'
        )
        self.sentence.setText(verdict.explanation)
        self.rests.setText(basis_text(report))
        self.figures.show_rows(*figure_rows(report))
        more = report_notes(report)
        self.notes.setText("\n".join(f"• {note}" for note in more))
        self.notes.setVisible(bool(more))
        blocker = QSignalBlocker(self.which)
        self.which.clear()
        names = {"new": "the new model", "old": "the model before", "floor": "the rule"}
        for key, name in names.items():
            if (report.get(key) or {}).get("by_class"):
                self.which.addItem(f"Figures of {name}", key)
        blocker.unblock()
        self._classes_box.setVisible(self.which.count() > 0)
        self._matrix_box.setVisible(self.which.count() > 0)
        self._show_which()

    def _show_which(self) -> None:
        which = self.which.currentData()
        if self._look is None or which is None:
            return
        report = self._look.report
        self.by_class.show_rows(*class_figure_rows(report, which))
        self._classes, rows = confusion_matrix_rows(report, which)
        head = [answer_text(name) for name in self._classes]
        tips = [f"the model says {name}" for name in head]
        self.confusion.show_rows(shorten_names(head), rows, tips)
        self.confusion.clearSelection()
        self._matrix_box.setVisible(bool(rows))
        self.cells.clear()

    def _on_square(self, row: int, column: int) -> None:
        which = self.which.currentData()
        if which == "floor":
            self.cells.clear()
            return
        truth, told = self._classes[row], self._classes[column]
        self.chosen.emit(ConfusionSquare(truth, told, old=which == "old"))

    def _on_use(self) -> None:
        if self._look is not None:
            self.used.emit(self._look.folder)

    def _on_go_back(self) -> None:
        if self._look is not None:
            self.undone.emit(self._look.folder)

    def _build(self) -> None:
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.in_use.setText("✓ This is the study's model.")
        self.which.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.which.currentIndexChanged.connect(self._show_which)
        self.confusion.chosen.connect(self._on_square)
        self.use.clicked.connect(self._on_use)
        self.go_back.clicked.connect(self._on_go_back)
        for button in (self.use, self.go_back):
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        helped = [self.title, self.large, self.sentence, self.rests, self.use]
        verdict = group_box("Did it help?", *helped, self.in_use, self.go_back)
        figures = group_box("On the same held-out cells", self.figures, self.notes)
        self._classes_box = group_box("Classes", self.which, self.by_class)
        matrix = [_axes(), self.confusion, self.cells]
        self._matrix_box = group_box("Which cells are told wrong", *matrix)
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


def _axes() -> QWidget:
    label = small_text()
    label.setText("Rows: what people say. Columns: what the model says.")
    return label
