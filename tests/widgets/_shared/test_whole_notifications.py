"""A toast of napari shows the whole sentence, and stays until it can be read."""

from __future__ import annotations

from typing import Any

import pytest
from napari._qt.dialogs.qt_notification import NapariQtNotification
from napari.utils import notifications
from qtpy.QtWidgets import QLabel, QWidget

from napari_cellid.widgets._shared.notifications import show_error, show_info

LONG = (
    "In m1.tif there is one channel, but two are needed; choose the file of the other "
    "channel, or save both in one file, and open it again. What matters comes last."
)


@pytest.fixture
def window(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> QWidget:
    """A window in which napari shows its toasts."""
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(700, 500)
    window.show()

    def show(message: str) -> None:
        NapariQtNotification(message, "error", parent=window).show()

    monkeypatch.setattr(notifications, "show_error", show)
    monkeypatch.setattr(notifications, "show_info", show)
    return window


def toast_of(window: QWidget) -> Any:
    (toast,) = window.findChildren(NapariQtNotification)
    return toast


def test_a_long_sentence_is_shown_whole(window: QWidget, qtbot: Any) -> None:
    # as in the themes of napari, where the margins of a label take room
    window.setStyleSheet("QLabel { padding: 3px 12px; }")
    show_error(LONG)
    toast = toast_of(window)
    label = toast.message
    assert label.height() < label.sizeHint().height()
    qtbot.waitUntil(lambda: toast.property("expanded"), timeout=10_000)
    qtbot.waitUntil(lambda: toast.height() >= toast.sizeHint().height())
    # all its lines, none of them cut
    qtbot.waitUntil(lambda: QLabel.text(label).endswith("comes last."))
    whole = QLabel(LONG, label.parentWidget())
    whole.setWordWrap(True)
    whole.ensurePolished()
    assert label.height() >= whole.heightForWidth(label.width())
    assert window.rect().contains(toast.geometry())
    assert toast.timer.interval() > 8000
    toast.close()


def test_a_short_one_stays_small(window: QWidget, qtbot: Any) -> None:
    show_info("Saved.")
    toast = toast_of(window)
    qtbot.wait(600)
    assert not toast.property("expanded")
    toast.close()
