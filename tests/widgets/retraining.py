"""Helpers to drive the Retrain dock, with a fake process that trains."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cellid.retrain import process as retrain_process
from napari_cellid.widgets.retrain.widget import RetrainWidget

if TYPE_CHECKING:
    from napari_cellid.study.study import Study

FAKE = Path(__file__).with_name("fake_training.py")
LEFT = Qt.MouseButton.LeftButton


def use_fake_training(monkeypatch: Any) -> None:
    """Let the fake process train."""
    monkeypatch.setattr(
        retrain_process, "cli_command", lambda: [sys.executable, str(FAKE)]
    )


def set_fake_training(study: Study, **options: object) -> None:
    """Set what the fake process does; see `fake_training`."""
    (study.path / "fake.json").write_text(json.dumps(options), "utf-8")


def show(viewer: Any, qtbot: Any, *, measure_ms: int = 60_000) -> RetrainWidget:
    """Open the dock; it measures the time after this many milliseconds."""
    dock = RetrainWidget(viewer)
    qtbot.addWidget(dock)
    dock.estimates.debouncer.setTimeout(measure_ms)
    dock.resize(440, 780)
    dock.show()
    if dock.session.study is not None:
        qtbot.waitUntil(
            lambda: dock.estimates.decided_cells is not None, timeout=10_000
        )
    return dock


def click(button: Any) -> None:
    QTest.mouseClick(button, LEFT)


def click_square(table: Any, row: int, column: int) -> None:
    """Click an item of a table; column 0 holds the names."""
    place = table.visualItemRect(table.item(row, column)).center()
    QTest.mouseClick(table.viewport(), LEFT, pos=place)


def train(qtbot: Any, dock: RetrainWidget) -> Any:
    """Start a training, wait for its end, and return the run."""
    click(dock.panel.start_button)
    finish(qtbot, dock)
    return dock.controller.runs[0]


def finish(qtbot: Any, dock: RetrainWidget) -> None:
    """Wait until no training is running."""
    qtbot.waitUntil(lambda: dock.controller.active_run is None, timeout=30_000)


def begin(qtbot: Any, dock: RetrainWidget, epochs: int = 1) -> Any:
    """Start a training, and wait until some epochs are done."""
    click(dock.panel.start_button)

    def has_epochs() -> bool:
        run = dock.controller.active_run
        return run is not None and len(run.epochs) > epochs

    qtbot.waitUntil(has_epochs, timeout=30_000)
    return dock.controller.active_run
