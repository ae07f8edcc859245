"""How well people agree, in figures to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt
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

from napari_cellid.report import agreement_tables as figures
from napari_cellid.widgets._shared.layouts import group_box, small_text
from napari_cellid.widgets._shared.table import SmallTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.agreement.dawid_skene import AnnotatorReliability
    from napari_cellid.agreement.summary import Agreement

_ALPHA_TIP = (
    "<qt>Krippendorff's alpha: 1 when all say the same, 0 when people differ as much "
    "as by chance. 0.8 is customarily asked for, 0.67 is the least that is worth "
    "conclusions. The interval comes from drawing the cells anew 1000 times.</qt>"
)
_PEOPLE_TIPS = (
    "Number of cells that each person answered.",
    "Equal answers to cells that were asked about again.",
    "Estimated share of right answers (Dawid and Skene): who differs from all others "
    "is held less reliable.",
)
_LARGE = "20pt"
_ALPHA_HEAD = ("α", "95 % interval", "cells")


class FiguresPanel(QScrollArea):
    """Alpha, people, pairs, classes, recordings and confusions."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.alpha = QLabel()
        self.rests = small_text()
        self.notes = small_text()
        self.people, self.pairs = SmallTable(), SmallTable()
        self.classes, self.recordings = SmallTable(), SmallTable()
        self.confusion = SmallTable()
        self.first, self.second = QComboBox(), QComboBox()
        self._found: Agreement | None = None
        self._build()

    def show_figures(
        self, found: Agreement, quality: AnnotatorReliability, notes: Sequence[str] = ()
    ) -> None:
        """Show figures.

        Parameters
        ----------
        found, quality
            How well people agree, and how reliable each of them is.
        notes
            What else is worth knowing, one sentence each.
        """
        self._found = found
        large, rests = figures.agreement_summary(found)
        # not by a font, which napari's style overrides
        self.alpha.setText(f'<span style="font-size: {_LARGE}">{large}</span>')
        self.alpha.setVisible(bool(large))
        self.rests.setText(rests)
        notes = (*found.notes, *notes)
        self.notes.setText("\n".join(notes))
        self.notes.setVisible(bool(notes))
        head = ("answers", "same again", "reliable")
        self.people.show_rows(head, figures.people_rows(found, quality), _PEOPLE_TIPS)
        self.pairs.show_rows(found.annotators, figures.kappa_rows(found))
        self.classes.show_rows(_ALPHA_HEAD, figures.alpha_rows(found.per_class))
        self.recordings.show_rows(_ALPHA_HEAD, figures.alpha_rows(found.per_recording))
        self._offer(found.annotators)
        self._show_confusion()
        several = len(found.annotators) > 1
        for box in self._of_several:
            box.setVisible(several)

    def _offer(self, names: Sequence[str]) -> None:
        for k, box in enumerate((self.first, self.second)):
            before = box.currentText()
            blocker = QSignalBlocker(box)
            box.clear()
            box.addItems(list(names))
            box.setCurrentIndex(names.index(before) if before in names else k)
            blocker.unblock()

    def _show_confusion(self) -> None:
        if self._found is None:
            return
        first, second = self.first.currentText(), self.second.currentText()
        head, rows = figures.confusion_rows(self._found.pairs, first, second)
        self.confusion.setVisible(bool(rows))
        self.confusion.show_rows(head, rows, [name for name, _ in rows])

    def _choose_pair(self, row: int, column: int) -> None:
        # the names stand in the first column
        if 0 < column != row + 1:
            self.first.setCurrentIndex(row)
            self.second.setCurrentIndex(column - 1)
            self._show_confusion()

    def _build(self) -> None:
        self.alpha.setToolTip(_ALPHA_TIP)
        self.rests.setToolTip(_ALPHA_TIP)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 6, 0)
        layout.addWidget(group_box("Everybody", self.alpha, self.rests, self.notes))
        layout.addWidget(group_box("People", self.people))
        pairs = group_box("Every two people: Cohen's κ", self.pairs)
        choice = QWidget()
        row = QHBoxLayout(choice)
        row.setContentsMargins(0, 0, 0, 0)
        for text, box in (("rows", self.first), ("columns", self.second)):
            row.addWidget(QLabel(text))
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            row.addWidget(box, 1)
            box.activated.connect(self._show_confusion)
        confusion = group_box("Who said what: cells", choice, self.confusion)
        layout.addWidget(pairs)
        layout.addWidget(confusion)
        classes = group_box("Classes, each against the rest", self.classes)
        recordings = group_box("Recordings", self.recordings)
        layout.addWidget(classes)
        layout.addWidget(recordings)
        layout.addStretch(1)
        self._of_several = (pairs, confusion, classes, recordings)
        self.pairs.setToolTip("A click shows below what the two said.")
        self.pairs.cellClicked.connect(self._choose_pair)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
