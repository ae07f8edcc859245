"""Parts of which docks are laid out: texts, boxes, forms, buttons, scroll areas."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import (
    QFormLayout,
    QGroupBox,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

#: the largest height that Qt knows (px)
_UNLIMITED = 2**24 - 1


#: height (px) that a part which scrolls needs at least
_SCROLLED_HEIGHT = 120


class VerticalScrollArea(QScrollArea):
    """Scrolls a widget up and down; the widget is as wide as the area."""

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)


class DockScrollArea(VerticalScrollArea):
    """The scroll area of a dock or of a part: wide enough that nothing is cut off."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask for more width when what is inside needs it, as long names do."""
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            # Qt asks a scroll area only once, because most need not show all
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))

    def minimumSizeHint(self) -> QSize:
        """As wide as the inner widget needs to be."""
        bar, frame = self.verticalScrollBar().sizeHint().width(), self._frame()
        inner = self.widget().minimumSizeHint()
        height = min(inner.height() + frame, _SCROLLED_HEIGHT)
        return QSize(inner.width() + bar + frame, height)

    def sizeHint(self) -> QSize:
        """As high as the inner widget would like to be."""
        smallest = self.minimumSizeHint()
        height = self.widget().sizeHint().height() + self._frame()
        return QSize(max(smallest.width(), 330), height)

    def _frame(self) -> int:
        """Both sides of the frame (px), which the themes of napari draw."""
        return int(2 * self.frameWidth())


class CollapsibleSection(QCollapsible):
    """Widgets that show when their title is clicked."""

    def __init__(self, title: str, parts: list[QWidget]) -> None:
        super().__init__(title, expandedIcon="▾", collapsedIcon="▸")
        # no animation, because it would lay out the whole dock many times
        self.setDuration(0)
        self.layout().setContentsMargins(0, 0, 0, 0)
        self.toggleButton().setFlat(True)
        self.toggleButton().setStyleSheet(
            "QPushButton { text-align: left; border: none; background: transparent; }"
        )
        column = self.content().layout()
        column.setContentsMargins(12, 0, 0, 0)
        for part in parts:
            # not by `addWidget`, which fixes a height that cuts texts off
            column.addWidget(part)
        self.toggled.connect(self._on_toggled)
        self._on_toggled(False)

    def changeEvent(self, event: QEvent) -> None:
        """Draw the arrows in the colours of the theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.PaletteChange):
            self.setExpandedIcon("▾")
            self.setCollapsedIcon("▸")

    def _on_toggled(self, expanded: bool) -> None:
        self.content().setVisible(expanded)
        # as high as the parts need to be, also when they change
        self.content().setMaximumHeight(_UNLIMITED)


def plain_label(text: str = "") -> QLabel:
    """Make a label that shows names as they are, also those that look like markup."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def small_text(text: str = "") -> QLabel:
    """Make a label that wraps, is as narrow as the dock, and can be copied."""
    label = plain_label(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label


def message_page(message: QLabel, *parts: QWidget) -> QWidget:
    """Make a page with a message in its middle, and what it mentions below it."""
    page = QWidget()
    column = QVBoxLayout(page)
    column.addStretch(1)
    column.addWidget(message)
    column.addSpacing(8)
    for part in parts:
        column.addWidget(part)
    column.addStretch(2)
    return page


def group_box(title: str, *parts: QWidget) -> QGroupBox:
    """Make a box with a title and the widgets below one another."""
    box = QGroupBox(title)
    column = QVBoxLayout(box)
    for part in parts:
        column.addWidget(part)
    return box


def form_layout(widget: QWidget) -> QFormLayout:
    """Give a widget a form without margins, whose fields are as wide as the dock."""
    form = QFormLayout(widget)
    form.setContentsMargins(0, 0, 0, 0)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def arrow_button(direction: Qt.ArrowType, tip: str) -> QToolButton:
    """Make a button that shows an arrow."""
    button = QToolButton()
    button.setArrowType(direction)
    button.setToolTip(tip)
    return button


def align_labels(widget: QWidget) -> None:
    """Give the labels of all forms of a widget the same width.

    It depends on the style, so that it is known when the widget is shown.
    """
    labels = [
        label
        for form in widget.findChildren(QFormLayout)
        for row in range(form.rowCount())
        if (item := form.itemAt(row, QFormLayout.ItemRole.LabelRole))
        and (label := item.widget())
    ]
    widest = max(label.sizeHint().width() for label in labels)
    for label in labels:
        label.setMinimumWidth(widest)
    widget.updateGeometry()


def action_button(text: str) -> QPushButton:
    """Make a button that starts something with the settings of a form.

    It takes the focus when it is clicked, on macOS too, so that a number that is being
    typed counts.
    """
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button
