"""What can be done with a report: see the cells behind it, and use its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_info
from qtpy.QtCore import QObject

from napari_cellid.errors import InputError
from napari_cellid.report.confusion_cells import cells_in_square, read_held_out
from napari_cellid.report.model_card import card_text
from napari_cellid.retrain.active_model import (
    activate_run_folder,
    active_weights,
    restore_previous_model,
)
from napari_cellid.training.layout import MODEL_FOLDER
from napari_cellid.training.status import held_out_table
from napari_cellid.widgets._shared.worker import Worker

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from qtpy.QtWidgets import QWidget

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.progress import Step
    from napari_cellid.report.confusion_cells import ConfusionSquare
    from napari_cellid.study.study import Study
    from napari_cellid.training.status import RunSummary
    from napari_cellid.widgets.retrain.panel import RetrainPanel
    from napari_cellid.widgets.session.session import StudySession


class ReportActions(QObject):
    """Serves the page "Did it help?".

    Parameters
    ----------
    session
        Its viewer shows the cells.
    panel
        Holds the page.
    """

    def __init__(
        self, session: StudySession, panel: RetrainPanel, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._session, self._page = session, panel.report
        self.reading, self.writing = Worker(self), Worker(self)
        #: hashes of the weights of the study's models
        self.weights: set[str] = set()
        self._look: RunSummary | None = None
        self._square: ConfusionSquare | None = None
        self._page.chosen.connect(self._on_square)
        self._page.cells.revealed.connect(self._reveal)
        self._page.cells.gone_to.connect(self._go_to)
        self._page.used.connect(self._use)
        self._page.undone.connect(self._use_before)
        self.writing.finished.connect(lambda: self._page.allow_use(True))

    def show_run(self, look: RunSummary | None) -> None:
        """Show the figures of a training, unless they are shown already."""
        before = self._look
        self._look = look
        if _key(look) != _key(before) or look is None:
            self._square = None
            self._page.show_run(look)
            self.refresh()

    def refresh(self) -> None:
        """Show whether the model is the study's, and its card."""
        look, study = self._look, self._session.study
        possible = look is not None and look.has_model and not look.is_active
        self.weights = active_weights(study)
        used = look is not None and look.weights in self.weights
        self._page.show_use(possible=possible, used=used)
        if look is not None and look.has_model:
            self._page.show_card(card_text(look.folder / MODEL_FOLDER))
        else:
            self._page.show_card("")

    def _on_square(self, square: ConfusionSquare) -> None:
        self._square = square
        if not self._session.votes_visible:
            self._page.cells.ask()
        elif self._page.held_out is not None:
            self._show(self._page.held_out)
        elif self._look is not None:
            path = held_out_table(self._look.folder)
            if path is None:
                show_error("The list of held-out cells of this training is gone.")
            else:
                self.reading.start(read_held_out(path), self._on_read)

    def _on_read(self, table: pd.DataFrame) -> None:
        self._page.held_out = table
        self._show(table)

    def _show(self, table: pd.DataFrame) -> None:
        if self._square is not None:
            self._page.cells.show_cells(
                self._square, cells_in_square(table, self._square)
            )

    def _reveal(self) -> None:
        self._session.show_votes()
        if self._square is not None:
            self._on_square(self._square)

    def _go_to(self, cell: CellKey) -> None:
        try:
            self._session.go_to(cell)
        except InputError as error:
            show_error(str(error))

    def _use(self, folder: Path) -> None:
        if self._session.study is not None:
            self._write(activate_run_folder(self._session.study, folder))

    def _use_before(self, folder: Path) -> None:
        if self._session.study is not None:
            self._write(restore_previous_model(self._session.study, folder))

    def _write(self, step: Step[Study]) -> None:
        if self.writing.start(step, self._on_used):
            self._page.allow_use(False)

    def _on_used(self, study: Study) -> None:
        try:
            # the one that is open takes over what was written
            self._session.save_config(study.config)
        except InputError as error:
            show_error(str(error))
            return
        show_info("The study uses another model from now on; Identify, too.")


def _key(look: RunSummary | None) -> object:
    if look is None:
        return None
    return look.folder, look.report, look.is_active, look.weights
