"""Steps that save are never dropped, whatever is closed meanwhile."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from qtpy.QtCore import QObject

from napari_cellid.errors import InputError
from napari_cellid.progress import Progress
from napari_cellid.widgets._shared.save_queue import SaveQueue

#: a program that ends while one step is saving and another one is waiting
_PROGRAM = """
import sys, time
from pathlib import Path
from qtpy.QtCore import QCoreApplication, QObject
from napari_cellid.progress import Progress
from napari_cellid.widgets._shared.save_queue import SaveQueue

application = QCoreApplication([])

def save(name):
    yield Progress("Saving")
    time.sleep(0.3)
    Path(sys.argv[1], name).write_text("saved")

queue = SaveQueue(QObject())
queue.add(save("one"), print)
queue.add(save("two"), print)
"""


@pytest.fixture
def owner(qapp):
    return QObject()


@pytest.fixture
def queue(owner):
    return SaveQueue(owner)


def save(saved, name, release=None):
    yield Progress("Saving")
    if release is not None:
        release.wait(5)
    saved.append(name)
    return name


def test_steps_run_one_after_another(queue, qtbot):
    saved, results, release = [], [], threading.Event()
    queue.add(save(saved, "one", release), results.append)
    queue.add(save(saved, "two"), results.append)
    assert queue.busy
    release.set()
    qtbot.waitUntil(lambda: not queue.busy)
    assert saved == results == ["one", "two"]


def test_queues_wait_for_one_another(queue, owner, qtbot):
    saved, release, other = [], threading.Event(), SaveQueue(owner)
    queue.add(save(saved, "one", release), print)
    other.add(save(saved, "two"), print)
    qtbot.wait(50)
    assert saved == []
    release.set()
    qtbot.waitUntil(lambda: not (queue.busy or other.busy))
    assert saved == ["one", "two"]


def test_what_waits_is_saved_after_its_dock_was_closed(queue, owner, qtbot):
    saved, results, release = [], [], threading.Event()
    queue.add(save(saved, "one", release), results.append)
    queue.add(save(saved, "two"), results.append)
    owner.deleteLater()
    with qtbot.waitSignal(owner.destroyed):
        pass
    release.set()
    qtbot.waitUntil(lambda: saved == ["one", "two"])
    qtbot.wait(50)
    # there is nobody to tell any more
    assert results == []


def test_what_waits_is_saved_after_the_program_has_ended(tmp_path):
    subprocess.run([sys.executable, "-c", _PROGRAM, str(tmp_path)], check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


@pytest.mark.parametrize("error", [InputError("The disk is full."), KeyError("cell")])
def test_an_error_is_shown_and_the_next_step_runs(queue, qtbot, notifications, error):
    def failing():
        yield Progress("Saving", message="The drive is slow.")
        raise error

    saved, results = [], []
    with qtbot.captureExceptions():
        queue.add(failing(), results.append)
        queue.add(save(saved, "two"), results.append)
        qtbot.waitUntil(lambda: not queue.busy)
    assert results == saved == ["two"]
    assert notifications[0] == "The drive is slow."
    if isinstance(error, InputError):
        assert notifications[1:] == ["The disk is full."]
