"""What is trained, from which answers, from what, and how deep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGroupBox,
    QListWidget,
    QListWidgetItem,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.annotation.answer import answer_text
from napari_cellid.config import (
    RECIPES,
    ClassifierTrainingConfig,
    SegmenterTrainingConfig,
    SplitConfig,
)
from napari_cellid.report.dataset_text import class_rows, lacking_cells_text
from napari_cellid.report.table import shorten_names
from napari_cellid.report.vote_text import rule_text
from napari_cellid.retrain.request import ClassifierRequest, SegmenterRequest
from napari_cellid.widgets._shared.layouts import (
    CollapsibleSection,
    group_box,
    small_text,
)
from napari_cellid.widgets._shared.settings_form import SettingsForm
from napari_cellid.widgets._shared.table import SmallTable
from napari_cellid.widgets.retrain.plan_choice import PlanChoice
from napari_cellid.widgets.retrain.starting_weights import StartingWeightsCombo
from napari_cellid.widgets.session.animals_dialog import AnimalsButton

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_cellid.retrain.dataset_summary import DecidedCellCounts
    from napari_cellid.retrain.request import RetrainRequest

#: rows of the list of recordings that are seen at once
_MOST_RECORDINGS = 6
_RECIPES = {
    "paper": "As in the paper",
    "few-cells": "For a few hundred cells",
}
_RECIPE_TIP = (
    "<qt>Sets what stands under More settings. The second goes further in fewer, "
    "larger steps; in simulated laboratories it learned more from 200 cells.</qt>"
)
_HELD_OUT_TIP = (
    "<qt>About a quarter of the animals (or of the parts of a recording, where there "
    "is one animal alone) is never trained on. New and old model are compared on its "
    "cells. A cell never changes sides, however many recordings come.</qt>"
)


class SetupPanel(QWidget):
    """The form of the Retrain dock."""

    #: something that matters to a training
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.classes = QRadioButton("What cells are (the classifier)")
        self.outlines = QRadioButton("Where cells are (the U-Net that outlines)")
        self.classes.setChecked(True)
        self.table = SmallTable()
        self.rule = small_text()
        self.warning = small_text()
        self.held_out = {"classify": small_text(), "segment": small_text()}
        self.animals = AnimalsButton()
        self.recordings = QListWidget()
        self.recordings.setSpacing(2)
        self.starts = {
            one: StartingWeightsCombo(one) for one in ("classify", "segment")
        }
        self.new_head = small_text()
        self.depth = PlanChoice()
        fields = [n for n in ClassifierTrainingConfig.model_fields if n != "plan"]
        self.forms: dict[str, SettingsForm] = {
            "classify": SettingsForm(ClassifierTrainingConfig, fields),
            "segment": SettingsForm(SegmenterTrainingConfig),
        }
        self.split = SettingsForm(SplitConfig)
        self.recipe = QComboBox()
        for name, words in _RECIPES.items():
            self.recipe.addItem(words, name)
        self.recipe.setToolTip(_RECIPE_TIP)
        self._study_classes: tuple[str, ...] = ()
        self._known: set[str] = set()
        self._build()
        self._connect()
        self._on_start()
        self._show_task()

    @property
    def task(self) -> str:
        """Classify or segment."""
        return "classify" if self.classes.isChecked() else "segment"

    def wanted(self) -> RetrainRequest:
        """The training that the form describes."""
        task = self.task
        start = self.starts[task].value().value
        split = SplitConfig(**self.split.values())
        if task == "segment":
            outlines = SegmenterTrainingConfig(**self.forms[task].values())
            recordings = self.chosen_recordings()
            return SegmenterRequest(start, outlines, split, recordings)
        values = self.forms[task].values()
        settings = ClassifierTrainingConfig(plan=self.depth.value(), **values)
        return ClassifierRequest(start, settings, split)

    def chosen_recordings(self) -> tuple[str, ...]:
        """Names of the ticked recordings."""
        items = (self.recordings.item(k) for k in range(self.recordings.count()))
        ticked = (i for i in items if i.checkState() == Qt.CheckState.Checked)
        return tuple(str(item.data(Qt.ItemDataRole.UserRole)) for item in ticked)

    def set_study(self, models: Path | None) -> None:
        """Offer the models of a study."""
        for choice in self.starts.values():
            choice.offer(models)

    def show_decided(self, decided: DecidedCellCounts) -> None:
        """Show on how many cells can be trained."""
        self._study_classes = decided.classes
        head, rows = class_rows(decided)
        self.table.setVisible(bool(decided.total))
        self.table.show_rows(shorten_names(head), rows, head)
        rule = rule_text(decided.rule)
        self.rule.setText(f"A cell is decided when {rule} (the study's rule).")
        self._warn(lacking_cells_text(decided))
        self.show_held_out("")
        self._list_recordings(decided.recordings)
        self._explain_head()

    def show_held_out(self, text: str) -> None:
        """Show what becomes of the cells."""
        for task, label in self.held_out.items():
            label.setText(text if task == self.task else "")
            label.setVisible(bool(label.text()))

    def lock(self, locked: bool) -> None:
        """Lock what must not change while something is trained."""
        for part in (*self._boxes, self._task_box):
            part.setEnabled(not locked)

    def _warn(self, text: str) -> None:
        self.warning.setText(f"⚠ {text}" if text else "")
        self.warning.setVisible(bool(text))

    def _list_recordings(self, recordings: Mapping[str, int]) -> None:
        left_out = self._known - set(self.chosen_recordings())
        blocker = QSignalBlocker(self.recordings)
        self.recordings.clear()
        for name, n in recordings.items():
            item = QListWidgetItem(f"{name} · {n} cells")
            item.setData(Qt.ItemDataRole.UserRole, name)
            ticked = name not in left_out
            state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
            item.setCheckState(state)
            self.recordings.addItem(item)
        self._known = set(recordings)
        blocker.unblock()
        rows = min(max(len(recordings), 1), _MOST_RECORDINGS)
        height = self.recordings.sizeHintForRow(0) if recordings else 20
        self.recordings.setFixedHeight(rows * (height + 4) + 8)

    def _connect(self) -> None:
        self.classes.toggled.connect(self._show_task)
        self.starts["classify"].valueChanged.connect(self._on_start)
        self.recipe.activated.connect(self._on_recipe)
        for emitter in (
            self.classes.toggled,
            self.recordings.itemChanged,
            self.depth.valueChanged,
            *(one.valueChanged for one in self.starts.values()),
            *(one.valueChanged for one in self.forms.values()),
            self.split.valueChanged,
        ):
            emitter.connect(self._tell)

    def _on_recipe(self, _: int) -> None:
        self.forms["classify"].setValue(RECIPES[self.recipe.currentData()])

    def _tell(self, _: object = None) -> None:
        self.changed.emit()

    def _on_start(self) -> None:
        self.depth.offer(self.starts["classify"].value())
        self._explain_head()

    def _explain_head(self) -> None:
        """Say whether what the model tells already is kept."""
        known, wanted = self.starts["classify"].value().classes, self._study_classes
        text = ""
        if wanted and not known:
            text = "Its last layer begins anew, for it tells no cells yet."
        elif wanted and set(wanted) != set(known):
            names = ", ".join(answer_text(name) for name in known)
            text = f"It tells {names}: for this study's classes its last layer begins "
            text += "anew."
        self.new_head.setText(text)
        self.new_head.setVisible(bool(text))

    def _show_task(self) -> None:
        classify = self.task == "classify"
        for box in self._of_classes:
            box.setVisible(classify)
        for box in self._of_outlines:
            box.setVisible(not classify)

    def _build(self) -> None:
        self._task_box = QGroupBox("What to train")
        column = QVBoxLayout(self._task_box)
        group = QButtonGroup(self)
        for button in (self.classes, self.outlines):
            group.addButton(button)
            column.addWidget(button)
        answers = group_box(
            "Answers to learn from",
            self.rule,
            self.table,
            self.held_out["classify"],
            self.animals,
            self.warning,
        )
        answers.setToolTip(_HELD_OUT_TIP)
        fields = group_box(
            "Recordings whose outlines are right",
            small_text(_OUTLINES),
            self.recordings,
            self.held_out["segment"],
        )
        self.recordings.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed
        )
        from_classes = group_box("Begin with", self.starts["classify"], self.new_head)
        from_outlines = group_box("Begin with", self.starts["segment"])
        depth = group_box("How deep", self.depth)
        how = group_box("How", self.recipe)
        more = {
            k: CollapsibleSection("More settings", [form])
            for k, form in self.forms.items()
        }
        self._of_classes = (answers, from_classes, depth, how, more["classify"])
        self._of_outlines = (fields, from_outlines, more["segment"])
        held_out = CollapsibleSection(
            "How much is held out", [small_text(_SETTLED), self.split]
        )
        self._boxes = (*self._of_classes, *self._of_outlines, held_out)
        layout = QVBoxLayout(self)
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout.setContentsMargins(0, 4, 6, 4)
        for part in (self._task_box, *self._boxes):
            layout.addWidget(part)


_SETTLED = (
    "The shares count for animals that are new to the study: what was held out once "
    "stays so, and what was trained on, too."
)
_OUTLINES = (
    "Tick those whose outlines you have corrected; from wrong outlines a model learns "
    "what is wrong."
)
