"""The button that resumes a training, on the pages Curves and Runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton, QSizePolicy

if TYPE_CHECKING:
    from napari_cellid.training.summary import RunSummary


def resume_button() -> QPushButton:
    """Make the button."""
    button = QPushButton("Resume")
    button.setToolTip("<qt>Continues after the last saved epoch.</qt>")
    button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    button.hide()
    return button


def can_resume(run: RunSummary) -> bool:
    """Whether a training has ended early."""
    return run.state in ("interrupted", "failed", "stopped")
