"""The window that the demo opens."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_cellid.classification.loader import load_classifier
from napari_cellid.config import DeviceConfig, IdentifyConfig
from napari_cellid.identify import identify_cells
from napari_cellid.progress import run_to_end
from napari_cellid.segmentation.predict import load_segmenter
from napari_cellid.widgets.identify.open_results import fill_viewer, show_results


class PaperViewer(ViewerModel):
    """A viewer without the canvas, which needs OpenGL."""

    docked: ClassVar[list[tuple[str, Any]]] = []

    @property
    def window(self) -> SimpleNamespace:
        return SimpleNamespace(add_dock_widget=self._add_dock_widget)

    def _add_dock_widget(self, widget: Any, name: str) -> None:
        self.docked.append((name, widget))


@pytest.mark.gui
def test_window(qtbot, recording, segmenter_folder, classifier_folder) -> None:
    classifier = load_classifier(classifier_folder)
    config = IdentifyConfig(device=DeviceConfig(device="cpu"))
    step = identify_cells(
        recording, load_segmenter(segmenter_folder), classifier, config
    )
    result = run_to_end(step)
    viewer = PaperViewer()
    fill_viewer(viewer, result, recording, classifier)
    names = [layer.name for layer in viewer.layers]
    assert names[:2] == ["red", "green"]
    cells = viewer.layers[-1]
    assert np.array_equal(cells.data, result.labels)
    assert np.allclose(cells.scale[-2:], recording.pixel_size_um)
    assert len(cells.features) == len(result.cells)
    name, widget = viewer.docked.pop()
    qtbot.addWidget(widget)
    assert name == "Identify cells"


def test_no_qt(monkeypatch: pytest.MonkeyPatch, recording) -> None:
    monkeypatch.setitem(sys.modules, "qtpy.QtWidgets", None)
    with pytest.raises(ImportError, match=r"napari\[all\]"):
        show_results(None, recording)  # type: ignore[arg-type]
