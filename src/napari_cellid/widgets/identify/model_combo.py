"""A list of models: those of the package and of the study, or any folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QSizePolicy,
    QWidget,
)

from napari_cellid.errors import InputError
from napari_cellid.models.registry import (
    ENSEMBLE,
    SHIPPED_MODELS,
    default_model,
    shipped_ensemble,
)
from napari_cellid.models.store import list_models, load_card
from napari_cellid.retrain.active_model import current_model
from napari_cellid.study.saved_choices import find_saved_model
from napari_cellid.widgets._shared.markup import as_rich_text
from napari_cellid.widgets._shared.notifications import show_error
from napari_cellid.widgets.identify.fitted_combo import FittedCombo
from napari_cellid.widgets.identify.run_times import time_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_cellid.models.card import ModelCard, Task
    from napari_cellid.study.study import Study

_CHOOSE_FOLDER = "Choose folder…"
#: what the models of the package are for, by the name of their folder; "best" on
#: average over the simulated kinds of docs/explanation/models.md
_PURPOSES = {
    "unet": "U-Net",
    "inception_v3": "Inception-v3, as in the paper",
    "one_pass": "one pass: the quickest",
    "resnet18": "ResNet18: small, quick to retrain",
    ENSEMBLE: "both: best in our figures",
}
#: room (px) beside the entries of the open list
_PADDING = 24
_NO_MODEL = {"classify": "none: outline cells only"}


class ModelCombo(FittedCombo):
    """A list of the models for one task.

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
        self._study_models: list[Path] = []
        self._active: Path | None = None
        self._last_index = 0
        # a long name must not widen the whole dock
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for folder, card in _shipped_models(task):
            self._add(folder, card)
        self._add_ensemble()
        if (default := self._default()) in self._cards:
            self.setValue(default)
        if task in _NO_MODEL:
            self.addItem(_NO_MODEL[task], None)
        self.addItem(_CHOOSE_FOLDER, None)
        self._last_index = self.currentIndex()
        self.currentIndexChanged.connect(self._on_index_changed)
        # only a choice by the user opens the dialog
        self.activated.connect(self._on_activated)
        self._update_tooltip()

    def _add_ensemble(self) -> None:
        """Add the ensemble of the two classifiers of the package."""
        card = shipped_ensemble() if self._task == "classify" else None
        if card is not None:
            self._add(Path(ENSEMBLE), card)

    def _default(self) -> Path:
        """What is chosen where neither the user nor a study has chosen."""
        name = default_model(self._task)
        return Path(name) if name == ENSEMBLE else SHIPPED_MODELS / name

    def value(self) -> Path | None:
        """Folder of the chosen model; None for no model."""
        folder: Path | None = self.currentData()
        return folder

    def card(self) -> ModelCard | None:
        """Description of the chosen model."""
        folder = self.value()
        return None if folder is None else self._cards[folder]

    def setValue(self, folder: Path | None) -> None:
        """Choose a model by its folder, also one that is not in the list yet.

        Raises
        ------
        InputError
            If the folder holds no model for this task.
        """
        if folder is None:
            self.setCurrentIndex(max(self.findText(_NO_MODEL.get(self._task, "")), 0))
            return
        if folder not in self._cards:
            self._add(folder, load_card(folder, self._task))
        # by index, because the names of models and of their folders may be the same
        self.setCurrentIndex(list(self._cards).index(folder))

    def show_used(self, run: Mapping[str, Any]) -> None:
        """Choose the model that a run used for the task.

        Parameters
        ----------
        run
            The record of the run.

        Raises
        ------
        InputError
            If it is not there any more; the choice stays as it is.
        """
        folder = find_saved_model(run, self._task, self._cards)
        if folder is not None or self._task in _NO_MODEL:
            self.setValue(folder)

    def set_study(self, study: Study | None) -> None:
        """List the models of a study, and choose the one that it uses, if any.

        Raises
        ------
        InputError
            If the study uses a model that it does not have.
        """
        own = study is not None and getattr(study.config.models, self._task)
        active = current_model(study, self._task) if study and own else None
        self.set_study_models(None if study is None else study.models, active)

    def set_study_models(self, models: Path | None, active: Path | None) -> None:
        """List the models of the open study, too.

        Parameters
        ----------
        models
            Folder of the study's models; None if no study is open.
        active
            Folder of the model that the study uses; None for the default one. It is
            chosen if it is another one than before.
        """
        previous = self.value()
        for folder in self._study_models:
            self._remove(folder)
        study_models = list_models(models) if models is not None else []
        self._study_models = [
            folder
            for folder, card in study_models
            if card.task == self._task and folder not in self._cards
        ]
        for folder in self._study_models:
            self._add(folder, load_card(folder, self._task))
        default = active or self._default()
        if active != self._active:
            self._active = active
            self.setValue(default)
        elif previous is not None and previous != self.value():
            self.setValue(previous if previous in self._cards else default)

    def fitted_text(self, width: int) -> str:
        """The chosen entry: without the time, if the list is narrow."""
        metrics = self.fontMetrics()
        text, folder = self.currentText(), self.value()
        if folder is not None and metrics.horizontalAdvance(text) > width:
            text = text.removesuffix(self._times(folder))
        return str(metrics.elidedText(text, Qt.TextElideMode.ElideRight, width))

    def showPopup(self) -> None:
        """Open the list as wide as its longest entry."""
        view = self.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + _PADDING)
        super().showPopup()

    def _remove(self, folder: Path) -> None:
        index = list(self._cards).index(folder)
        del self._cards[folder]
        self.removeItem(index)

    def _add(self, folder: Path, card: ModelCard) -> None:
        self._cards[folder] = card
        index = len(self._cards) - 1
        self.insertItem(index, self._text(folder), folder)
        self._set_tip(index, folder)

    def _set_tip(self, index: int, folder: Path) -> None:
        """Say all of a model: its name is cut off where the dock is narrow."""
        card = self._cards[folder]
        parts = [self._text(folder), card.description or card.architecture]
        if folder != Path(ENSEMBLE):
            parts.append(str(folder))
        tip = as_rich_text("\n\n".join(parts))
        self.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)

    def _text(self, folder: Path) -> str:
        card = self._cards[folder]
        if folder in self._study_models:
            return f"{folder.name} (of this study)"
        if folder.parent == SHIPPED_MODELS or folder == Path(ENSEMBLE):
            return _PURPOSES.get(folder.name, card.name) + self._times(folder)
        return f"{card.name} ({folder.name})"

    def _times(self, folder: Path) -> str:
        """How long the model takes here, after a comma; empty if nobody knows."""
        text = time_text(self._task, folder)
        return f", {text}" if text else ""

    def show_times(self) -> None:
        """Show how long models take, after a run has measured it."""
        for index, folder in enumerate(self._cards):
            self.setItemText(index, self._text(folder))
            self._set_tip(index, folder)
        self._update_tooltip()

    def _on_activated(self, index: int) -> None:
        if self.itemText(index) != _CHOOSE_FOLDER:
            return
        previous = self._last_index
        chosen = QFileDialog.getExistingDirectory(self, "Folder of a model")
        try:
            if chosen:
                self.setValue(Path(chosen))
                return
        except InputError as error:
            show_error(str(error))
        self.setCurrentIndex(previous)

    def _on_index_changed(self, index: int) -> None:
        if self.itemText(index) == _CHOOSE_FOLDER:
            return
        self._last_index = index
        self._update_tooltip()
        self.valueChanged.emit()

    def _update_tooltip(self) -> None:
        tip = self.itemData(self.currentIndex(), Qt.ItemDataRole.ToolTipRole)
        self.setToolTip(tip or "")


def _shipped_models(task: Task) -> list[tuple[Path, ModelCard]]:
    try:
        models = list_models(SHIPPED_MODELS)
    except InputError as error:
        show_error(str(error))
        return []
    return [(folder, card) for folder, card in models if card.task == task]
