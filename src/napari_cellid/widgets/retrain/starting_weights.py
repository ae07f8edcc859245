"""Choosing the model that a training begins with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QSizePolicy, QWidget

from napari_cellid.classification.finetuning import STAGES
from napari_cellid.classification.networks import NETWORK_NAMES
from napari_cellid.errors import InputError
from napari_cellid.models.registry import DEFAULTS, SHIPPED_MODELS
from napari_cellid.models.store import list_models

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.models.card import ModelCard, Task

_FILE = "A file with weights…"
_ENDINGS = "Weights (*.safetensors *.pth *.pt)"


@dataclass(frozen=True)
class StartingWeightsItem:
    """Something to begin with.

    Parameters
    ----------
    text
        What is read.
    value
        What `--start` takes.
    architecture
        Which network it is; "" where any fits.
    whole
        Whether its every layer can be retrained.
    tip
        What else is worth knowing.
    classes
        What it tells already; none where that begins anew.
    """

    text: str
    value: str
    architecture: str = ""
    whole: bool = True
    tip: str = ""
    classes: tuple[str, ...] = ()


class StartingWeightsCombo(QComboBox):
    """A list of what a training can begin with."""

    valueChanged = Signal()

    def __init__(self, task: Task, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._task = task
        self._own: list[StartingWeightsItem] = []
        self._files: list[StartingWeightsItem] = []
        self._last = 0
        # a long name must not widen the whole dock
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.currentIndexChanged.connect(self._on_change)
        self.activated.connect(self._on_pick)
        self._fill()

    def value(self) -> StartingWeightsItem:
        """What is chosen."""
        start: StartingWeightsItem = self.itemData(self._last)
        return start

    def offer(self, models: Path | None) -> None:
        """Offer the models of a study, too.

        Parameters
        ----------
        models
            Folder of the study's models; None without a study.
        """
        self._own = []
        for folder, card in list_models(models) if models is not None else ():
            if _trainable(card, self._task):
                text = f"{folder.name}: this study's model"
                self._own.append(_of_card(text, folder.name, folder, card))
        self._fill()

    def choose_file(self, path: Path) -> None:
        """Begin with the weights in a file.

        Raises
        ------
        InputError
            If it is not there.
        """
        if not path.is_file():
            raise InputError(f"{path} is no file; choose one with weights.")
        start = StartingWeightsItem(
            f"{path.name} (file)", str(path), whole=False, tip=str(path)
        )
        self._files.append(start)
        self._fill()
        self.setCurrentIndex(self.findText(start.text))

    def _fill(self) -> None:
        before = self.currentText()
        blocker = QSignalBlocker(self)
        self.clear()
        for start in (*_shipped(self._task), *self._own, *self._others()):
            self.addItem(start.text, start)
            tip = f"<qt>{start.tip}</qt>"
            self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        if self._task == "classify":
            self.addItem(_FILE, None)
        self._last = max(self.findText(before), 0)
        self.setCurrentIndex(self._last)
        blocker.unblock()
        self._tell()

    def _others(self) -> Sequence[StartingWeightsItem]:
        if self._task == "segment":
            tip = "Random weights; wants many outlined fields."
            return (
                *self._files,
                StartingWeightsItem("Nothing: a new U-Net", "random", tip=tip),
            )
        photographs = [
            StartingWeightsItem(
                f"{text} that knows photographs (ImageNet)",
                "imagenet",
                name,
                whole=name == "inception_v3",
                tip="Never saw a cell; its weights are fetched once from the "
                "internet. What the paper began with.",
            )
            for name, text in NETWORK_NAMES.items()
        ]
        return (*self._files, *photographs)

    def _on_pick(self, index: int) -> None:
        if self.itemText(index) != _FILE:
            return
        back = self._last
        chosen, _ = QFileDialog.getOpenFileName(self, "Weights", "", _ENDINGS)
        try:
            if chosen:
                self.choose_file(Path(chosen))
                return
        except InputError as error:
            show_error(str(error))
        self.setCurrentIndex(back)

    def _on_change(self, index: int) -> None:
        if index < 0 or self.itemText(index) == _FILE:
            return
        self._last = index
        self._tell()

    def _tell(self) -> None:
        self.setToolTip(f"<qt>{self.value().tip}</qt>")
        self.valueChanged.emit()


def _shipped(task: Task) -> list[StartingWeightsItem]:
    found = list_models(SHIPPED_MODELS)
    # the default first
    found.sort(key=lambda pair: pair[0].name != DEFAULTS[task])
    return [
        _of_card(f"{card.name}: comes with napari-cellid", folder.name, folder, card)
        for folder, card in found
        if _trainable(card, task)
    ]


def _of_card(
    text: str, value: str, folder: Path, card: ModelCard
) -> StartingWeightsItem:
    tip = f"{card.description or card.architecture}<br><br>{folder}"
    return StartingWeightsItem(
        text, value, card.architecture, tip=tip, classes=card.classes
    )


def _trainable(card: ModelCard, task: Task) -> bool:
    # a U-Net that tells classes in one pass is not trained here
    return card.task == task and (task == "segment" or card.architecture in STAGES)
