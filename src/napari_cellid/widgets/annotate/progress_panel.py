"""Progress of a person: bar, counts by answer, speed and the time that is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QTextDocumentFragment
from qtpy.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from napari_cellid.annotation.answer import answer_text
from napari_cellid.annotation.progress_stats import duration_text
from napari_cellid.colours import answer_colours
from napari_cellid.config import StudyConfig
from napari_cellid.widgets._shared.layouts import small_text

if TYPE_CHECKING:
    from napari_cellid.annotation.progress_stats import AnnotationProgress


class AnswerCounts(QWidget):
    """A bar, and below it in small what has been answered how."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._config = StudyConfig()
        self._bar = QProgressBar()
        self._counts = small_text()
        self._counts.setTextFormat(Qt.TextFormat.RichText)
        self._speed = QLabel()
        self._speed.setToolTip("<qt>Speed of your last answers.</qt>")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        for part in (self._bar, self._counts, self._speed):
            column.addWidget(part)

    def set_config(self, config: StudyConfig) -> None:
        """Count the answers of this study."""
        self._config = config

    def show_tally(self, tally: AnnotationProgress) -> None:
        """Show how far somebody has come."""
        self._bar.setRange(0, max(tally.total, 1))
        self._bar.setValue(tally.answered)
        self._bar.setFormat(f"{tally.answered:,} of {tally.total:,} answered")
        colours = answer_colours(self._config)
        self._counts.setText(
            " &nbsp; ".join(
                f'<span style="color:{colours[answer]}">■</span>&nbsp;'
                f"{answer_text(answer).replace(' ', '&nbsp;')}&nbsp;"
                f"<b>{tally.count(answer)}</b>"
                for answer in self._config.answers
            )
        )
        self._speed.setText(_speed(tally))

    def text(self) -> str:
        """What is shown, a line a part, without colours."""
        counts = QTextDocumentFragment.fromHtml(self._counts.text()).toPlainText()
        return "\n".join([self._bar.text(), counts, self._speed.text()])


def _speed(tally: AnnotationProgress) -> str:
    speed, left = tally.per_minute(), tally.minutes_left()
    if tally.total and tally.answered == tally.total:
        return "All answered"
    if speed is None or left is None:
        return "Speed and time left show after a few answers"
    return f"{speed:.0f} cells/min · {duration_text(left)} left"
