"""napari's real window, canvas included, where there is a display with OpenGL."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import sys, time
from pathlib import Path
import napari
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

viewer = napari.Viewer()
viewer.open_sample("napari-cellid", "simulated_field")
dock, widget = viewer.window.add_plugin_dock_widget("napari-cellid", "Identify cells")
panel = widget.panel
panel.segmenter.setValue(Path(sys.argv[1]))
panel.classifier.setValue(Path(sys.argv[2]))

def wait(done):
    end = time.monotonic() + 120
    while not done() and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.02)
    assert done()

QTest.mouseClick(panel.run_button, Qt.MouseButton.LeftButton)
wait(lambda: not widget.worker.busy)
cells = viewer.layers["simulated cells"]
assert len(cells.features) > 50
assert set(cells.features["predicted"]) <= {"excitatory", "inhibitory", "glia"}
found = len(cells.features)
panel.threshold.editor("threshold").setValue(0.5)
wait(lambda: len(cells.features) != found)
viewer.window.screenshot(sys.argv[3], canvas_only=False)
viewer.window.remove_dock_widget(dock)
viewer.close()
"""


@pytest.mark.slow
def test_sample_to_cells_in_the_real_window(
    segmenter_folder: Path, classifier_folder: Path, tmp_path: Path
):
    xvfb = shutil.which("xvfb-run")
    if sys.platform != "linux" or not xvfb:
        pytest.skip("needs xvfb-run")
    picture = tmp_path / "window.png"
    arguments = [str(segmenter_folder), str(classifier_folder), str(picture)]
    screen = ["-a", "-s", "-screen 0 1366x768x24"]
    done = subprocess.run(
        [xvfb, *screen, sys.executable, "-c", SCRIPT, *arguments],
        env=os.environ | {"QT_QPA_PLATFORM": "xcb"},
        timeout=600,
        capture_output=True,
        text=True,
        check=False,
    )
    if "could not connect" in done.stderr or "could not be initialized" in done.stderr:
        pytest.skip("no X server")
    # also -11: torch and the graphics driver must not crash one another
    assert done.returncode == 0, done.stderr[-2000:]
    assert picture.stat().st_size > 10_000
