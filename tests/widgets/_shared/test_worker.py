"""Steps in the worker thread: progress, result, cancel, every kind of failure."""

from __future__ import annotations

import threading

import pytest
from qtpy.QtCore import QObject

from napari_cellid.errors import InputError
from napari_cellid.progress import Progress
from napari_cellid.widgets._shared.worker import (
    StepFailedError,
    Worker,
    WorkerBusyError,
)


@pytest.fixture
def work(qapp):
    owner = QObject()
    yield Worker(owner)
    owner.deleteLater()


def test_progress_and_result_arrive_in_the_window_thread(work, qtbot):
    def step():
        yield Progress("One", 0, 2)
        yield Progress("Two", 1, 2)
        return threading.get_ident()

    seen, threads, results = [], [], []
    work.progressed.connect(seen.append)
    work.progressed.connect(lambda _: threads.append(threading.get_ident()))
    with qtbot.waitSignal(work.finished):
        work.start(step(), results.append)
        assert work.busy
        with pytest.raises(WorkerBusyError):
            work.start(step(), results.append)
    assert [news.stage for news in seen] == ["One", "Two"]
    assert set(threads) == {threading.get_ident()}
    assert len(results) == 1
    assert results[0] != threading.get_ident()
    assert not work.busy


def test_messages_are_shown(work, qtbot, notifications):
    def step():
        yield Progress("One", message="Memory ran out; going on with the CPU.")

    with qtbot.waitSignal(work.finished):
        work.start(step(), print)
    assert notifications == ["Memory ran out; going on with the CPU."]


def test_cancel_gives_no_result_and_closes_the_step(work, qtbot):
    def step():
        try:
            while True:
                yield Progress("On and on")
        finally:
            ended.append(True)

    results, ended = [], []
    with qtbot.waitSignal(work.progressed):
        work.start(step(), results.append)
    with qtbot.waitSignal(work.finished):
        work.cancel()
    assert results == []
    assert ended == [True]
    assert not work.busy


def test_input_error_is_a_sentence(work, qtbot, notifications):
    def step():
        yield Progress("One")
        raise InputError("Choose another file.")

    with qtbot.waitSignal(work.finished):
        work.start(step(), print)
    assert notifications == ["Choose another file."]


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), KeyError("p_glia")])
def test_other_errors_are_told_and_end_the_work(work, qtbot, notifications, error):
    def step():
        yield Progress("One")
        raise error

    with qtbot.captureExceptions() as caught, qtbot.waitSignal(work.finished):
        work.start(step(), print)
    kind = StepFailedError if isinstance(error, RuntimeError) else KeyError
    assert any(issubclass(error[0], kind) for error in caught) or notifications
    assert not work.busy


def test_deleting_the_owner_cancels(qtbot, qapp):
    def step():
        while True:
            yield Progress("On and on")

    owner = QObject()
    work = Worker(owner)
    work.start(step(), print)
    worker = work._running.worker
    with qtbot.waitSignal(worker.finished):
        owner.deleteLater()


def test_the_latest_step_replaces_the_one_before(work, qtbot):
    def step(k):
        while not released.is_set():
            yield Progress(str(k))
        return k

    released, results = threading.Event(), []
    for k in range(4):
        work.start_latest(step(k), results.append)
    released.set()
    qtbot.waitUntil(lambda: not work.busy)
    assert results == [3]


def test_a_result_that_is_on_its_way_is_dropped_by_cancel(work, qtbot):
    def step():
        yield Progress("One")
        release.wait(5)
        ended.set()
        return "old"

    release, ended, results = threading.Event(), threading.Event(), []
    with qtbot.waitSignal(work.progressed):
        work.start(step(), results.append)
    release.set()
    assert ended.wait(5)
    # the thread has the result, the window has not received it yet
    work.cancel()
    qtbot.waitUntil(lambda: not work.busy)
    assert results == []
