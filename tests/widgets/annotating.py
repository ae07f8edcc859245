"""A window with a small study open in the Annotate dock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDockWidget, QMainWindow, QWidget

from napari_cellid.annotation.all_answers import read_annotations
from napari_cellid.annotation.answer import CellKey
from napari_cellid.config import IdentifyConfig
from napari_cellid.identify import IdentifyResult
from napari_cellid.segmentation.outline_edits import initial_cells
from napari_cellid.widgets._shared.channels import Channels, result_transform
from napari_cellid.widgets.annotate.widget import AnnotateWidget
from napari_cellid.widgets.session.result_layer import ShownResult
from napari_cellid.widgets.session.show_result import add_result

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Layer

    from napari_cellid.study.study import Study


def make_window(viewer: Any) -> tuple[QMainWindow, AnnotateWidget]:
    """A window with a canvas and the Annotate dock, without OpenGL."""
    window, canvas, dock = QMainWindow(), QWidget(), QDockWidget()
    canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    window.setCentralWidget(canvas)
    widget = AnnotateWidget(viewer)
    dock.setWidget(widget)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    window.resize(1100, 800)
    window.show()
    return window, widget


def canvas_of(dock: AnnotateWidget) -> Any:
    """The central widget of the dock's window."""
    return dock.window().centralWidget()


def press(widget: Any, key: Any, held: Any = Qt.KeyboardModifier.NoModifier) -> None:
    """Press a key while the widget has the focus, or what has it in the window."""
    QApplication.setActiveWindow(widget.window())
    widget.setFocus()
    QTest.keyClick(QApplication.focusWidget() or widget, key, held)


def journal_lines(study: Study) -> list[tuple[Any, ...]]:
    """Annotator, cell number and answer of every line on disk."""
    lines = read_annotations(study.annotations).all_answers
    columns = (lines[name].tolist() for name in ("annotator", "cell", "answer"))
    return list(zip(*columns, strict=True))


def colour_at(layer: Layer, cell: CellKey, session: Any) -> tuple[float, ...]:
    """Colour in which a cell is outlined."""
    row = session.row(cell)
    label, plane = row["label"], row["plane"]
    mask = session.labels[plane] == label
    drawn = layer.data[plane] if layer.ndim == 3 else layer.data
    values = {int(k) for k in drawn[mask]} - {0, 2}
    assert len(values) == 1
    return tuple(layer.colormap.map(values.pop())[:3])


def outlines_of(layer: Layer) -> Any:
    """(plane, y, x) codes of the answers that are drawn."""
    return layer.data if layer.ndim == 3 else layer.data[None]


def cells_of(session: Any, recording: str = "a1") -> list[CellKey]:
    """Cells of a recording, by number."""
    table = session.cells()
    return [
        CellKey(recording, k) for k in table["cell"][table["recording"] == recording]
    ]


def identify_result(study: Study, name: str = "a1") -> IdentifyResult:
    """A result of Identify for a recording of the study."""
    recording = study.recording(name)
    planes = replace(recording.planes(), name=name)
    run = {"recording": name, "sources": [], "settings": {}}
    classes = ("excitatory", "inhibitory", "glia")
    return IdentifyResult(
        planes, recording.labels(), recording.cells(), classes, None, run
    )


def show_result(
    viewer: Any, identified: IdentifyResult, folder: Path | None = None
) -> ShownResult:
    """Show a result of Identify, as its dock does."""
    transform = {"scale": (15, 1.17, 1.17), "units": ("um",) * 3}
    red = viewer.add_image(identified.planes.red, name="raw red", **transform)
    green = viewer.add_image(identified.planes.green, name="raw green", **transform)
    labelled = initial_cells(identified.labels, identified.cells)
    result = ShownResult(identified, labelled, IdentifyConfig(), None, folder=folder)
    channels = Channels(red, green, "planes", 1.17)
    add_result(viewer, result, channels, result_transform(channels))
    return result


def type_into(field: Any, text: str) -> None:
    """Replace the text of a line as a person does, and confirm it with Return."""
    field.setFocus()
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)
