"""Question before a recording of a study is replaced by something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMessageBox, QWidget

if TYPE_CHECKING:
    from napari_cellid.study.replacement import ReplaceQuestionError

#: store under the free name, or replace the recording
Decision = Literal["rename", "replace"]

_REMARK = {
    "other images": "If you replace it, its answers count no more. The earlier "
    "recording is kept and can be brought back (napari-cellid replaced).",
    "cells lost": "If you replace them, the earlier outlines are kept and can be "
    "brought back (napari-cellid replaced).",
}


def ask_to_replace(
    question: ReplaceQuestionError, parent: QWidget | None
) -> Decision | None:
    """Ask whether a recording is to be replaced; None if nothing is to be stored."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Store the cells in the study")
    # names of recordings are not markup
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(question.finding)
    box.setInformativeText(_REMARK[question.reason])
    rename = box.addButton(
        f"Store as “{question.free_name}”", QMessageBox.ButtonRole.AcceptRole
    )
    replace = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(rename if question.reason == "other images" else cancel)
    box.exec()
    clicked = box.clickedButton()
    if clicked is rename:
        return "rename"
    return "replace" if clicked is replace else None
