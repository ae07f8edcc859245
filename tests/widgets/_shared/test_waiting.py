"""Slow work that a call needs, in a window that stays alive."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel, QLineEdit, QMainWindow

from napari_cellid.errors import InputError
from napari_cellid.progress import Progress
from napari_cellid.widgets._shared.waiting import SIGN_NAME, wait_for, wait_for_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_cellid.progress import Step


@pytest.fixture
def window(qtbot: Any) -> Iterator[QMainWindow]:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(400, 300)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.close()


def sign_of(window: QMainWindow) -> QLabel | None:
    return window.findChild(QLabel, SIGN_NAME)


def test_the_event_loop_runs_meanwhile(window: QMainWindow) -> None:
    beats: list[float] = []
    timer = QTimer(interval=10)
    timer.timeout.connect(lambda: beats.append(time.perf_counter()))
    timer.start()
    threads = []

    def work() -> int:
        threads.append(threading.current_thread())
        time.sleep(0.3)
        return 7

    assert wait_for(work, "Working…") == 7
    timer.stop()
    assert threads != [threading.main_thread()]
    assert len(beats) > 5


def test_a_sign_says_what_is_done_and_goes(window: QMainWindow) -> None:
    seen: list[tuple[str, bool]] = []

    def look() -> None:
        sign = sign_of(window)
        assert sign is not None
        seen.append((sign.text(), sign.isVisible()))
        # in the middle of the window, inside it
        assert window.rect().contains(sign.geometry())
        assert (sign.geometry().center() - window.rect().center()).manhattanLength() < 4

    def work() -> Step[None]:
        yield Progress("Simulating planes", 2, 3)
        time.sleep(0.4)

    QTimer.singleShot(300, look)
    wait_for_step(work(), "Simulating…")
    assert seen == [("Simulating planes 2 of 3", True)]
    QApplication.processEvents()
    sign = sign_of(window)
    assert sign is None or not sign.isVisible()


def test_short_work_has_no_sign(window: QMainWindow) -> None:
    shown: list[bool] = []

    def look() -> None:
        sign = sign_of(window)
        shown.append(sign is not None and sign.isVisible())

    QTimer.singleShot(30, look)
    wait_for(lambda: time.sleep(0.06), "Working…")
    assert shown == [False]


def test_a_sign_can_be_there_before_the_work(window: QMainWindow) -> None:
    visible: list[bool] = []

    def work() -> None:
        sign = sign_of(window)
        visible.append(sign is not None and sign.isVisible())

    wait_for(work, "Importing…", at_once=True)
    assert visible == [True]


def test_an_error_arrives_where_the_result_would(window: QMainWindow) -> None:
    def work() -> None:
        raise InputError("no such folder")

    with pytest.raises(InputError, match="no such folder"):
        wait_for(work, "Reading…")
    assert QApplication.overrideCursor() is None


def test_it_works_in_any_thread(qapp: Any) -> None:
    results = []
    worker = threading.Thread(
        target=lambda: results.append(wait_for(lambda: 3, "Reading…"))
    )
    worker.start()
    worker.join()
    assert results == [3]


def test_what_is_typed_afterwards_arrives(window: QMainWindow) -> None:
    line = QLineEdit()
    window.setCentralWidget(line)
    wait_for(lambda: time.sleep(0.05), "Reading…")
    QTest.keyClick(line, Qt.Key.Key_A)
    assert line.text() == "a"
