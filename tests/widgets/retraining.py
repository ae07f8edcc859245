"""Driving the Retrain dock, with a stand-in for the program that trains."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cellid.retrain import process as retrain_child
from napari_cellid.widgets.retrain.widget import RetrainWidget

if TYPE_CHECKING:
    from napari_cellid.study.study import Study

FAKE = Path(__file__).with_name("fake_training.py")
LEFT = Qt.MouseButton.LeftButton


def stand_in(monkeypatch: Any) -> None:
    """Let the stand-in train."""
    monkeypatch.setattr(
        retrain_child, "cli_command", lambda: [sys.executable, str(FAKE)]
    )


def plan(study: Study, **how: object) -> None:
    """Say what the stand-in does."""
    (study.path / "fake.json").write_text(json.dumps(how), "utf-8")


def show(viewer: Any, qtbot: Any, *, measure_ms: int = 60_000) -> RetrainWidget:
    """Open the dock; it measures the time after so many milliseconds."""
    dock = RetrainWidget(viewer)
    qtbot.addWidget(dock)
    dock._soon.setInterval(measure_ms)
    dock.resize(440, 780)
    dock.show()
    if dock.session.study is not None:
        qtbot.waitUntil(lambda: dock.decided is not None, timeout=10_000)
    return dock


def click(button: Any) -> None:
    QTest.mouseClick(button, LEFT)


def click_square(table: Any, row: int, column: int) -> None:
    """Click a place of a table; the names are in column 0."""
    place = table.visualItemRect(table.item(row, column)).center()
    QTest.mouseClick(table.viewport(), LEFT, pos=place)


def run(qtbot: Any, dock: RetrainWidget) -> Any:
    """Start, wait for the end, and give the run."""
    click(dock.panel.start)
    finish(qtbot, dock)
    return dock.trainings.all[0]


def finish(qtbot: Any, dock: RetrainWidget) -> None:
    """Wait until nothing is trained."""
    qtbot.waitUntil(lambda: dock.trainings.busy is None, timeout=30_000)


def begin(qtbot: Any, dock: RetrainWidget, epochs: int = 1) -> Any:
    """Start, and wait until some epochs are done."""
    click(dock.panel.start)

    def far_enough() -> bool:
        look = dock.trainings.busy
        return look is not None and len(look.epochs) > epochs

    qtbot.waitUntil(far_enough, timeout=30_000)
    return dock.trainings.busy
