"""Parts of which docks are laid out: text, scroll area, collapsible section."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QLabel,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)


class ScrollArea(QScrollArea):
    """Scrolls a widget up and down when there is little room, and never cuts it off."""

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self.setWidget(inner)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def minimumSizeHint(self) -> QSize:
        """As wide as the inner widget needs to be."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self.widget().minimumSizeHint().width() + bar, 120)

    def sizeHint(self) -> QSize:
        """As high as the inner widget would like to be."""
        smallest = self.minimumSizeHint()
        return QSize(max(smallest.width(), 330), self.widget().sizeHint().height())


class CollapsibleSection(QWidget):
    """Parts that show when their title is clicked."""

    def __init__(self, title: str, parts: list[QWidget]) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._button = QToolButton()
        self._button.setText(title)
        self._button.setCheckable(True)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setAutoRaise(True)
        self._button.toggled.connect(self._unfold)
        layout.addWidget(self._button)
        self._body = QWidget()
        inside = QVBoxLayout(self._body)
        inside.setContentsMargins(12, 0, 0, 0)
        for part in parts:
            inside.addWidget(part)
        layout.addWidget(self._body)
        self._unfold(False)

    def _unfold(self, shown: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow
        self._button.setArrowType(arrow)
        self._body.setVisible(shown)


def small_text() -> QLabel:
    """A text that is as narrow as the dock, and can be copied."""
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return label
