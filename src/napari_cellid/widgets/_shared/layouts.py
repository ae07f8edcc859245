"""Parts of which docks are laid out: texts, boxes, forms, buttons, scroll areas."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QFormLayout,
    QGroupBox,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)


class VerticalScrollArea(QScrollArea):
    """Scrolls a widget up and down; the widget is as wide as the area."""

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)


class DockScrollArea(VerticalScrollArea):
    """The scroll area of a whole dock: wide enough that nothing is cut off."""

    def minimumSizeHint(self) -> QSize:
        """As wide as the inner widget needs to be."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self.widget().minimumSizeHint().width() + bar, 120)

    def sizeHint(self) -> QSize:
        """As high as the inner widget would like to be."""
        smallest = self.minimumSizeHint()
        return QSize(max(smallest.width(), 330), self.widget().sizeHint().height())


class CollapsibleSection(QWidget):
    """Widgets that show when their title is clicked."""

    def __init__(self, title: str, parts: list[QWidget]) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._button = QToolButton()
        self._button.setText(title)
        self._button.setCheckable(True)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setAutoRaise(True)
        self._button.toggled.connect(self._set_expanded)
        layout.addWidget(self._button)
        self._body = QWidget()
        column = QVBoxLayout(self._body)
        column.setContentsMargins(12, 0, 0, 0)
        for part in parts:
            column.addWidget(part)
        layout.addWidget(self._body)
        self._set_expanded(False)

    def _set_expanded(self, expanded: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if expanded else Qt.ArrowType.RightArrow
        self._button.setArrowType(arrow)
        self._body.setVisible(expanded)


def small_text(text: str = "") -> QLabel:
    """Make a label that wraps, is as narrow as the dock, and can be copied."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label


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
