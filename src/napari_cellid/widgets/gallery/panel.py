"""What the cell gallery looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.annotation.answer import answer_text
from napari_cellid.colours import answer_colours
from napari_cellid.widgets._shared.answer_buttons import (
    AnswerButtons,
    AnswerKeys,
)
from napari_cellid.widgets._shared.swatch import swatch
from napari_cellid.widgets.gallery.model import GalleryModel, GalleryView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_cellid.config import StudyConfig
    from napari_cellid.widgets.gallery.thumbnails import Thumbnails

SOURCES = {"own": "by my answers", "consensus": "by consensus", "model": "by the model"}
ORDERS = {
    "doubtful": "least likely first",
    "likely": "most likely first",
    "place": "by place",
}
_PICTURES = {"both": "both channels", "red": "mCherry", "green": "GCaMP"}
_SMALLEST, _LARGEST = 48, 160
#: what the choices need to be read (px)
_NARROWEST = 340


class GalleryPanel(QWidget):
    """Which cells, the grid, and what to answer."""

    #: another choice of cells
    chosen = Signal()

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__()
        self.answer = _box("Which class is shown.")
        self.source = _box("<qt>Who says that cells are of this class.</qt>")
        self.recording = _box("Which recording is shown.")
        self.order = _box(
            "<qt>Least likely first: the cells that the model finds least like this "
            "class stand at the top. There the odd one out is found.</qt>"
        )
        self.picture = _box("Which channels the pictures show.")
        self.size = QSlider(Qt.Orientation.Horizontal)
        self.model = GalleryModel(thumbnails, self)
        self.view = GalleryView()
        self.view.setModel(self.model)
        self.keys = AnswerKeys(self.view)
        self.buttons = AnswerButtons()
        self.undo = QPushButton("Undo")
        self.update_list = QPushButton("Update list")
        self._message = QLabel()
        self._status = QLabel()
        self._pages = QStackedWidget()
        self._build()

    def show_message(self, text: str) -> None:
        """Show words in the place of the grid; "" shows the grid."""
        self._message.setText(text)
        self._pages.setCurrentIndex(1 if text else 0)

    def show_status(self, text: str) -> None:
        """Say how many cells there are."""
        self._status.setText(text)

    def set_config(self, config: StudyConfig) -> None:
        """Offer the answers of a study."""
        self.buttons.set_config(config)
        self.keys.set_config(config)
        colours = answer_colours(config)
        fill(self.answer, {one: answer_text(one) for one in config.answers})
        for k, one in enumerate(config.answers):
            self.answer.setItemIcon(k, QIcon(swatch(colours[one])))

    def set_counts(self, counts: Mapping[str, int]) -> None:
        """Say beside each answer how many cells have it."""
        for k in range(self.answer.count()):
            one = self.answer.itemData(k)
            self.answer.setItemText(k, f"{answer_text(one)} ({counts.get(one, 0)})")

    def set_recordings(self, names: Sequence[str]) -> None:
        """Offer the recordings of a study."""
        fill(self.recording, {None: "in all recordings", **{n: n for n in names}})

    def _build(self) -> None:
        fill(self.picture, _PICTURES)
        self.size.setRange(_SMALLEST, _LARGEST)
        self.size.setValue(self.model.style.side)
        self.size.setToolTip("Size of the pictures.")
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setMargin(16)
        self._status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._pages.addWidget(self.view)
        self._pages.addWidget(self._message)
        self.undo.setToolTip("Take the last answer back.")
        self.update_list.setToolTip(
            "<qt>Cells that were answered just now stay where they are until the list "
            "is made anew.</qt>"
        )
        self.setMinimumWidth(_NARROWEST)
        layout = QVBoxLayout(self)
        layout.addLayout(self._choices())
        layout.addWidget(self._pages, 1)
        layout.addWidget(self._status)
        layout.addWidget(self.buttons)
        row = QHBoxLayout()
        row.addWidget(self.undo)
        row.addSpacing(12)
        row.addWidget(QLabel("Size"))
        row.addWidget(self.size, 1)
        row.addSpacing(12)
        row.addWidget(self.update_list)
        layout.addLayout(row)
        for box in (self.answer, self.source, self.recording, self.order):
            box.activated.connect(self._tell)
        self.picture.activated.connect(self._restyle)
        self.size.valueChanged.connect(self._restyle)

    def _choices(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.answer, 0, 0, 1, 2)
        grid.addWidget(self.source, 1, 0)
        grid.addWidget(self.recording, 1, 1)
        grid.addWidget(self.order, 2, 0)
        grid.addWidget(self.picture, 2, 1)
        return grid

    def _restyle(self) -> None:
        side = self.size.value()
        self.view.set_side(side)
        self.model.set_style(side, self.picture.currentData())

    def _tell(self) -> None:
        self.chosen.emit()


def fill(box: QComboBox, entries: Mapping[Any, str]) -> None:
    """Offer entries, and keep what was chosen where it is still there."""
    if [box.itemData(k) for k in range(box.count())] == list(entries):
        return
    before = box.currentData()
    blocker = QSignalBlocker(box)
    box.clear()
    for data, text in entries.items():
        box.addItem(text, data)
    box.setCurrentIndex(list(entries).index(before) if before in entries else 0)
    blocker.unblock()


def _box(tip: str) -> QComboBox:
    box = QComboBox()
    box.setToolTip(tip)
    # a long entry must not widen the whole dock
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return box
