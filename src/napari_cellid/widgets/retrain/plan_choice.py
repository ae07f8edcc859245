"""A list of finetuning plans, with a picture of the layers that are retrained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QPainter
from qtpy.QtWidgets import QComboBox, QSizePolicy, QVBoxLayout, QWidget
from superqt.utils import signals_blocked

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
    "<qt>A network consists of many stages. The first ones respond to edges and "
    "texture, which are similar in all images; the last ones respond to what "
    "distinguishes the classes. The stages from the chosen one on are retrained, and "
    "those before it are frozen. The more stages are retrained, the more cells are "
    "needed.</qt>"
)
#: stages without weights
_WITHOUT_WEIGHTS = {"maxpool", "maxpool1", "maxpool2", "relu", "avgpool", "dropout"}
#: blue and grey show on any theme; frozen stages are hatched, too
_TRAINED, _FROZEN = "#0072b2", "#8a8a8a"


class PlanChoice(QWidget):
    """The plans for a network as a list, with a picture and a description."""

    valueChanged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.combo = QComboBox()
        self.combo.setToolTip(_TIP)
        self.combo.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.description = small_text()
        self._bar = _StageBar()
        self._bar.setToolTip(_TIP)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.combo, self._bar, self.description):
            layout.addWidget(part)
        self.combo.currentIndexChanged.connect(self._on_index_changed)

    def value(self) -> str:
        """Name of the chosen plan."""
        return str(self.combo.currentData())

    def setValue(self, name: str) -> None:
        """Choose a plan, if there is one of this name for the network."""
        index = self.combo.findData(name)
        if index >= 0:
            self.combo.setCurrentIndex(index)

    def set_starting_weights(self, item: StartingWeightsItem) -> None:
        """List the plans that are possible with these starting weights."""
        previous = self.combo.currentData()
        with signals_blocked(self.combo):
            self.combo.clear()
            for plan in _plans(item):
                self.combo.addItem(_title(plan, named=not item.architecture), plan.name)
                tip = f"<qt>{plan_ids(plan.name)}</qt>"
                last = self.combo.count() - 1
                self.combo.setItemData(last, tip, Qt.ItemDataRole.ToolTipRole)
            index = self.combo.findData(previous)
            self.combo.setCurrentIndex(index if index >= 0 else self._default_index())
        self._on_index_changed()

    def _default_index(self) -> int:
        """Index of the plan for the last two blocks, or of the closest one."""
        for name in ("inceptionv3_249", "resnet50_151", "resnet18_res5b"):
            index = int(self.combo.findData(name))
            if index >= 0:
                return index
        return 0

    def _on_index_changed(self) -> None:
        plan = PLANS[self.combo.currentData()]
        _, _, details = plan.description.partition(": ")
        self.description.setText(
            f"{details[:1].upper()}{details[1:]}." if details else ""
        )
        self.description.setVisible(bool(details))
        self.combo.setToolTip(
            f"{_TIP[: -len('</qt>')]}<br><br>{plan_ids(plan.name)}</qt>"
        )
        self._bar.show_plan(plan)
        self.valueChanged.emit()


class _StageBar(QWidget):
    """The stages of a network from image to class; retrained ones are blue."""

    def __init__(self) -> None:
        super().__init__()
        self.n_stages, self.n_frozen = 1, 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_plan(self, plan: FinetuningPlan) -> None:
        name: Any = plan.architecture or "inception_v3"
        stages, n_frozen = STAGES[name], n_frozen_stages(plan, name)
        trainable = [k for k, name in enumerate(stages) if name not in _WITHOUT_WEIGHTS]
        self.n_stages = len(trainable)
        self.n_frozen = sum(k < n_frozen for k in trainable)
        text = f"{self.n_frozen} of {self.n_stages} stages are frozen"
        self.setAccessibleDescription(text)
        self.update()

    def sizeHint(self) -> QSize:
        """As high as a line of text."""
        return QSize(200, self.fontMetrics().height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a box for each stage, between the words image and class."""
        del event
        painter = QPainter(self)
        painter.setPen(self.palette().text().color())
        margin = self.fontMetrics().horizontalAdvance("image ")
        middle = Qt.AlignmentFlag.AlignVCenter
        area = QRectF(self.rect())
        painter.drawText(area, middle | Qt.AlignmentFlag.AlignLeft, "image")
        painter.drawText(area, middle | Qt.AlignmentFlag.AlignRight, "class")
        width = (self.width() - 2 * margin) / self.n_stages
        for k in range(self.n_stages):
            box = QRectF(margin + k * width, 3, width - 2, self.height() - 6)
            frozen = k < self.n_frozen
            painter.fillRect(box, QColor(_FROZEN if frozen else _TRAINED))
            if frozen:
                shade = QColor(255, 255, 255, 90)
                painter.fillRect(box, QBrush(shade, Qt.BrushStyle.BDiagPattern))
        painter.end()


def plan_text(name: str) -> str:
    """Title of a plan with its network; its name if the plan is not known."""
    return _title(PLANS[name], named=True) if name in PLANS else name


def plan_ids(name: str) -> str:
    """Names of a plan in the paper and in files, for whoever looks them up."""
    plans = {str(plan.name): plan for plan in PLANS.values()}
    paper_name = plans[name].paper_name if name in plans else ""
    in_files = f"in files and commands {name}"
    return (
        f"In the paper {paper_name}, {in_files}"
        if paper_name
        else in_files.capitalize()
    )


def _plans(item: StartingWeightsItem) -> list[FinetuningPlan]:
    architectures: Any = [item.architecture] if item.architecture else STAGES
    plans = [plan for name in architectures for plan in plans_for(name)]
    # two plans of the paper train the same layers of ResNet18
    plans = list({(p.architecture, p.trained): p for p in plans[::-1]}.values())[::-1]
    # a plan for any network does not say which network to train
    return [plan for plan in plans if item.all_layers or plan.architecture is not None]


def _title(plan: FinetuningPlan, *, named: bool) -> str:
    summary = plan.description.partition(": ")[0]
    text = f"{summary[:1].upper()}{summary[1:]}"
    network = NETWORK_NAMES.get(plan.architecture or "", "")
    return f"{text} · {network}" if named and network else text
