"""The dock that lists all cells in a table, with plots, linked with the image."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QPoint, QSize, QTimer
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QMenu, QSizePolicy, QVBoxLayout, QWidget

from napari_cellid.annotation.answer import answer_keys, answer_text
from napari_cellid.report.table import count_text
from napari_cellid.widgets._shared.connections import Connections
from napari_cellid.widgets._shared.dock_front import DockFront
from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later
from napari_cellid.widgets._shared.help_line import HelpLine
from napari_cellid.widgets._shared.swatch import swatch
from napari_cellid.widgets.cell_table.answering import TableAnswers
from napari_cellid.widgets.cell_table.columns import ANSWER, CONFIDENCE, RANGES
from napari_cellid.widgets.cell_table.panel import CellTablePanel
from napari_cellid.widgets.cell_table.plots import PlottedCells
from napari_cellid.widgets.cell_table.selection import TableSelection
from napari_cellid.widgets.cell_table.sources import SourceChoice
from napari_cellid.widgets.session.session import session_of
from napari_cellid.widgets.session.study_opener import opens_in

if TYPE_CHECKING:
    import napari.viewer
    from numpy.typing import NDArray

    from napari_cellid.annotation.answer import Answer
    from napari_cellid.widgets.cell_table.source import CellSource

#: initial width of the dock (px)
_WIDTH = 440


class CellTableWidget(QWidget):
    """Lists, filters, sorts and plots cells, and takes answers for them.

    Parameters
    ----------
    viewer
        Its results of Identify and its open study are listed.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        viewer = getattr(viewer, "__wrapped__", viewer)
        self._viewer = viewer
        self.session = session_of(viewer)
        self.panel = CellTablePanel(str(viewer.theme))
        self.selection = TableSelection(self.panel, self)
        self.answers = TableAnswers(self.session, self)
        self.sources = SourceChoice(viewer, self.session, self.panel.source, self)
        self._stale = True
        self.front = DockFront(self)
        # timers, so that several signals of one change make one list
        self._fill_timer = QTimer(self, singleShot=True)
        self._fill_timer.timeout.connect(self._fill)
        self._filter_timer = QTimer(self, singleShot=True, interval=40)
        self._filter_timer.timeout.connect(self._filter)
        # a timer of its own: the table is painted before the image is coloured anew
        self._listed_timer = QTimer(self, singleShot=True, interval=0)
        self._listed_timer.timeout.connect(self._show_listed)
        self._answers_timer = QTimer(self, singleShot=True, interval=0)
        self._answers_timer.timeout.connect(self._show_answers)
        self._timers = (
            self._fill_timer,
            self._filter_timer,
            self._listed_timer,
            self._answers_timer,
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        layout.addWidget(HelpLine(viewer, "cell_table"))
        # as high as the window, or napari would push it together
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._connect()
        self._on_source(self.sources.current)
        tabify_dock_later(self)

    @property
    def source(self) -> CellSource | None:
        """Where the listed cells come from; None if there are none."""
        return self.sources.current

    def refresh(self) -> None:
        """Read the cells again once the dock is in front."""
        self._stale = True
        if self.front.in_front:
            self._fill_timer.start(0)

    def answer(self, answer: str) -> None:
        """Give an answer for the selected cells."""
        if self.source is not None:
            self.answers.answer(self.source, self.selection.keys(), answer)

    def answer_menu(self) -> QMenu:
        """The menu of answers for the selected cells."""
        menu = QMenu(self)
        n, source = len(self.selection.keys()), self.source
        if source is None or not n:
            menu.addAction("Select cells first").setEnabled(False)
            return menu
        who = self.session.annotator
        title = f"My answer for {count_text(n, 'cell')}" + (f" ({who})" if who else "")
        menu.addAction(title).setEnabled(False)
        menu.addSeparator()
        keys, colours = answer_keys(source.config), source.colours()
        for name in source.config.offered_answers:
            action = menu.addAction(f"{answer_text(name)}\t{keys[name]}")
            action.setIcon(QIcon(swatch(colours[name])))
            action.triggered.connect(partial(self._answer_by_menu, name))
        menu.addSeparator()
        menu.addAction("Take the last answer back").triggered.connect(self.answers.undo)
        return menu

    def sizeHint(self) -> QSize:
        """As wide as the columns that matter."""
        hint = super().sizeHint()
        return QSize(max(hint.width(), _WIDTH), hint.height())

    def _on_front(self, in_front: bool) -> None:
        """Begin to show the chosen cells in the image, or leave it as it was."""
        if not in_front:
            for timer in self._timers:
                timer.stop()
            self._stale = True
            if self.source is not None:
                self.source.leave()
            return
        if self.source is not None:
            self.source.start()
        if self._stale:
            self.refresh()

    def _connect(self) -> None:
        panel = self.panel
        self.front.changed.connect(self._on_front)
        panel.filters.changed.connect(self._filter_timer.start)
        panel.colouring.activated.connect(self._show_listed)
        panel.keys.answer_chosen.connect(self.answer)
        panel.keys.undo_requested.connect(self.answers.undo)
        panel.view.customContextMenuRequested.connect(self._open_menu)
        self.selection.changed.connect(self._show_status)
        self.sources.changed.connect(self._on_source)
        self.answers.busy_changed.connect(self._show_status)
        self.session.answered.connect(self._on_answered)
        opens_in(self.session, panel.opener)
        self._connections = Connections(self)
        self._connections.connect(self._viewer.events.theme, self._on_theme)

    def _on_source(self, source: CellSource | None) -> None:
        self.selection.set_source(source)
        self.panel.show_empty(source is None)
        if source is not None:
            source.changed.connect(self.refresh)
            source.picked.connect(self.panel.take_keys)
            if self.front.in_front:
                source.start()
        self.refresh()

    def _fill(self) -> None:
        source, panel = self.source, self.panel
        self._stale = False
        if source is None:
            return
        colours = source.colours()
        panel.model.set_colours(colours)
        panel.model.titles = panel.filters.titles = self.session.titles
        panel.model.set_cells(source.cells(), source.answers, blind=source.blind)
        panel.filters.set_cells(panel.model.cells, colours, blind=source.blind)
        panel.view.fit_columns()
        panel.keys.set_config(source.config)
        panel.colouring.setVisible(not source.blind)
        self._show_hint(source)
        self._filter()

    def _filter(self) -> None:
        self.panel.model.set_filter(self.panel.filters.value())
        self._show_status()
        self._listed_timer.start()

    def _show_listed(self) -> None:
        """Show the listed cells in the plots and in the image."""
        source, model = self.source, self.panel.model
        if source is None:
            return
        groups, listed = self._groups(), model.listed
        source.show_only(listed, groups)
        positions, cells = np.flatnonzero(listed), model.cells
        columns = [
            name
            for name in RANGES
            if name in cells and not (source.blind and name == CONFIDENCE)
        ]
        plotted = PlottedCells(
            {name: cells[name].to_numpy(float)[positions] for name in columns},
            groups[positions],
            source.colours(),
        )
        self.panel.name_histograms(confidence=CONFIDENCE in columns)
        self.panel.contrasts.set_cells(plotted)
        self.panel.histograms.set_cells(plotted)
        self.selection.set_plotted(positions)
        self._show_status()

    def _group_column(self) -> str:
        """The column that colours the cells."""
        blind = self.source is not None and self.source.blind
        return ANSWER if blind else str(self.panel.colouring.currentData())

    def _groups(self) -> NDArray[np.object_]:
        """(cell,) class or answer that colours each cell."""
        cells = self.panel.model.cells
        return np.asarray(cells[self._group_column()].to_numpy(object))

    def _show_status(self, _: Any = None) -> None:
        model, source = self.panel.model, self.source
        n, listed = len(model.keys), len(model.rows)
        parts = [count_text(n, "cell") if listed == n else f"{listed} of {n} cells"]
        if selected := len(self.selection.keys()):
            parts.append(f"{selected} selected")
        if self.answers.busy:
            parts.append("saving the cells in the study…")
        elif source is not None and source.blind:
            parts.append("blind: your own answers alone")
        self.panel.status.setText(" · ".join(parts))

    def _show_hint(self, source: CellSource) -> None:
        keys = answer_keys(source.config)
        letters = ", ".join(keys[name] for name in source.config.offered_answers)
        self.panel.hint.setText(
            f"Your answer for the selected cells: {letters}, or a right click in the "
            "table."
        )

    def _open_menu(self, place: QPoint) -> None:
        menu = self.answer_menu()
        menu.exec(self.panel.view.viewport().mapToGlobal(place))
        menu.deleteLater()

    def _answer_by_menu(self, answer: str, _: bool) -> None:
        self.answer(answer)

    def _on_answered(self, line: Answer) -> None:
        model, source = self.panel.model, self.source
        if line.role != "annotator" or source is None or self._stale:
            return
        model.set_answer(line.key, source.answers.get(line.key, ""))
        # one timer for an answer that many cells get
        self._answers_timer.start()

    def _show_answers(self) -> None:
        """Count the answers again; the rows keep their places."""
        if self.source is not None:
            self.panel.filters.set_answers(
                self.panel.model.cells, self.source.colours()
            )
            if self._group_column() == ANSWER:
                self._show_listed()

    def _on_theme(self) -> None:
        self.panel.set_theme(str(self._viewer.theme))
