"""Layout of the Cell table dock."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.widgets._shared.answer_buttons import AnswerKeys
from napari_cellid.widgets._shared.layouts import (
    DockScrollArea,
    message_page,
    plain_label,
    small_text,
)
from napari_cellid.widgets.cell_table.columns import ANSWER, PREDICTED
from napari_cellid.widgets.cell_table.filters import FilterPanel
from napari_cellid.widgets.cell_table.model import CellTableModel
from napari_cellid.widgets.cell_table.plots import ContrastPlot, HistogramPlot
from napari_cellid.widgets.session.study_opener import StudyOpener

_EMPTY = (
    "There are no cells yet.\n\nIdentify the cells of a recording, or open a study; "
    "then all its cells are listed here."
)
#: smallest width (px) at which all parts can be read
_MIN_WIDTH = 340
_PADDING = 14
#: widest column (px), and numbers as wide as most: whole ones, and with decimals
_MAX_COLUMN, _NUMBERS = 240, ("00000", "−00.00")


class CellTableView(QTableView):
    """The table; a click on the head of a column sorts by it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMinimumSize(160, 90)
        rows = self.verticalHeader()
        rows.hide()
        # of one height, or Qt would measure each of tens of thousands of rows
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(self.fontMetrics().height() + 6)
        head = self.horizontalHeader()
        head.setMinimumSectionSize(24)
        head.setHighlightSections(False)
        head.setStretchLastSection(True)
        self.setSortingEnabled(True)
        head.setSortIndicator(0, Qt.SortOrder.AscendingOrder)

    def fit_columns(self) -> None:
        """Make each column as wide as its head and its texts."""
        model = self.model()
        measure = self.fontMetrics().horizontalAdvance
        for k, column in enumerate(model.columns):
            numbers = [_NUMBERS[bool(column.digits)]]
            texts = model.texts(column) if column.is_text else numbers
            width = max(measure(text) for text in (f"{column.title} ▾", *texts))
            self.setColumnWidth(k, min(width, _MAX_COLUMN) + _PADDING)

    def sizeHint(self) -> QSize:
        """As high as some rows."""
        return QSize(_MIN_WIDTH, 220)


class CellTablePanel(QWidget):
    """The choice of cells, the table, the plots."""

    def __init__(self, theme: str) -> None:
        super().__init__()
        self.source = QComboBox()
        self.colouring = QComboBox()
        self.opener = StudyOpener()
        self.filters = FilterPanel()
        self.model = CellTableModel(self)
        self.view = CellTableView()
        self.view.setModel(self.model)
        self.keys = AnswerKeys(self.view)
        self.contrasts = ContrastPlot(theme)
        self.histograms = HistogramPlot(theme)
        self.plots = QTabWidget()
        self.status = plain_label()
        self.hint = small_text()
        self._pages = QStackedWidget()
        self.contrasts.chosen.connect(self.take_keys)
        self._build()

    def show_empty(self, empty: bool) -> None:
        """Show what to do instead of the table."""
        self._pages.setCurrentIndex(1 if empty else 0)

    def take_keys(self) -> None:
        """Let the keys of answers hold for cells that the mouse chose elsewhere."""
        self.view.setFocus(Qt.FocusReason.MouseFocusReason)

    def name_histograms(self, *, confidence: bool) -> None:
        """Name the tab by what it shows: nobody blind reads of a confidence."""
        index = self.plots.indexOf(self.histograms)
        self.plots.setTabText(index, "Confidence and area" if confidence else "Area")

    def set_theme(self, theme: str) -> None:
        """Draw the plots in the colours of a theme of napari."""
        self.contrasts.set_theme(theme)
        self.histograms.set_theme(theme)

    def _build(self) -> None:
        for box in (self.source, self.colouring):
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.source.setToolTip("Cells that are listed.")
        self.colouring.addItem("Colours: model", PREDICTED)
        self.colouring.addItem("Colours: my answers", ANSWER)
        self.colouring.setToolTip(
            "<qt>What colours the outlines of a result and the points of the plots. "
            "The outlines of a study always have the colours of your answers.</qt>"
        )
        self.plots.addTab(self.contrasts, "Red and green")
        self.plots.addTab(self.histograms, "Confidence and area")
        self.contrasts.setToolTip(
            "<qt>Draw a line around points to select their cells; hold Ctrl or Shift "
            "to add them. Click a point to select its cell.</qt>"
        )
        self.status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.view)
        splitter.addWidget(self.plots)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        table = QWidget()
        column = QVBoxLayout(table)
        column.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout()
        row.addWidget(self.source, 3)
        row.addWidget(self.colouring, 2)
        column.addLayout(row)
        filters = DockScrollArea(self.filters)
        # no higher than the filters, and lower where the window has no room for them
        filters.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        column.addWidget(filters)
        column.addWidget(splitter, 1)
        column.addWidget(self.status)
        column.addWidget(self.hint)
        message = QLabel(_EMPTY)
        message.setWordWrap(True)
        message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages.addWidget(table)
        self._pages.addWidget(message_page(message, self.opener))
        layout = QVBoxLayout(self)
        layout.addWidget(self._pages)
        self.setMinimumWidth(_MIN_WIDTH)
