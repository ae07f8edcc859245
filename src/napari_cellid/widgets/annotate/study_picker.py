"""Which study is open, and how to open or begin one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.widgets._shared.layouts import small_text
from napari_cellid.widgets.session.animals_dialog import AnimalsButton

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_cellid.widgets.session.result_layer import ShownResult

_NONE = (
    "Annotating happens in a study: a folder with recordings, their cells and "
    "everybody's answers. Open one, or identify the cells of a recording (Plugins > "
    "Identify cells); its cells are then offered here."
)


class StudyChoice(QWidget):
    """The open study in one line; what Identify found is offered below."""

    #: the user wants to open a study
    opening = Signal()
    #: the user wants to say which animals the recordings are of
    naming = Signal()
    #: the `ShownResult` whose cells the user wants to annotate
    offered = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = QLabel()
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.open_button = QPushButton("Open study…")
        self.open_button.setToolTip("<qt>Choose the folder of a study.</qt>")
        self.open_button.clicked.connect(self.opening)
        self.animals_button = AnimalsButton()
        self.animals_button.clicked.connect(self.naming)
        self._hint = small_text()
        self._hint.setText(_NONE)
        self._busy = QLabel("Putting the cells into the study…")
        self._busy.hide()
        self.offers: list[QPushButton] = []
        row = QHBoxLayout()
        row.addWidget(self.name, 1)
        row.addWidget(self.animals_button)
        row.addWidget(self.open_button)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addLayout(row)
        self._column.addWidget(self._hint)
        self._column.addWidget(self._busy)
        self.show_study(None, 0)

    def show_study(self, path: Path | None, n_cells: int) -> None:
        """Show which study is open."""
        self._hint.setVisible(path is None)
        self.animals_button.setVisible(path is not None)
        if path is None:
            self.name.setText("No study is open")
            self.name.setToolTip("")
            return
        self.name.setText(f"<b>{path.name}</b> · {n_cells:,} cells")
        self.name.setToolTip(str(path))

    def show_offers(
        self, results: Sequence[ShownResult], *, more: bool, busy: bool
    ) -> None:
        """Offer to annotate what Identify found.

        Parameters
        ----------
        results
            What is not in the study as it is now.
        more
            Whether a study is open, into which they would go.
        busy
            Whether one of them is being put there.
        """
        for button in self.offers:
            # at once, or the old ones would still show through the new ones
            button.setParent(None)
            button.deleteLater()
        self.offers = [self._offer(result, more) for result in results]
        for button in self.offers:
            self._column.addWidget(button)
            button.setEnabled(not busy)
        self._busy.setVisible(busy)

    def _offer(self, result: ShownResult, more: bool) -> QPushButton:
        into = "Put the cells of {} into this study"
        text = into if more else "Annotate the cells of {}"
        button = QPushButton(text.format(result.name))
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setToolTip(
            "<qt>Keeps the images, the outlines and all answers in a study, so that "
            "nothing is only in memory.</qt>"
        )
        button.clicked.connect(lambda: self.offered.emit(result))
        return button
