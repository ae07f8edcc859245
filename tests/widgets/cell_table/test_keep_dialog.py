"""The dialog in which a study is made for answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDialog, QDialogButtonBox

from napari_cellid.widgets.cell_table.keep_dialog import KeepAnswersDialog

if TYPE_CHECKING:
    from pathlib import Path


def test_the_name_of_the_annotator_is_typed_at_once(qtbot: Any, tmp_path: Path) -> None:
    dialog = KeepAnswersDialog(tmp_path, "m1 study", "")
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.activateWindow()
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert dialog.focusWidget() is dialog.annotator
    assert not ok.isEnabled()
    QTest.keyClicks(dialog.focusWidget(), "Ann")
    assert dialog.who() == "Ann" and ok.isEnabled()
    QTest.keyClick(dialog.annotator, Qt.Key.Key_Tab)
    assert dialog.focusWidget() is dialog.name
    QTest.mouseClick(ok, Qt.MouseButton.LeftButton)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.value() == tmp_path / "m1 study"


def test_it_is_as_high_as_what_it_says(qtbot: Any, tmp_path: Path) -> None:
    dialog = KeepAnswersDialog(tmp_path, "m1 study", "")
    qtbot.addWidget(dialog)
    dialog.show()
    layout = dialog.layout()
    below = dialog.height() - dialog.buttons.geometry().bottom()
    assert below <= layout.contentsMargins().bottom() + 24
    # a long path wraps, and nothing is cut off
    dialog.name.setText("a long name of a study " * 8)
    qtbot.wait(50)
    text = dialog.path_text
    assert text.height() >= text.heightForWidth(text.width())
    assert dialog.buttons.geometry().bottom() < dialog.height()
