"""A dock grows with what is inside it."""

from __future__ import annotations

from qtpy.QtWidgets import QLabel, QMainWindow, QVBoxLayout, QWidget

from napari_cellid.widgets._shared.layouts import DockScrollArea


def test_a_text_that_becomes_longer_is_not_cut_off(qtbot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    inner = QWidget()
    label = QLabel("short")
    QVBoxLayout(inner).addWidget(label)
    area = DockScrollArea(inner)
    window.setCentralWidget(area)
    window.resize(200, 200)
    window.show()
    qtbot.waitExposed(window)
    label.setText("a name that is much longer than all that were there before")
    qtbot.waitUntil(
        lambda: area.viewport().width() >= inner.minimumSizeHint().width(),
        timeout=2000,
    )
