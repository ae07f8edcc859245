"""Operating the Identify dock as a user does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from napari.layers._source import layer_source
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cellid.widgets._shared.file_reader import get_reader
from napari_cellid.widgets.identify.widget import IdentifyWidget
from napari_cellid.widgets.session.result_layer import result_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari.components import ViewerModel
    from napari.layers import Labels


def open_dock(
    viewer: ViewerModel, segmenter: Path, classifier: Path | None
) -> IdentifyWidget:
    """Show the dock beside a viewer without canvas, which needs no OpenGL."""
    dock = IdentifyWidget(viewer)
    dock.panel.segmenter.setValue(segmenter)
    dock.panel.classifier.setValue(classifier)
    dock.show()
    return dock


def click(button: Any) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def drop(viewer: ViewerModel, path: Path) -> list[Layer]:
    """Open a path as napari does with what is dropped on it; gives the layers."""
    reader = get_reader(str(path))
    assert reader is not None
    with layer_source(path=str(path), reader_plugin="napari-cellid"):
        layers = [Layer.create(*layer) for layer in reader(str(path))]
    for layer in layers:
        viewer.add_layer(layer)
    return layers


def run(qtbot: Any, dock: IdentifyWidget) -> Labels:
    """Press the button, wait, and give the labels layer."""
    click(dock.panel.run_button)
    wait_until_idle(qtbot, dock)
    layer = dock.current.layer
    assert layer is not None
    return layer


def run_into_study(qtbot: Any, dock: IdentifyWidget) -> Labels:
    """Press the button, and then the one that saves the cells in the open study."""
    layer = run(qtbot, dock)
    click(dock.panel.study_button)
    qtbot.waitUntil(lambda: not dock.study_offer.saver.queue.busy, timeout=60_000)
    return layer


def wait_until_idle(qtbot: Any, dock: IdentifyWidget) -> None:
    """Wait until nothing runs and nothing is out of date."""

    def idle() -> bool:
        live = dock.live
        saving = dock.file_saver.queue.busy or live._when_idle.waiting
        busy = dock.worker.busy or live._outlining.busy or live._classifying.busy
        results = [result_of(layer) for layer in dock._viewer.layers]
        stale = any(result.labelled.stale for result in results if result is not None)
        waiting = live._quiet._timer.isActive() or live._pending
        return not (busy or saving or stale or waiting)

    qtbot.waitUntil(idle, timeout=60_000)
