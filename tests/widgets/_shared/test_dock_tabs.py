"""A dock that is gone before it can become a tab."""

from __future__ import annotations

import gc

from qtpy.QtWidgets import QApplication, QWidget

from napari_cellid.widgets._shared.dock_tabs import tabify_dock_later


class Dock(QWidget):
    """A widget of a dock, whose attributes lead back to itself as those of docks do."""

    def __init__(self) -> None:
        super().__init__()
        self.own = self
        tabify_dock_later(self)


def test_docks_that_the_garbage_collector_takes_are_forgotten_in_silence(qtbot):
    with qtbot.captureExceptions() as exceptions:
        for _ in range(50):
            dock = Dock()
            # Qt deletes it when the event loop is entered again, after its timer
            dock.deleteLater()
            del dock
            gc.collect()
            QApplication.processEvents()
    assert exceptions == []
