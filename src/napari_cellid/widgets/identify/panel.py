"""What the identify widget looks like."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFormLayout,
    QGroupBox,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_cellid.config import ClassifyConfig, DeviceConfig, SegmentConfig
from napari_cellid.errors import InputError
from napari_cellid.widgets._shared.layouts import (
    CollapsibleSection,
    form_layout,
    small_text,
)
from napari_cellid.widgets._shared.settings_form import SettingsForm
from napari_cellid.widgets.identify.channel_combo import ChannelChoice
from napari_cellid.widgets.identify.class_counts import Counts
from napari_cellid.widgets.identify.model_combo import ModelChoice

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from qtpy.QtGui import QShowEvent

    from napari_cellid.progress import Progress
    from napari_cellid.widgets._shared.layers import Channels
    from napari_cellid.widgets.session.result_layer import Result

#: each repaint of napari's window takes time from the networks (see work.py)
_REPAINT_S = 0.2
_RUN, _CANCEL = "Identify cells", "Cancel"


class Panel(QWidget):
    """Form on top, one button, one result."""

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.channels = ChannelChoice(viewer)
        self.segmenter = ModelChoice("segment")
        self.classifier = ModelChoice("classify")
        self.threshold = SettingsForm(SegmentConfig, ["threshold"])
        self.segment = SettingsForm(SegmentConfig, ["split", "min_area_um2"])
        # apart from those that outline anew at once: another number needs a run
        self.views = SettingsForm(SegmentConfig, ["views"])
        self.device = SettingsForm(DeviceConfig)
        self.classify = SettingsForm(ClassifyConfig)
        self.run_button = QPushButton(_RUN)
        self.save_button = QPushButton("Save results…")
        self.save_button.setToolTip(
            "<qt>Writes labels.tif, cells.csv, overlay.png and run.json into a folder "
            "with the name of the recording.</qt>"
        )
        self._bar = QProgressBar()
        self._stage = small_text()
        self._counts = Counts()
        self._notes = small_text()
        self._where = small_text()
        self._shown_progress = ("", 0.0)
        self._build()
        self.set_running(False)
        self.show_result(None)

    def showEvent(self, event: QShowEvent) -> None:
        """Bring the labels of all forms to one width, known only with the style."""
        super().showEvent(event)
        labels = [
            label
            for form in self.findChildren(QFormLayout)
            for row in range(form.rowCount())
            if (item := form.itemAt(row, QFormLayout.ItemRole.LabelRole))
            and (label := item.widget())
        ]
        widest = max(label.sizeHint().width() for label in labels)
        for label in labels:
            label.setMinimumWidth(widest)
        self.updateGeometry()

    def check(self, channels: Channels) -> None:
        """Refuse to run while something is missing, and go to the field.

        Raises
        ------
        InputError
            If there is no pixel size or no model.
        """
        if channels.pixel_size_um is None:
            self.channels.pixel_size.spin.setFocus()
            self.channels.pixel_size.spin.selectAll()
            why = self.channels.pixel_size.source.toolTip()
            raise InputError(
                why
                or "The layers do not say how large a pixel is; type the pixel size "
                "in (µm, from the microscope's settings) and press the button again."
            )
        if self.segmenter.value() is None:
            self.segmenter.setFocus()
            raise InputError(
                "No model that outlines cells is chosen; choose the folder of one "
                "under 'Outline with'."
            )

    def set_running(self, running: bool) -> None:
        """Turn the button into Cancel, and lock what must not change meanwhile."""
        self.run_button.setText(_CANCEL if running else _RUN)
        for part in self._inputs:
            part.setEnabled(not running)
        self.save_button.setEnabled(not running and self._has_result)
        self._bar.setVisible(running)
        # not Qt's moving bar for "no end known": see work.py on what motion costs
        self._bar.setRange(0, 1)
        self._bar.setValue(0)
        self.show_stage("")

    def show_progress(self, news: Progress) -> None:
        """Show how far a step has come, some times a second at most."""
        stage, since = self._shown_progress
        if news.stage == stage and time.monotonic() - since < _REPAINT_S:
            return
        self._shown_progress = news.stage, time.monotonic()
        self._bar.setRange(0, max(news.total, 1))
        self._bar.setValue(news.done)
        of = f" {news.done} of {news.total}" if news.total > 1 else ""
        self.show_stage(news.stage + of)

    def show_stage(self, text: str) -> None:
        """Show what is being done."""
        self._stage.setText(text)
        self._stage.setVisible(bool(text))

    def show_result(self, result: Result | None) -> None:
        """Show what was found in a recording."""
        self._has_result = result is not None
        self._result_box.setVisible(self._has_result)
        self.save_button.setEnabled(self._has_result)
        if result is None:
            self._counts.setValue(None, ())
            return
        found = result.found
        self._result_box.setTitle(f"Cells of {result.name}")
        self._counts.setValue(result.outlines.cells, found.classes)
        self._notes.setText("\n".join(f"Note: {note}" for note in found.notes))
        self._notes.setVisible(bool(found.notes))
        self._where.setText(f"Runs on: {found.run['device']}")
        self._where.setVisible(True)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        models = QWidget()
        form = form_layout(models)
        form.addRow("Outline with", self.segmenter)
        form.addRow("Classify with", self.classifier)
        settings = [self.segment, self.views, self.device, self.classify]
        more = CollapsibleSection("More settings", settings)
        self._inputs = [self.channels, models, self.threshold, more]
        self._has_result = False
        self._result_box = QGroupBox()
        inside = QVBoxLayout(self._result_box)
        for part in (self._counts, self.save_button, self._notes):
            inside.addWidget(part)
        for part in (
            self.channels,
            models,
            self.threshold,
            more,
            self.run_button,
            self._bar,
            self._stage,
            self._result_box,
            self._where,
        ):
            layout.addWidget(part)
        self._where.hide()
