"""Progress of an annotator: bar, counts by answer, speed and remaining time."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QTextDocumentFragment
from qtpy.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from napari_cellid.annotation.answer import answer_text
from napari_cellid.annotation.progress_stats import duration_text
from napari_cellid.colours import answer_colours
from napari_cellid.config import StudyConfig
from napari_cellid.widgets._shared.layouts import small_text

if TYPE_CHECKING:
    from napari_cellid.annotation.progress_stats import AnnotationProgress


class AnnotationProgressPanel(QWidget):
    """A progress bar, and below it the number of cells with each answer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._config = StudyConfig()
        self._bar = QProgressBar()
        self._counts = small_text()
        self._counts.setTextFormat(Qt.TextFormat.RichText)
        # it wraps, or the dock would be wider than a small window allows
        self._speed = small_text()
        self._speed.setToolTip("<qt>Speed of your last answers.</qt>")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        for part in (self._bar, self._counts, self._speed):
            column.addWidget(part)

    def set_config(self, config: StudyConfig) -> None:
        """Take the classes and colours of a study."""
        self._config = config

    def show_progress(self, progress: AnnotationProgress) -> None:
        """Show the progress of an annotator."""
        self._bar.setRange(0, max(progress.total, 1))
        self._bar.setValue(progress.answered)
        self._bar.setFormat(f"{progress.answered:,} of {progress.total:,} answered")
        colours, offered = answer_colours(self._config), self._config.offered_answers
        self._counts.setText(
            " &nbsp; ".join(
                f'<span style="color:{colours[answer]}">■</span>&nbsp;'
                f"{escape(answer_text(answer)).replace(' ', '&nbsp;')}&nbsp;"
                f"<b>{progress.count(answer)}</b>"
                for answer in self._config.answers
                if answer in offered or progress.count(answer)
            )
        )
        self._speed.setText(_speed_text(progress))

    def text(self) -> str:
        """The text shown, one line per part, without colours."""
        counts = QTextDocumentFragment.fromHtml(self._counts.text()).toPlainText()
        return "\n".join([self._bar.text(), counts, self._speed.text()])


def _speed_text(progress: AnnotationProgress) -> str:
    cells_per_minute, left = progress.per_minute(), progress.minutes_left()
    if progress.total and progress.answered == progress.total:
        return "All answered: see Agreement (Plugins > napari-cellid)"
    if cells_per_minute is None or left is None:
        return "Speed and remaining time are shown after a few answers"
    return f"{cells_per_minute:.0f} cells/min · {duration_text(left)} left"
