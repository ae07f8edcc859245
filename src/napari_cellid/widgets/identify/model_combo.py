"""Choosing a model: one that comes with the package, or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QSizePolicy, QWidget

from napari_cellid.errors import InputError
from napari_cellid.models.store import (
    ALIASES,
    BOTH,
    DEFAULTS,
    SHIPPED,
    card_of_both,
    list_models,
    load_card,
)

if TYPE_CHECKING:
    from napari_cellid.models.store import ModelCard, Task

_CHOOSE = "Choose folder…"
_NOTHING = {"classify": "none: outline cells only"}


class ModelChoice(QComboBox):
    """A list of the models for one job.

    Parameters
    ----------
    task
        What the models do.
    """

    valueChanged = Signal()

    def __init__(self, task: Task, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._task = task
        self._cards: dict[Path, ModelCard] = {}
        self._offered: list[Path] = []
        self._used: Path | None = None
        self._last = 0
        # a long name must not widen the whole dock
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for folder, card in _shipped(task):
            self._add(folder, card)
            if folder.name == DEFAULTS[task]:
                self.setCurrentIndex(self.count() - 1)
        self._add_both()
        if task in _NOTHING:
            self.addItem(_NOTHING[task], None)
        self.addItem(_CHOOSE, None)
        self._last = self.currentIndex()
        self.currentIndexChanged.connect(self._on_change)
        # only what a person picks opens the dialog
        self.activated.connect(self._on_pick)
        self._explain()

    def _add_both(self) -> None:
        """Offer the two classifiers that come with the package together."""
        names = (DEFAULTS["classify"], ALIASES["one-pass"])
        cards = [self._cards.get(SHIPPED / name) for name in names]
        if self._task == "classify" and cards[0] and cards[1]:
            self._add(Path(BOTH), card_of_both(cards[0], cards[1]))

    def value(self) -> Path | None:
        """Folder of the chosen model; None for no model."""
        folder: Path | None = self.currentData()
        return folder

    def chosen(self) -> bool:
        """Whether something is chosen, be it "no model"."""
        return bool(self.currentText() != _CHOOSE)

    def card(self) -> ModelCard | None:
        """Description of the chosen model."""
        folder = self.value()
        return None if folder is None else self._cards[folder]

    def setValue(self, folder: Path | None) -> None:
        """Choose a model by its folder, one that is not in the list too.

        Raises
        ------
        InputError
            If the folder holds no model for this job.
        """
        if folder is None:
            self.setCurrentIndex(max(self.findText(_NOTHING.get(self._task, "")), 0))
            return
        if folder not in self._cards:
            self._add(folder, load_card(folder, self._task))
        # by place: models trained anew often share name and folder name
        self.setCurrentIndex(list(self._cards).index(folder))

    def offer(self, models: Path | None, used: Path | None) -> None:
        """Offer the models of the open study, too.

        Parameters
        ----------
        models
            Folder of the study's models; None without a study.
        used
            Folder of the model that the study uses, which is chosen when it is another
            than before; None for the default one.
        """
        kept = self.value()
        for folder in self._offered:
            self._withdraw(folder)
        found = list_models(models) if models is not None else []
        self._offered = [
            folder
            for folder, card in found
            if card.task == self._task and folder not in self._cards
        ]
        for folder in self._offered:
            self._add(folder, load_card(folder, self._task))
        usual = used or SHIPPED / DEFAULTS[self._task]
        if used != self._used:
            self._used = used
            self.setValue(usual)
        elif kept is not None and kept != self.value():
            self.setValue(kept if kept in self._cards else usual)

    def _withdraw(self, folder: Path) -> None:
        place = list(self._cards).index(folder)
        del self._cards[folder]
        self.removeItem(place)

    def _add(self, folder: Path, card: ModelCard) -> None:
        self._cards[folder] = card
        place = len(self._cards) - 1
        self.insertItem(place, self._text(folder), folder)
        tip = f"<qt>{card.description or card.architecture}<br><br>{folder}</qt>"
        self.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)

    def _text(self, folder: Path) -> str:
        card = self._cards[folder]
        if folder in self._offered:
            return f"{folder.name} (of this study)"
        return card.name if folder.parent == SHIPPED else f"{card.name} ({folder.name})"

    def _on_pick(self, index: int) -> None:
        if self.itemText(index) != _CHOOSE:
            return
        back = self._last
        chosen = QFileDialog.getExistingDirectory(self, "Folder of a model")
        try:
            if chosen:
                self.setValue(Path(chosen))
                return
        except InputError as error:
            show_error(str(error))
        self.setCurrentIndex(back)

    def _on_change(self, index: int) -> None:
        if self.itemText(index) == _CHOOSE:
            return
        self._last = index
        self._explain()
        self.valueChanged.emit()

    def _explain(self) -> None:
        tip = self.itemData(self.currentIndex(), Qt.ItemDataRole.ToolTipRole)
        self.setToolTip(tip or "")


def _shipped(task: Task) -> list[tuple[Path, ModelCard]]:
    try:
        found = list_models(SHIPPED)
    except InputError as error:
        show_error(str(error))
        return []
    return [(folder, card) for folder, card in found if card.task == task]
