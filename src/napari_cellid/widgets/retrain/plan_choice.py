"""Choosing how deep a network is retrained, in words and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QRectF, QSignalBlocker, QSize, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QPainter
from qtpy.QtWidgets import QComboBox, QSizePolicy, QVBoxLayout, QWidget

from napari_cellid.classification.finetuning import (
    PLANS,
    STAGES,
    n_frozen_stages,
    plans_for,
)
from napari_cellid.classification.networks import NETWORK_NAMES
from napari_cellid.widgets._shared.layouts import small_text

if TYPE_CHECKING:
    from qtpy.QtGui import QPaintEvent

    from napari_cellid.classification.finetuning import FinetuningPlan
    from napari_cellid.widgets.retrain.starting_weights import StartingWeightsItem

_TIP = (
    "<qt>A network looks at a cell in many steps. The first ones see edges and grain, "
    "which are much alike in all images; the last ones see what makes a cell glia or "
    "inhibitory. Retraining begins at one of them and goes on to the end; what lies "
    "before stays as it was. The deeper it begins, the more cells it takes.</qt>"
)
#: steps that have nothing to learn
_NOTHING = {"maxpool", "maxpool1", "maxpool2", "relu", "avgpool", "dropout"}
#: blue on any theme, and grey; told apart by hatching, too
_TRAINED, _FROZEN = "#0072b2", "#8a8a8a"


class PlanChoice(QWidget):
    """The plans for a network: a list, a picture, and what to know."""

    valueChanged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plan = QComboBox()
        self.plan.setToolTip(_TIP)
        self.plan.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.words = small_text()
        self._bar = _Bar()
        self._bar.setToolTip(_TIP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.plan, self._bar, self.words):
            layout.addWidget(part)
        self.plan.currentIndexChanged.connect(self._on_change)

    def value(self) -> str:
        """Name of the chosen plan."""
        return str(self.plan.currentData())

    def setValue(self, name: str) -> None:
        """Choose a plan, if the network has it."""
        index = self.plan.findData(name)
        if index >= 0:
            self.plan.setCurrentIndex(index)

    def offer(self, start: StartingWeightsItem) -> None:
        """Offer the plans that suit what the training begins with."""
        before = self.plan.currentData()
        blocker = QSignalBlocker(self.plan)
        self.plan.clear()
        for plan in _plans(start):
            self.plan.addItem(_title(plan, named=not start.architecture), plan.name)
        index = self.plan.findData(before)
        self.plan.setCurrentIndex(index if index >= 0 else self._usual())
        blocker.unblock()
        self._on_change()

    def _usual(self) -> int:
        """The two last blocks, or what comes nearest to them."""
        for name in ("inceptionv3_249", "resnet50_151", "resnet18_res5b"):
            index = int(self.plan.findData(name))
            if index >= 0:
                return index
        return 0

    def _on_change(self) -> None:
        plan = PLANS[self.plan.currentData()]
        _, _, more = plan.description.partition(": ")
        parts = [f"{more[:1].upper()}{more[1:]}." if more else ""]
        parts.append(f"In files and commands: {plan.name}.")
        self.words.setText(" ".join(filter(None, parts)))
        self._bar.show_plan(plan)
        self.valueChanged.emit()


class _Bar(QWidget):
    """The steps of a network from image to class; those that are retrained in blue."""

    def __init__(self) -> None:
        super().__init__()
        self._n, self._cut = 1, 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_plan(self, plan: FinetuningPlan) -> None:
        name: Any = plan.architecture or "inception_v3"
        stages, cut = STAGES[name], n_frozen_stages(plan, name)
        learning = [k for k, stage in enumerate(stages) if stage not in _NOTHING]
        self._n, self._cut = len(learning), sum(k < cut for k in learning)
        kept = "stays as it was" if self._cut else ""
        self.setAccessibleDescription(f"{self._cut} of {self._n} steps {kept}".strip())
        self.update()

    def sizeHint(self) -> QSize:
        """As high as a line of text."""
        return QSize(200, self.fontMetrics().height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a box for each step, between the words image and class."""
        del event
        painter = QPainter(self)
        painter.setPen(self.palette().text().color())
        room = self.fontMetrics().horizontalAdvance("image ")
        middle = Qt.AlignmentFlag.AlignVCenter
        whole = QRectF(self.rect())
        painter.drawText(whole, middle | Qt.AlignmentFlag.AlignLeft, "image")
        painter.drawText(whole, middle | Qt.AlignmentFlag.AlignRight, "class")
        width = (self.width() - 2 * room) / self._n
        for k in range(self._n):
            box = QRectF(room + k * width, 3, width - 2, self.height() - 6)
            frozen = k < self._cut
            painter.fillRect(box, QColor(_FROZEN if frozen else _TRAINED))
            if frozen:
                shade = QColor(255, 255, 255, 90)
                painter.fillRect(box, QBrush(shade, Qt.BrushStyle.BDiagPattern))
        painter.end()


def plan_text(name: str) -> str:
    """A plan as people read it; its name where it is not known."""
    return _title(PLANS[name], named=False) if name in PLANS else name


def plan_name(name: str) -> str:
    """A plan in short: as the paper calls it, if it does."""
    papers = {plan.name: plan.paper_name for plan in PLANS.values()}
    paper = papers.get(name, "")  # type: ignore[call-overload]
    return paper if paper.startswith(tuple(NETWORK_NAMES.values())) else name


def _plans(start: StartingWeightsItem) -> list[FinetuningPlan]:
    architectures: Any = [start.architecture] if start.architecture else STAGES
    found = [plan for one in architectures for plan in plans_for(one)]
    # without a network of its own such a plan does not say which one is meant
    return [p for p in found if start.whole or p.architecture is not None]


def _title(plan: FinetuningPlan, *, named: bool) -> str:
    words = plan.description.partition(": ")[0]
    text = f"{words[:1].upper()}{words[1:]}"
    if plan.paper_name:
        return f"{text} · {plan.paper_name}"
    network = NETWORK_NAMES.get(plan.architecture or "", "")
    return f"{text} · {network}" if named and network else text
