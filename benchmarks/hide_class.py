"""How long the window stands still when a class of many cells is hidden.

    xvfb-run -a -s "-screen 0 1400x900x24" python benchmarks/hide_class.py
        [--side 2700] [--limit 0.3]

Opens napari's window with a result of about `(side / 12)**2` random cells, 50 000 at
the side given, and the *Cell table* dock, and clicks the box of a class. Prints, of
each click, the longest stall of the event loop until table, plots and image are painted
again, by the clock and by the processor time of the event loop, and where it was; 1 if
one exceeds the limit by processor time. The first click is left out, in which numba
compiles.
"""

from __future__ import annotations

import argparse
import os
import sys

import napari
import numpy as np
import pandas as pd
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from event_loop_stalls import Heart, pause, wait
from napari_cellid.config import IdentifyConfig
from napari_cellid.identify import IdentifyResult
from napari_cellid.recording import MeanPlanes
from napari_cellid.segmentation.outline_edits import initial_cells
from napari_cellid.widgets._shared.channels import Channels, result_transform
from napari_cellid.widgets.session.result_layer import ShownResult
from napari_cellid.widgets.session.show_result import add_result

CLASSES = ("excitatory", "inhibitory", "glia")
PITCH, RADIUS, PIXEL_UM = 12, 4, 1.17


def main() -> int:
    """Print the stalls; 1 if one is too long."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--side", type=int, default=2700, help="of the image, px")
    parser.add_argument("--limit", type=float, default=0.3, help="s")
    given = parser.parse_args()
    viewer = napari.Viewer()
    viewer.window.resize(1280, 800)
    n = show_cells(viewer, given.side)
    _, table = viewer.window.add_plugin_dock_widget("napari-cellid", "Cell table")
    wait(lambda: len(table.panel.model.rows) == n)
    pause(2)
    print(f"{n} cells in {given.side} x {given.side} px")
    heart, boxes = Heart(), table.panel.filters.predicted.boxes
    names = [name for name in ("excitatory", "glia", "excitatory") for _ in range(2)]
    for k, name in enumerate(names):
        box = boxes[name]
        with heart.step(f"{k} {'hide' if box.isChecked() else 'show'} {name}"):
            place = QPoint(8, box.height() // 2)
            QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=place)
            pause(1.5)
    heart.stop()
    slow = False
    for name, stall in list(heart.steps.items())[1:]:
        late = stall.busy_s > given.limit
        slow |= late
        print(f"{name:20} {stall.text()}{'  <-- too long' if late else ''}")
    return int(slow)


def show_cells(viewer: napari.Viewer, side: int) -> int:
    """Show a result with a cell in each square of a grid; gives their number."""
    labels = grid_of_discs(side)
    cells = random_cells(side)
    rng = np.random.default_rng(1)
    red, green = (rng.random((1, side, side), dtype=np.float32) for _ in range(2))
    planes = MeanPlanes(name="a1", red=red, green=green, pixel_size_um=PIXEL_UM)
    record = {"recording": "a1", "sources": [], "settings": {}}
    run = IdentifyResult(planes, labels, cells, CLASSES, None, record)
    transform = {"scale": (15, PIXEL_UM, PIXEL_UM), "units": ("um",) * 3}
    images = [
        viewer.add_image(image, name=name, **transform)
        for image, name in ((red, "red"), (green, "green"))
    ]
    channels = Channels(*images, "planes", PIXEL_UM)
    labelled = initial_cells(labels, cells)
    result = ShownResult(run, labelled, IdentifyConfig(), None, folder=None)
    add_result(viewer, result, channels, result_transform(channels))
    return len(cells)


def grid_of_discs(side: int) -> np.ndarray:
    """Labels (1, y, x) of discs in a grid."""
    n = side // PITCH
    numbers = np.arange(1, n * n + 1, dtype=np.int32).reshape(n, n)
    labels = np.zeros((1, side, side), np.int32)
    reach = range(-RADIUS, RADIUS + 1)
    for dy, dx in ((dy, dx) for dy in reach for dx in reach):
        if np.hypot(dy, dx) <= RADIUS:
            y, x = PITCH // 2 + dy, PITCH // 2 + dx
            labels[0, y : n * PITCH : PITCH, x : n * PITCH : PITCH] = numbers
    return labels


def random_cells(side: int) -> pd.DataFrame:
    """The table of these cells, as Identify makes it."""
    rng = np.random.default_rng(0)
    n = side // PITCH
    y, x = np.divmod(np.arange(n * n), n)
    numbers = np.arange(1, n * n + 1)
    probabilities = rng.dirichlet((2, 1, 1), n * n)
    return pd.DataFrame(
        {
            "cell": numbers,
            "label": numbers,
            "plane": 0,
            "y": PITCH * (y + 0.5),
            "x": PITCH * (x + 0.5),
            "area_um2": rng.gamma(9, 12, n * n),
            "predicted": rng.choice(CLASSES, n * n, p=(0.6, 0.2, 0.2)),
            "confidence": probabilities.max(1),
            **{f"p_{name}": probabilities[:, k] for k, name in enumerate(CLASSES)},
            "red_contrast": rng.normal(1, 1, n * n),
            "green_contrast": rng.normal(0.5, 1, n * n),
        }
    )


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # without the end of the window, which takes longer than all the clicks
    os._exit(code)
