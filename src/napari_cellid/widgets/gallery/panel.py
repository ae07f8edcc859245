"""Layout of the cell gallery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
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
from superqt.utils import signals_blocked

from napari_cellid.annotation.answer import answer_text
from napari_cellid.colours import NONE_COLOUR, answer_colours
from napari_cellid.config import NO_CLASS, NO_CLASS_TEXT
from napari_cellid.widgets._shared.answer_buttons import (
    AnswerButtons,
    AnswerKeys,
)
from napari_cellid.widgets._shared.layouts import plain_label
from napari_cellid.widgets._shared.swatch import swatch
from napari_cellid.widgets.gallery.model import GalleryModel, GalleryView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.config import StudyConfig
    from napari_cellid.widgets.gallery.thumbnails import ThumbnailCache

SOURCES = {"own": "by my answers", "consensus": "by consensus", "model": "by the model"}
ORDERS = {
    "doubtful": "least likely first",
    "likely": "most likely first",
    "place": "by place",
}
_PICTURES = {"both": "both channels", "red": "red", "green": "green"}
_MIN_SIDE, _MAX_SIDE = 48, 160
#: smallest width (px) at which the combo boxes can be read
_MIN_WIDTH = 340


class GalleryPanel(QWidget):
    """The choice of cells, their thumbnails, and the answer buttons."""

    #: the user chose other cells to list
    selection_changed = Signal()

    def __init__(self, thumbnails: ThumbnailCache) -> None:
        super().__init__()
        self.answer = _box("Class that is shown.")
        self.source = _box("<qt>Whose answers say that a cell is of this class.</qt>")
        self.recording = _box("Recording that is shown.")
        self.order = _box(
            "<qt>Least likely first: the cells to which the model gives the lowest "
            "probability of this class are at the top. Wrong answers are found "
            "there.</qt>"
        )
        self.picture = _box("Channels that the thumbnails show.")
        self.size = QSlider(Qt.Orientation.Horizontal)
        self.model = GalleryModel(thumbnails, self)
        self.view = GalleryView()
        self.view.setModel(self.model)
        self.keys = AnswerKeys(self.view)
        self.buttons = AnswerButtons()
        self.undo = QPushButton("Undo")
        self.update_list = QPushButton("Update list")
        self._message = plain_label()
        self._status = plain_label()
        self._pages = QStackedWidget()
        self._colours: dict[str, str] = {}
        self._none_listed = False
        self._build()

    def show_message(self, text: str) -> None:
        """Show a message instead of the thumbnails; "" shows the thumbnails."""
        self._message.setText(text)
        self._pages.setCurrentIndex(1 if text else 0)

    def show_status(self, text: str) -> None:
        """Show the number of cells, or what is being done."""
        self._status.setText(text)

    def set_config(self, config: StudyConfig) -> None:
        """Take the classes, keys and colours of a study."""
        self.buttons.set_config(config)
        self.keys.set_config(config)
        self._colours = answer_colours(config)
        self._list_answers()

    def list_none(self, listed: bool) -> None:
        """List "none of these" after the answers: cells of which a model says so."""
        if listed != self._none_listed:
            self._none_listed = listed
            self._list_answers()

    def text_of(self, answer: str) -> str:
        """Text of an answer, or of "none of these"."""
        is_none = self._none_listed and answer == NO_CLASS
        return NO_CLASS_TEXT if is_none else answer_text(answer)

    def set_counts(self, counts: Mapping[str, int]) -> None:
        """Show beside each answer how many cells have it."""
        for index in range(self.answer.count()):
            name = self.answer.itemData(index)
            text = f"{self.text_of(name)} ({counts.get(name, 0)})"
            self.answer.setItemText(index, text)

    def set_recordings(self, titles: Mapping[str, str]) -> None:
        """List the recordings of a study, whose titles are given by name."""
        self.model.titles = titles
        set_items(self.recording, {None: "in all recordings", **titles})
        for index, title in enumerate(titles.values(), 1):
            # one that was listed may have another title now
            self.recording.setItemText(index, title)

    def set_blind(self, blind: bool) -> None:
        """List only what somebody blind may choose: own answers, in order of place."""
        set_items(self.source, {"own": SOURCES["own"]} if blind else SOURCES)
        set_items(self.order, {"place": ORDERS["place"]} if blind else ORDERS)

    def _list_answers(self) -> None:
        colours = dict(self._colours)
        if self._none_listed:
            colours[NO_CLASS] = NONE_COLOUR
        set_items(self.answer, {name: self.text_of(name) for name in colours})
        for index, colour in enumerate(colours.values()):
            self.answer.setItemIcon(index, QIcon(swatch(colour)))

    def _build(self) -> None:
        set_items(self.picture, _PICTURES)
        self.size.setRange(_MIN_SIDE, _MAX_SIDE)
        self.size.setValue(self.model.style.side)
        self.size.setToolTip("Size of the thumbnails.")
        self._message.setWordWrap(True)
        self._message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._message.setMargin(16)
        self._status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._pages.addWidget(self.view)
        self._pages.addWidget(self._message)
        self.undo.setToolTip("Take the last answer back.")
        self.update_list.setToolTip(
            "<qt>Cells that were just answered keep their places until the list is "
            "updated.</qt>"
        )
        self.setMinimumWidth(_MIN_WIDTH)
        layout = QVBoxLayout(self)
        layout.addLayout(self._combo_boxes())
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
            box.activated.connect(self._emit_selection_changed)
        self.picture.activated.connect(self._set_style)
        self.size.valueChanged.connect(self._set_style)

    def _combo_boxes(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.answer, 0, 0, 1, 2)
        grid.addWidget(self.source, 1, 0)
        grid.addWidget(self.recording, 1, 1)
        grid.addWidget(self.order, 2, 0)
        grid.addWidget(self.picture, 2, 1)
        return grid

    def _set_style(self) -> None:
        side = self.size.value()
        self.view.set_side(side)
        self.model.set_style(side, self.picture.currentData())

    def _emit_selection_changed(self) -> None:
        self.selection_changed.emit()


def set_items(box: QComboBox, items: Mapping[Any, str]) -> None:
    """Set the items of a combo box, by data; the current one stays if it is listed."""
    if [box.itemData(k) for k in range(box.count())] == list(items):
        return
    current = box.currentData()
    with signals_blocked(box):
        box.clear()
        for data, text in items.items():
            box.addItem(text, data)
        box.setCurrentIndex(list(items).index(current) if current in items else 0)


def _box(tip: str) -> QComboBox:
    box = QComboBox()
    box.setToolTip(tip)
    # a long item must not widen the whole dock
    box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return box
