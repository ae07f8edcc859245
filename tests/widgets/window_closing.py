"""A viewer is closed while all its docks work; pytest runs this under Xvfb."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from qtpy.compat import isalive
from qtpy.QtCore import QThreadPool

from napari_cellid.progress import Progress
from napari_cellid.widgets._shared.save_queue import SaveQueue
from napari_cellid.widgets._shared.worker import Worker
from napari_cellid.widgets.session.session import session_of

DOCKS = ("Identify cells", "Annotate cells", "Cell gallery", "Agreement", "Retrain")


class Gate:
    """A step that waits in the middle, as in a long computation, until it is opened."""

    def __init__(self):
        self.opened = threading.Event()
        self.entered, self.left, self.results = [], [], []

    def step(self, name):
        yield Progress(name, 0, 2)
        self.entered.append(name)
        self.opened.wait(20)
        yield Progress(name, 1, 2)
        self.left.append(name)
        return name


@pytest.fixture
def window(make_napari_viewer, lab, qtbot):
    """A viewer with a study and all docks."""
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.ones((32, 32)), name="red", colormap="red", scale=(2, 2))
    docks = [
        viewer.window.add_plugin_dock_widget("napari-cellid", name) for name in DOCKS
    ]
    session_of(viewer).open_study(lab.path)
    return viewer, docks


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.opened.set()


def begin_everywhere(docks, gate, qtbot):
    """Start a step in every worker and queue of the docks; returns these."""
    workers = [one for _, dock in docks for one in dock.findChildren(Worker)]
    queues = [one for _, dock in docks for one in dock.findChildren(SaveQueue)]
    QThreadPool.globalInstance().setMaxThreadCount(len(workers) + 2)
    for k, worker in enumerate(workers):
        worker.start_latest(gate.step(f"work {k}"), gate.results.append)
    for k, queue in enumerate(queues):
        queue.add(gate.step(f"save {k}"), gate.results.append)
    # the one thread of all queues has begun with the first of them
    n = len(workers) + 1
    qtbot.waitUntil(lambda: len(gate.entered) == n, timeout=20_000)
    assert len(workers) > 6 and len(queues) > 3
    return workers, queues


def test_closing_the_viewer_while_everything_works(window, gate, qtbot):
    viewer, docks = window
    with qtbot.captureExceptions() as exceptions:
        workers, queues = begin_everywhere(docks, gate, qtbot)
        running = [worker._running.worker for worker in workers]
        viewer.close()
        qtbot.waitUntil(lambda: not any(map(isalive, (*workers, *queues))))
        # the threads go on after their widgets are gone
        gate.opened.set()
        qtbot.waitUntil(lambda: len(gate.left) == len(queues), timeout=20_000)
        assert QThreadPool.globalInstance().waitForDone(20_000)
        qtbot.wait(200)
    assert exceptions == []
    # what saves ran to its end, everything else stopped at its next yield
    assert sorted(gate.left) == [f"save {k}" for k in range(len(queues))]
    assert gate.results == []
    assert len(running) > 6
