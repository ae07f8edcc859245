"""The page of the Retrain dock on which a training is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.annotation.answer import answer_text
from napari_cellid.config import (
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
from napari_cellid.widgets.retrain.recipe_combo import RecipeCombo
from napari_cellid.widgets.retrain.recording_list import RecordingList
from napari_cellid.widgets.retrain.starting_weights import StartingWeightsCombo
from napari_cellid.widgets.session.animals_dialog import AnimalsButton

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_cellid.retrain.dataset_summary import DecidedCellCounts
    from napari_cellid.retrain.request import RetrainRequest

_HELD_OUT_TIP = (
    "<qt>About a quarter of the animals (or of the parts of a recording, if there is "
    "only one animal) is held out from training. The new and the old model are "
    "compared on its cells. Cells stay held out when recordings are added.</qt>"
)
_SPLIT_HINT = (
    "The shares apply to animals that are new to the study: cells that were held out "
    "or trained on before stay so."
)
_OUTLINES_HINT = (
    "Tick the recordings whose outlines are right; wrong outlines make the model "
    "worse. Those that somebody has corrected by hand are ticked."
)


class SetupPanel(QWidget):
    """The form that describes a training."""

    valueChanged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.classifier_button = QRadioButton("Classes of cells (the classifier)")
        self.segmenter_button = QRadioButton("Outlines of cells (the U-Net)")
        self.classifier_button.setChecked(True)
        self.table = SmallTable()
        self.rule = small_text()
        self.warning = small_text()
        self.held_out = {"classify": small_text(), "segment": small_text()}
        self.animals = AnimalsButton()
        self.recordings = RecordingList()
        self.starting_weights = {
            task: StartingWeightsCombo(task) for task in ("classify", "segment")
        }
        self.head_note = small_text()
        self.plan = PlanChoice()
        fields = [n for n in ClassifierTrainingConfig.model_fields if n != "plan"]
        self.forms: dict[str, SettingsForm] = {
            "classify": SettingsForm(ClassifierTrainingConfig, fields),
            "segment": SettingsForm(SegmenterTrainingConfig),
        }
        self.split = SettingsForm(SplitConfig)
        self.recipe = RecipeCombo()
        self._study_classes: tuple[str, ...] = ()
        # the folder that tells the open study from another one
        self._models: Path | None = None
        self._build()
        self._connect()
        self._on_starting_weights()
        self._show_task()

    @property
    def task(self) -> str:
        """Task of the model: classify or segment."""
        return "classify" if self.classifier_button.isChecked() else "segment"

    def value(self) -> RetrainRequest:
        """The training that the form describes."""
        task = self.task
        start = self.starting_weights[task].value().argument
        split = SplitConfig(**self.split.values())
        if task == "segment":
            settings = SegmenterTrainingConfig(**self.forms[task].values())
            return SegmenterRequest(start, settings, split, self.recordings.value())
        values = self.forms[task].values()
        training = ClassifierTrainingConfig(plan=self.plan.value(), **values)
        return ClassifierRequest(start, training, split)

    def set_study_models(self, models: Path | None) -> None:
        """List the models of a study; None if no study is open."""
        if models != self._models:
            self._models = models
            self.recordings.clear_recordings()
        for combo in self.starting_weights.values():
            combo.set_study_models(models)

    def show_decided_cells(
        self, decided: DecidedCellCounts, titles: Mapping[str, str] | None = None
    ) -> None:
        """Show how many cells there are to train on, and recordings by title."""
        self._study_classes = decided.classes
        header, rows = class_rows(decided)
        self.table.setVisible(bool(decided.total))
        self.table.show_rows(shorten_names(header), rows, header)
        rule = rule_text(decided.rule)
        self.rule.setText(f"A cell is decided when {rule} (the study's rule).")
        self._show_warning(lacking_cells_text(decided))
        self.recordings.set_recordings(
            decided.recordings, decided.corrected, titles or {}
        )
        self._show_head_note()

    def show_offer(self, offer: QWidget) -> None:
        """Show an offer to change the rule, below the rule."""
        layout = self._answers_box.layout()
        assert isinstance(layout, QVBoxLayout)
        layout.insertWidget(layout.indexOf(self.rule) + 1, offer)

    def show_held_out(self, text: str) -> None:
        """Show which cells are held out."""
        for task, label in self.held_out.items():
            label.setText(text if task == self.task else "")
            label.setVisible(bool(label.text()))
            # what is below must not move up and down whenever it is measured anew
            if label.text() and (height := label.heightForWidth(label.width())) > 0:
                label.setMinimumHeight(max(label.minimumHeight(), height))

    def set_locked(self, locked: bool) -> None:
        """Lock the form while a training runs."""
        for part in (*self._boxes, self._task_box):
            part.setEnabled(not locked)

    def _show_warning(self, text: str) -> None:
        self.warning.setText(f"⚠ {text}" if text else "")
        self.warning.setVisible(bool(text))

    def _connect(self) -> None:
        self.classifier_button.toggled.connect(self._show_task)
        self.starting_weights["classify"].valueChanged.connect(
            self._on_starting_weights
        )
        self.recipe.activated.connect(self._on_recipe)
        for emitter in (
            self.classifier_button.toggled,
            self.recordings.valueChanged,
            self.plan.valueChanged,
            *(combo.valueChanged for combo in self.starting_weights.values()),
            *(form.valueChanged for form in self.forms.values()),
            self.split.valueChanged,
        ):
            emitter.connect(self._emit_changed)

    def _on_recipe(self, _: int) -> None:
        self.forms["classify"].setValue(self.recipe.value())

    def _emit_changed(self, _: object = None) -> None:
        self.valueChanged.emit()

    def _on_starting_weights(self) -> None:
        self.plan.set_starting_weights(self.starting_weights["classify"].value())
        self._show_head_note()

    def _show_head_note(self) -> None:
        """Show whether training replaces the last layer of the model."""
        model_classes = self.starting_weights["classify"].value().classes
        study_classes = self._study_classes
        text = ""
        if study_classes and not model_classes:
            text = "Its last layer is new, because it predicts no classes of cells yet."
        elif study_classes and set(study_classes) != set(model_classes):
            names = ", ".join(answer_text(name) for name in model_classes)
            text = f"It predicts {names}: its last layer is replaced for this study."
        self.head_note.setText(text)
        self.head_note.setVisible(bool(text))

    def _show_task(self) -> None:
        classify = self.task == "classify"
        for box in self._classifier_boxes:
            box.setVisible(classify)
        for box in self._segmenter_boxes:
            box.setVisible(not classify)

    def _build(self) -> None:
        buttons = (self.classifier_button, self.segmenter_button)
        self._task_box = group_box("What to train", *buttons)
        button_group = QButtonGroup(self)
        for button in buttons:
            button_group.addButton(button)
        self._make_boxes()
        layout = QVBoxLayout(self)
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        layout.setContentsMargins(0, 4, 6, 4)
        for part in (self._task_box, *self._boxes):
            layout.addWidget(part)

    def _make_boxes(self) -> None:
        """Make the boxes that depend on the task."""
        answers = self._answers_box = group_box(
            "Answers to train on",
            self.rule,
            self.table,
            self.held_out["classify"],
            self.animals,
            self.warning,
        )
        answers.setToolTip(_HELD_OUT_TIP)
        recordings = group_box(
            "Recordings with correct outlines",
            small_text(_OUTLINES_HINT),
            self.recordings,
            self.held_out["segment"],
        )
        classifier_start = group_box(
            "Start with", self.starting_weights["classify"], self.head_note
        )
        segmenter_start = group_box("Start with", self.starting_weights["segment"])
        plan = group_box("Layers to retrain", self.plan)
        recipe = group_box("Recipe", self.recipe)
        more = {
            task: CollapsibleSection("More settings", [form])
            for task, form in self.forms.items()
        }
        self._classifier_boxes = (
            answers,
            classifier_start,
            plan,
            recipe,
            more["classify"],
        )
        self._segmenter_boxes = (recordings, segmenter_start, more["segment"])
        held_out = CollapsibleSection(
            "How much is held out", [small_text(_SPLIT_HINT), self.split]
        )
        self._boxes = (*self._classifier_boxes, *self._segmenter_boxes, held_out)
