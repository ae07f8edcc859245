"""Outlines are on the screen while classes are being predicted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from driving import click, run, wait_until_idle

from napari_cellid.classification.patch import PatchClassifier
from napari_cellid.widgets.session.result_layer import is_output_layer, result_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_cellid.progress import Step
    from napari_cellid.widgets.identify.widget import IdentifyWidget


@pytest.fixture
def held(monkeypatch: Any) -> Iterator[threading.Event]:
    """Classes are predicted only once this is set."""
    go_on, classify = threading.Event(), PatchClassifier.classify

    def classify_later(self: Any, *given: Any) -> Step[Any]:
        while not go_on.wait(0.01):
            from napari_cellid.progress import Progress

            yield Progress("Classifying cells", 1, 4)
        return (yield from classify(self, *given))

    monkeypatch.setattr(PatchClassifier, "classify", classify_later)
    yield go_on
    go_on.set()


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers if is_output_layer(layer)]


def test_outlines_come_first_and_give_way(
    viewer: Any, channels: Any, dock: IdentifyWidget, held: Any, qtbot: Any
) -> None:
    click(dock.panel.run_button)
    qtbot.waitUntil(lambda: "a17 outlines" in names(viewer), timeout=60000)
    outlines = viewer.layers["a17 outlines"]
    assert outlines.visible
    assert outlines.data.max() > 5
    assert tuple(outlines.scale) == tuple(channels[0].scale)
    assert dock.worker.busy
    held.set()
    wait_until_idle(qtbot, dock)
    assert "a17 outlines" not in names(viewer)
    cells = viewer.layers["a17 cells"]
    assert np.array_equal(cells.data, outlines.data)
    assert set(cells.features["predicted"]) - {"none"}


def test_cancelling_leaves_what_was_there(
    viewer: Any,
    channels: Any,
    dock: IdentifyWidget,
    held: threading.Event,
    qtbot: Any,
) -> None:
    held.set()
    run(qtbot, dock)
    earlier = viewer.layers["a17 cells"]
    held.clear()
    click(dock.panel.run_button)
    qtbot.waitUntil(lambda: "a17 outlines" in names(viewer), timeout=60000)
    assert not earlier.visible
    click(dock.panel.run_button)
    held.set()
    wait_until_idle(qtbot, dock)
    assert "a17 outlines" not in names(viewer)
    assert earlier.visible
    assert result_of(earlier) is not None


def test_the_bar_shows_the_whole_and_never_goes_back(
    viewer: Any, channels: Any, dock: IdentifyWidget, qtbot: Any
) -> None:
    shares: list[float | None] = []
    dock.worker.progressed.connect(lambda progress: shares.append(progress.whole))
    run(qtbot, dock)
    assert None not in shares
    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert shares[-1] > 0.9
