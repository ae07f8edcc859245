"""The page of the Agreement dock with measures of agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_cellid.report.agreement_tables import (
    agreement_summary,
    alpha_rows,
    confusion_rows,
    kappa_rows,
    people_rows,
)
from napari_cellid.widgets._shared.layouts import group_box, small_text
from napari_cellid.widgets._shared.table import SmallTable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.agreement.dawid_skene import AnnotatorReliability
    from napari_cellid.agreement.summary import Agreement

_ALPHA_TIP = (
    "<qt>Krippendorff's alpha is 1 when all annotators agree, and 0 when they agree as "
    "often as by chance. The customary threshold is 0.8; below 0.67 no conclusions "
    "should be drawn. The interval is from 1000 bootstrap samples of the cells.</qt>"
)
_ANNOTATOR_TIPS = (
    "Number of cells that each annotator answered.",
    "Share of repeated cells that got the same answer again.",
    "Estimated share of correct answers (Dawid and Skene): an annotator who differs "
    "from all others counts as less reliable.",
)
_ALPHA_SIZE = "20pt"
_ALPHA_HEADER = ("α", "95 % interval", "cells")


class FiguresPanel(QScrollArea):
    """Agreement of all annotators, of pairs, by class and by recording."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.alpha = QLabel()
        self.details = small_text()
        self.notes = small_text()
        self.annotators, self.pairs = SmallTable(), SmallTable()
        self.classes, self.recordings = SmallTable(), SmallTable()
        self.confusion = SmallTable()
        self.first, self.second = QComboBox(), QComboBox()
        self._agreement: Agreement | None = None
        self._titles: Mapping[str, str] = {}
        self._build()

    def set_titles(self, titles: Mapping[str, str]) -> None:
        """Show recordings by their titles, which are given by name."""
        if titles != self._titles:
            self._titles = titles
            self._show_recordings()

    def show_figures(
        self, agreement: Agreement, reliability: AnnotatorReliability
    ) -> None:
        """Show the measures of agreement.

        Parameters
        ----------
        agreement
            How well the annotators agree.
        reliability
            How reliable each of them is.
        """
        self._agreement = agreement
        alpha, details = agreement_summary(agreement)
        # as rich text, because napari's style overrides fonts
        self.alpha.setText(f'<span style="font-size: {_ALPHA_SIZE}">{alpha}</span>')
        self.alpha.setVisible(bool(alpha))
        self.details.setText(details)
        self.notes.setText("\n".join(agreement.notes))
        self.notes.setVisible(bool(agreement.notes))
        header = ("answers", "same again", "reliable")
        rows = people_rows(agreement, reliability)
        self.annotators.show_rows(header, rows, _ANNOTATOR_TIPS)
        self.pairs.show_rows(agreement.annotators, kappa_rows(agreement))
        self.classes.show_rows(_ALPHA_HEADER, alpha_rows(agreement.per_class))
        self._show_recordings()
        self._list_annotators(agreement.annotators)
        self._show_confusion()
        has_pairs = len(agreement.annotators) > 1
        for box in self._pairwise_boxes:
            box.setVisible(has_pairs)

    def _show_recordings(self) -> None:
        if self._agreement is not None:
            alphas = self._agreement.per_recording.items()
            rows = alpha_rows({self._titles.get(k, k): alpha for k, alpha in alphas})
            self.recordings.show_rows(_ALPHA_HEADER, rows)

    def _list_annotators(self, names: Sequence[str]) -> None:
        for k, box in enumerate((self.first, self.second)):
            previous = box.currentText()
            with signals_blocked(box):
                box.clear()
                box.addItems(list(names))
                # before a choice the first two annotators are compared
                box.setCurrentIndex(names.index(previous) if previous in names else k)

    def _show_confusion(self) -> None:
        if self._agreement is None:
            return
        first, second = self.first.currentText(), self.second.currentText()
        header, rows = confusion_rows(self._agreement.pairs, first, second)
        self.confusion.setVisible(bool(rows))
        self.confusion.show_rows(header, rows, [name for name, _ in rows])

    def _on_pair_clicked(self, row: int, column: int) -> None:
        # the first column holds the names, and the diagonal compares nobody
        if 0 < column != row + 1:
            self.first.setCurrentIndex(row)
            self.second.setCurrentIndex(column - 1)
            self._show_confusion()

    def _build(self) -> None:
        self.alpha.setToolTip(_ALPHA_TIP)
        self.details.setToolTip(_ALPHA_TIP)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 6, 0)
        layout.addWidget(
            group_box("All annotators", self.alpha, self.details, self.notes)
        )
        layout.addWidget(group_box("Annotators", self.annotators))
        pairs = group_box("Pairs of annotators: Cohen's κ", self.pairs)
        choice = QWidget()
        row = QHBoxLayout(choice)
        row.setContentsMargins(0, 0, 0, 0)
        for text, box in (("rows", self.first), ("columns", self.second)):
            row.addWidget(QLabel(text))
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            row.addWidget(box, 1)
            box.activated.connect(self._show_confusion)
        title = "Answers of two annotators: numbers of cells"
        confusion = group_box(title, choice, self.confusion)
        layout.addWidget(pairs)
        layout.addWidget(confusion)
        classes = group_box("Classes, each against the rest", self.classes)
        recordings = group_box("Recordings", self.recordings)
        layout.addWidget(classes)
        layout.addWidget(recordings)
        layout.addStretch(1)
        self._pairwise_boxes = (pairs, confusion, classes, recordings)
        self.pairs.setToolTip("A click shows the answers of the two annotators below.")
        self.pairs.cellClicked.connect(self._on_pair_clicked)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
