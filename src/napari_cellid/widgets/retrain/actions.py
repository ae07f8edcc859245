"""Connects the report page to the session: shows cells, and uses the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_cellid.report.confusion_cells import cells_in_square, read_held_out
from napari_cellid.report.model_card import card_text
from napari_cellid.report.training import ended_untrained
from napari_cellid.retrain.active_model import (
    activate_run_folder,
    active_weights,
    restore_previous_model,
)
from napari_cellid.training.layout import MODEL_FOLDER
from napari_cellid.training.summary import held_out_table
from napari_cellid.widgets._shared.notifications import (
    input_errors_shown,
    show_error,
    show_info,
)
from napari_cellid.widgets._shared.save_queue import SaveQueue
from napari_cellid.widgets._shared.worker import Worker

if TYPE_CHECKING:
    import pandas as pd
    from qtpy.QtWidgets import QWidget

    from napari_cellid.annotation.answer import CellKey
    from napari_cellid.progress import Step
    from napari_cellid.report.confusion_cells import ConfusionSquare
    from napari_cellid.study.study import Study
    from napari_cellid.training.summary import RunSummary
    from napari_cellid.widgets.retrain.panel import RetrainPanel
    from napari_cellid.widgets.retrain.run_selection import RunSelection
    from napari_cellid.widgets.session.session import StudySession


class ReportActions(QObject):
    """Shows the cells of a confusion matrix, and makes a model the study's.

    Parameters
    ----------
    session
        Its viewer shows the cells.
    panel
        It holds the page with the report.
    selection
        Says which training is shown.
    parent
        The dock; it deletes this object.
    """

    def __init__(
        self,
        session: StudySession,
        panel: RetrainPanel,
        selection: RunSelection,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._session, self._panel = session, panel.report
        self._report_area = panel.report_area
        self.reading, self.writing = Worker(self), SaveQueue(self)
        #: hashes of the weights of the study's models
        self.active_weights: set[str] = set()
        self._selection = selection
        self._drawn: object = None
        self._square: ConfusionSquare | None = None
        self._panel.square_chosen.connect(self._on_square)
        self._panel.cells.reveal_requested.connect(self._reveal)
        self._panel.cells.cell_chosen.connect(self._go_to)
        self._panel.use_requested.connect(self._use)
        self._panel.restore_requested.connect(self._restore)
        self.writing.finished.connect(self._on_written)

    def show_run(self) -> None:
        """Show the figures of the chosen training, unless they are shown already."""
        figures = _figures(self._selection.run)
        if figures is None or figures != self._drawn:
            self._square = None
            # the cells that are being read are those of the run before
            self.reading.cancel()
            self._panel.refresh()
            self.refresh()
            # another training: its verdict is at the top
            self._report_area.verticalScrollBar().setValue(0)
        self._drawn = figures

    def refresh(self) -> None:
        """Show whether the study uses the model, and the model card."""
        run, study = self._selection.run, self._session.study
        possible = run is not None and run.has_model and not run.is_active
        possible = possible and not (run is not None and ended_untrained(run))
        self.active_weights = active_weights(study)
        active = run is not None and run.weights in self.active_weights
        self._panel.show_use(possible=possible, used=active)
        if run is not None and run.has_model:
            self._panel.show_card(card_text(run.folder / MODEL_FOLDER))
        else:
            self._panel.show_card("")

    def _on_square(self, square: ConfusionSquare) -> None:
        self._square = square
        if not self._session.votes_visible:
            self._panel.cells.show_blind_warning()
        elif self._panel.held_out is not None:
            self._show_cells(self._panel.held_out)
        elif (run := self._selection.run) is not None:
            path = held_out_table(run.folder)
            if path is None:
                show_error("The list of held-out cells of this training is gone.")
            else:
                self.reading.start_latest(read_held_out(path), self._on_read)

    def _on_read(self, table: pd.DataFrame) -> None:
        self._panel.held_out = table
        self._show_cells(table)

    def _show_cells(self, table: pd.DataFrame) -> None:
        if self._square is not None:
            self._panel.cells.show_cells(
                self._square, cells_in_square(table, self._square)
            )

    def _reveal(self) -> None:
        self._session.show_votes()
        if self._square is not None:
            self._on_square(self._square)

    def _go_to(self, cell: CellKey) -> None:
        with input_errors_shown():
            self._session.go_to(cell)

    def _use(self) -> None:
        run, study = self._selection.run, self._session.study
        if run is not None and study is not None:
            self._write(activate_run_folder(study, run.folder))

    def _restore(self) -> None:
        run, study = self._selection.run, self._session.study
        if run is not None and study is not None:
            self._write(restore_previous_model(study, run.folder))

    def _write(self, step: Step[Study]) -> None:
        self.writing.add(step, self._on_used)
        self._panel.set_use_enabled(False)

    def _on_written(self) -> None:
        self._panel.set_use_enabled(not self.writing.busy)

    def _on_used(self, study: Study) -> None:
        with input_errors_shown():
            # the open study takes over the settings that were written
            self._session.set_config(study.config)
            run = self._selection.run
            name = "" if run is None else getattr(study.config.models, run.task, "")
            model = (
                f"the model {name!r} of the study" if name else "the package's model"
            )
            show_info(f"The study and the Identify dock use {model} now.")


def _figures(run: RunSummary | None) -> object:
    """What the page shows of a training; None for no training."""
    if run is None:
        return None
    return run.folder, run.report, run.state, run.weights
