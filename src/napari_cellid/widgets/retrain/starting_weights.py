"""A list of the models and weights that a training can start with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QSizePolicy, QWidget
from superqt.utils import signals_blocked

from napari_cellid.classification.finetuning import STAGES
from napari_cellid.classification.networks import NETWORK_NAMES
from napari_cellid.errors import InputError
from napari_cellid.models.registry import DEFAULTS, SHIPPED_MODELS
from napari_cellid.models.store import list_models
from napari_cellid.widgets._shared.markup import as_rich_text
from napari_cellid.widgets._shared.notifications import show_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_cellid.models.card import ModelCard, Task

_FILE = "A file with weights…"
_ENDINGS = "Weights (*.safetensors *.pth *.pt)"


@dataclass(frozen=True)
class StartingWeightsItem:
    """An entry of the list of starting weights.

    Parameters
    ----------
    text
        Text of the entry.
    argument
        Value of the option `--start`.
    architecture
        Name of the network; "" if the weights fit any.
    all_layers
        Whether the plan "every layer" is possible.
    tooltip
        Further information.
    classes
        Classes that it predicts; empty if the last layer is new.
    """

    text: str
    argument: str
    architecture: str = ""
    all_layers: bool = True
    tooltip: str = ""
    classes: tuple[str, ...] = ()


class StartingWeightsCombo(QComboBox):
    """A list of models and weights that a training can start with."""

    valueChanged = Signal()

    def __init__(self, task: Task, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._task = task
        self._study_items: list[StartingWeightsItem] = []
        self._file_items: list[StartingWeightsItem] = []
        self._last_index = 0
        # a long name must not widen the whole dock
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.currentIndexChanged.connect(self._on_index_changed)
        self.activated.connect(self._on_activated)
        self._fill()

    def value(self) -> StartingWeightsItem:
        """The chosen entry."""
        item: StartingWeightsItem = self.itemData(self._last_index)
        return item

    def set_study_models(self, models: Path | None) -> None:
        """List the models of a study, too.

        Parameters
        ----------
        models
            Folder of the study's models; None if no study is open.
        """
        self._study_items = []
        for folder, card in list_models(models) if models is not None else ():
            if _is_trainable(card, self._task):
                text = f"{folder.name}: this study's model"
                self._study_items.append(_item_of_card(text, folder.name, folder, card))
        self._fill()

    def choose_file(self, path: Path) -> None:
        """Add a file with weights to the list, and choose it.

        Raises
        ------
        InputError
            If there is no such file.
        """
        if not path.is_file():
            raise InputError(f"{path} is no file; choose a file with weights.")
        item = StartingWeightsItem(
            f"{path.name} (file)", str(path), all_layers=False, tooltip=str(path)
        )
        self._file_items.append(item)
        self._fill()
        self.setCurrentIndex(self._index_of(item))

    def _index_of(self, item: StartingWeightsItem | None) -> int:
        """Index of an entry: other studies and folders have files of the same name."""
        items = (self.itemData(k) for k in range(self.count()))
        return next((k for k, one in enumerate(items) if item and one == item), 0)

    def _fill(self) -> None:
        previous = self.itemData(self._last_index)
        with signals_blocked(self):
            self.clear()
            for item in (
                *_shipped_items(self._task),
                *self._study_items,
                *self._other_items(),
            ):
                self.addItem(item.text, item)
                tip = f"<qt>{item.tooltip}</qt>"
                self.setItemData(self.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
            if self._task == "classify":
                self.addItem(_FILE, None)
            self._last_index = self._index_of(previous)
            self.setCurrentIndex(self._last_index)
        self._emit_value()

    def _other_items(self) -> Sequence[StartingWeightsItem]:
        if self._task == "segment":
            tip = "Random weights; needs many outlined fields."
            return (
                *self._file_items,
                StartingWeightsItem(
                    "Random weights: a new U-Net", "random", tooltip=tip
                ),
            )
        imagenet = [
            StartingWeightsItem(
                f"{text} that knows photographs (ImageNet)",
                "imagenet",
                name,
                all_layers=name == "inception_v3",
                tooltip="Trained on photographs, not on cells; the weights are "
                "downloaded once. The paper started with these weights.",
            )
            for name, text in NETWORK_NAMES.items()
        ]
        return (*self._file_items, *imagenet)

    def _on_activated(self, index: int) -> None:
        if self.itemText(index) != _FILE:
            return
        previous = self._last_index
        chosen, _ = QFileDialog.getOpenFileName(self, "Weights", "", _ENDINGS)
        try:
            if chosen:
                self.choose_file(Path(chosen))
                return
        except InputError as error:
            show_error(str(error))
        self.setCurrentIndex(previous)

    def _on_index_changed(self, index: int) -> None:
        if index < 0 or self.itemText(index) == _FILE:
            return
        self._last_index = index
        self._emit_value()

    def _emit_value(self) -> None:
        self.setToolTip(as_rich_text(self.value().tooltip))
        self.valueChanged.emit()


def _shipped_items(task: Task) -> list[StartingWeightsItem]:
    models = list_models(SHIPPED_MODELS)
    # the default model comes first
    models.sort(key=lambda pair: pair[0].name != DEFAULTS[task])
    return [
        _item_of_card(
            f"{card.name}: comes with napari-cellid", folder.name, folder, card
        )
        for folder, card in models
        if _is_trainable(card, task)
    ]


def _item_of_card(
    text: str, argument: str, folder: Path, card: ModelCard
) -> StartingWeightsItem:
    tip = f"{card.description or card.architecture}\n\n{folder}"
    return StartingWeightsItem(
        text, argument, card.architecture, tooltip=tip, classes=card.classes
    )


def _is_trainable(card: ModelCard, task: Task) -> bool:
    # the dock does not train a U-Net that classifies pixels
    return card.task == task and (task == "segment" or card.architecture in STAGES)
