"""Closing a dock in the middle of a run."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QMainWindow,
    QPushButton,
    QWidget,
)

from napari_cellid.widgets._shared import dock_closing
from napari_cellid.widgets._shared.dock_closing import DockClosing


class Window(QMainWindow):
    """A window with a dock that has the buttons of napari's docks."""

    def __init__(self) -> None:
        super().__init__()
        self.dock = QDockWidget()
        title = QWidget()
        row = QHBoxLayout(title)
        self.buttons = {}
        for name in ("QTitleBarCloseButton", "QTitleBarHideButton"):
            button = QPushButton(name)
            button.setObjectName(name)
            button.clicked.connect(self.dock.hide)
            row.addWidget(button)
            self.buttons[name] = button
        self.dock.setTitleBarWidget(title)
        self.widget = QWidget()
        self.dock.setWidget(self.widget)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)

    def click(self, name: str) -> None:
        QTest.mouseClick(
            self.buttons[f"QTitleBar{name}Button"], Qt.MouseButton.LeftButton
        )


@pytest.fixture
def window(qtbot: Any) -> Window:
    window = Window()
    qtbot.addWidget(window)
    return window


def watch(window: Window, running: str, *, stops: bool = True) -> list[str]:
    stopped: list[str] = []
    stop = (lambda: stopped.append("stopped")) if stops else None
    DockClosing(window.widget, lambda: running, stop, "Look there.")
    window.show()
    return stopped


@pytest.mark.parametrize("agrees", [True, False])
def test_it_asks_before_a_run_is_stopped(
    window: Window, monkeypatch: Any, agrees: bool
) -> None:
    asked: list[str] = []

    def ask(_: QWidget, running: str) -> bool:
        asked.append(running)
        return agrees

    monkeypatch.setattr(dock_closing, "ask_to_stop", ask)
    stopped = watch(window, "Cells are being identified.")
    window.click("Close")
    assert asked == ["Cells are being identified."]
    assert stopped == (["stopped"] if agrees else [])
    assert window.dock.isVisible() is not agrees
    if not agrees:
        # the button works the next time
        window.click("Close")
        assert len(asked) == 2


def test_nothing_is_asked_where_nothing_runs(window: Window, monkeypatch: Any) -> None:
    monkeypatch.setattr(dock_closing, "ask_to_stop", pytest.fail)
    stopped = watch(window, "")
    window.click("Close")
    assert not window.dock.isVisible()
    assert not stopped


@pytest.mark.parametrize(("button", "stops"), [("Hide", True), ("Close", False)])
def test_what_goes_on_is_said(
    window: Window, monkeypatch: Any, button: str, stops: bool
) -> None:
    said: list[str] = []
    monkeypatch.setattr(dock_closing, "show_info", said.append)
    stopped = watch(window, "A model is being trained.", stops=stops)
    window.click(button)
    assert said == ["A model is being trained. It goes on. Look there."]
    assert not window.dock.isVisible()
    assert not stopped
