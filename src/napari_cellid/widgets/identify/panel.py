"""The form and the result that the Identify dock shows."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QGroupBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import signals_blocked

from napari_cellid.cells.channel_order import EXCHANGED_TEXT
from napari_cellid.config import (
    ClassifyConfig,
    DeviceConfig,
    FramesConfig,
    IdentifyConfig,
    RegistrationConfig,
    SegmentConfig,
)
from napari_cellid.errors import InputError
from napari_cellid.report.missing_result import no_cells_text, unclassified_text
from napari_cellid.widgets._shared.add_cell_bar import AddCellBar
from napari_cellid.widgets._shared.layouts import (
    CollapsibleSection,
    action_button,
    align_labels,
    form_layout,
    small_text,
)
from napari_cellid.widgets._shared.scheme_choice import SchemeChoice
from napari_cellid.widgets._shared.settings_form import SettingsForm
from napari_cellid.widgets.identify.channel_selector import ChannelSelector
from napari_cellid.widgets.identify.class_counts import ClassCounts
from napari_cellid.widgets.identify.exchange_warning import ExchangeWarning
from napari_cellid.widgets.identify.model_combo import ModelCombo
from napari_cellid.widgets.identify.pixel_size_warning import PixelSizeWarning
from napari_cellid.widgets.identify.roi_choice import RoiChoice
from napari_cellid.widgets.identify.study_offer import StudyButton
from napari_cellid.widgets.identify.training_line import TrainingLine

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtGui import QShowEvent

    from napari_cellid.progress import Progress
    from napari_cellid.widgets._shared.channels import Channels
    from napari_cellid.widgets.session.result_layer import ShownResult

#: least time between repaints (s): each takes time from the networks (see worker.py)
_REPAINT_S = 0.2
#: steps of the progress bar
_BAR_PARTS = 1000
_RUN, _CANCEL = "Identify cells", "Cancel"
#: the setting of classes that applies at once, because the probabilities are there
_NONE = "none_below"


class IdentifyPanel(QWidget):
    """Channels, models and settings; a button; the result."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.channels = ChannelSelector(viewer)
        self.rois = RoiChoice(viewer)
        self.segmenter = ModelCombo("segment")
        self.classifier = ModelCombo("classify")
        self.scheme = SchemeChoice()
        self.threshold = SettingsForm(SegmentConfig, ["threshold"])
        self.segment = SettingsForm(SegmentConfig, ["split", "min_area_um2"])
        # apart from the settings that apply at once, because these need a new run
        self.views = SettingsForm(SegmentConfig, ["views", "check_pixel_size"])
        self.registration = SettingsForm(RegistrationConfig)
        self.device = SettingsForm(DeviceConfig)
        self.frames = SettingsForm(FramesConfig)
        self.none = SettingsForm(ClassifyConfig, [_NONE])
        others = [name for name in ClassifyConfig.model_fields if name != _NONE]
        self.classify = SettingsForm(ClassifyConfig, others)
        self.run_button = action_button(_RUN)
        self.save_button = QPushButton("Save results…")
        self.save_button.setToolTip(
            "<qt>Writes labels.tif, cells.csv, overlay.png and run.json into a folder "
            "with the name of the recording.</qt>"
        )
        self.study_button = StudyButton()
        self.adding = AddCellBar()
        self._bar = QProgressBar()
        self._status = small_text()
        self._counts = ClassCounts()
        self.exchanged = ExchangeWarning()
        self.size_warning = PixelSizeWarning()
        self.size_warning.mending_requested.connect(self.channels.pixel_size.edit)
        self._missing = small_text()
        self._training = TrainingLine()
        self._notes = small_text()
        self._bleed = small_text()
        self._device = small_text()
        self._shown_progress = ("", 0.0)
        self._build()
        self.set_running(False)
        self.show_result(None)
        self.rois.valueChanged.connect(self._show_rois)
        self._show_rois()

    def showEvent(self, event: QShowEvent) -> None:
        """Give the labels of all forms the same width, which depends on the style."""
        super().showEvent(event)
        align_labels(self)

    def config(self) -> IdentifyConfig:
        """The settings that the forms show."""
        registration = RegistrationConfig(**self.registration.values())
        return IdentifyConfig(
            registration=registration,
            segment=self.segment_config(),
            classify=ClassifyConfig(**self.classify.values(), **self.none.values()),
            device=DeviceConfig(**self.device.values()),
            frames=FramesConfig(**self.frames.values()),
        )

    def segment_config(self) -> SegmentConfig:
        """The settings of the segmentation that the forms show."""
        return SegmentConfig(
            **self.threshold.values(),
            **self.segment.values(),
            **self.views.values(),
        )

    def show_none_below(self, config: ClassifyConfig) -> None:
        """Show the confidence below which a cell has no class, without applying it."""
        with signals_blocked(self.none):
            self.none.setValue(config)

    def show_settings(self, config: SegmentConfig) -> None:
        """Show settings of the segmentation, without applying them."""
        for form in (self.threshold, self.segment, self.views):
            # otherwise the cells would be outlined again
            with signals_blocked(form):
                form.setValue(config)

    def check(self, channels: Channels) -> None:
        """Check that nothing is missing for a run, and focus the field that is empty.

        Raises
        ------
        InputError
            If there is no pixel size or no model, or ROIs were painted over.
        """
        if channels.pixel_size_um is None and channels.diameter_px is None:
            self.channels.pixel_size.spin.setFocus()
            self.channels.pixel_size.spin.selectAll()
            reason = self.channels.pixel_size.source.toolTip()
            raise InputError(
                reason
                or "The layers do not say how large a pixel is; type the pixel size "
                "in (µm, from the microscope's settings), or the diameter of a cell in "
                "px, or let it be estimated ('Estimate'), and press the button again."
            )
        self.rois.check()
        if self.rois.value() is None:
            self.check_model()

    def check_model(self) -> None:
        """Check that a model that outlines cells is chosen, and focus its field.

        Raises
        ------
        InputError
            If none is.
        """
        if self.segmenter.value() is None:
            self.segmenter.setFocus()
            raise InputError(
                "No model that outlines cells is chosen; choose the folder of one "
                "under 'Outline with'."
            )

    def set_running(self, running: bool) -> None:
        """Turn the button into Cancel, and disable the inputs during a run."""
        self.run_button.setText(_CANCEL if running else _RUN)
        for part in self._inputs:
            part.setEnabled(not running)
        self.save_button.setEnabled(not running and self._has_result)
        self._bar.setVisible(running)
        # no busy indicator of Qt, because each repaint costs time (see worker.py)
        self._bar.setRange(0, _BAR_PARTS)
        self._bar.setValue(0)
        self.set_status("")

    def show_progress(self, progress: Progress) -> None:
        """Show the progress of a step, a few times a second at most."""
        stage, shown_at = self._shown_progress
        if progress.stage == stage and time.monotonic() - shown_at < _REPAINT_S:
            return
        self._shown_progress = progress.stage, time.monotonic()
        # of the whole run, so that it never goes back
        self._bar.setValue(round(_BAR_PARTS * progress.share))
        count = f" {progress.done} of {progress.total}" if progress.total > 1 else ""
        self.set_status(progress.stage + count)

    def set_status(self, text: str) -> None:
        """Show what is being done; an empty text hides the line."""
        self._status.setText(text)
        self._status.setVisible(bool(text))

    def show_result(self, result: ShownResult | None) -> None:
        """Show the result of a recording; None shows nothing."""
        self._has_result = result is not None
        self._result_box.setVisible(self._has_result)
        self.save_button.setEnabled(self._has_result)
        if result is None:
            self._counts.setValue(None, {})
            self._training.setValue(None)
            self.exchanged.hide()
            self.size_warning.hide()
            return
        run_result = result.run_result
        self._result_box.setTitle(f"Cells of {result.name}")
        self._counts.setValue(result.labelled.cells, result.colours)
        self._training.setValue(run_result.training_verdict)
        shown = replace(run_result, cells=result.labelled.cells)
        missing = unclassified_text(shown) or no_cells_text(
            shown, result.config.segment.threshold
        )
        self._missing.setText(missing)
        self._missing.setVisible(bool(missing))
        self.exchanged.show_for(result, self.channels.value())
        self.size_warning.show_for(run_result)
        # what is said above is not repeated
        above = (EXCHANGED_TEXT, run_result.pixel_size_doubt)
        notes = [note for note in run_result.notes if note not in above]
        self._notes.setText("\n".join(f"Note: {note}" for note in notes))
        self._notes.setVisible(bool(notes))
        self._bleed.setText(run_result.bleed_through)
        self._bleed.setVisible(bool(run_result.bleed_through))
        self._device.setText(f"Runs on: {run_result.run['device']}")
        self._device.setVisible(True)

    def _show_rois(self) -> None:
        """Show the choice of ROIs if there are some; outlines need no model then."""
        self._models_form.setRowVisible(self.rois, self.rois.has_rois)
        self.segmenter.setEnabled(self.rois.value() is None)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        models = QWidget()
        form = self._models_form = form_layout(models)
        # what models are for is longer than fits beside a label
        form.setRowWrapPolicy(form.RowWrapPolicy.WrapAllRows)
        form.addRow("Cells", self.rois)
        form.addRow("Outline with", self.segmenter)
        form.addRow("Classify with", self.classifier)
        form.addRow(self.scheme)
        settings = [
            self.registration, self.segment, self.none, self.views, self.device,
            self.classify, self.frames,
        ]  # fmt: skip
        more = CollapsibleSection("More settings", settings)
        self._inputs = [self.channels, models, self.threshold, more]
        self._has_result = False
        self._result_box = QGroupBox()
        column = QVBoxLayout(self._result_box)
        for part in (
            self.exchanged,
            self.size_warning,
            self._counts,
            self._missing,
            self._training,
            self.adding,
            self.study_button,
            self.save_button,
            self._bleed,
            self._notes,
        ):
            column.addWidget(part)
        for part in (
            self.channels,
            models,
            self.threshold,
            more,
            self.run_button,
            self._bar,
            self._status,
            self._result_box,
            self._device,
        ):
            layout.addWidget(part)
        self._device.hide()
