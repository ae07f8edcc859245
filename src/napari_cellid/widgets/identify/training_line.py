"""Whether the models know such recordings: one line, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_cellid.widgets._shared.layouts import CollapsibleSection, small_text

if TYPE_CHECKING:
    from napari_cellid.novelty.comparison import TrainingVerdict


class TrainingLine(QWidget):
    """A line that wraps; warnings unfold below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line, self._warnings = small_text(), small_text()
        self._section = CollapsibleSection("What to do", [self._warnings])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._line)
        column.addWidget(self._section)
        self.setValue(None)

    def setValue(self, verdict: TrainingVerdict | None) -> None:
        """Show a verdict; None hides the line, as no model says what it knows."""
        self.setVisible(verdict is not None)
        if verdict is None:
            return
        self._line.setText(verdict.text)
        self._warnings.setText("\n\n".join(verdict.warnings))
        self._section.setVisible(bool(verdict.warnings))

    def text(self) -> str:
        """The line that is shown; empty if there is none."""
        return "" if self.isHidden() else self._line.text()

    def warnings(self) -> str:
        """The warnings, with an empty line between them; empty if there are none."""
        return "" if self.isHidden() else self._warnings.text()
