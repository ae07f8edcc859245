"""The Identify dock says the bleed-through, and painted cells get the correction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from driving import run, wait_until_idle

from napari_cellid.widgets.session.result_layer import result_of


def test_the_estimate_is_shown_beside_the_cells(viewer, channels, dock, qtbot):
    result = result_of(run(qtbot, dock))
    label = dock.panel._bleed
    assert label.text() == result.run_result.run["bleed_through"]["text"]
    assert label.text().startswith("Bleed-through of green into red: ")
    assert label.wordWrap() and not label.isHidden()


def test_painted_cells_are_classified_with_the_correction_of_the_run(
    viewer, channels, dock, qtbot, monkeypatch
):
    dock.panel.classify.setValue({"bleed_through": 0.5})
    layer = run(qtbot, dock)
    result = result_of(layer)
    assert result.run_result.planes.bleed_through == 0.5
    seen = []
    classifier = result.classifier
    classify = type(classifier).classify

    def spy(self, planes, *rest):
        seen.append(planes.bleed_through)
        return classify(self, planes, *rest)

    monkeypatch.setattr(type(classifier), "classify", spy)
    # the form counts for the next run only
    dock.panel.classify.setValue({"bleed_through": "off"})
    cell = int(np.unique(layer.data)[1])
    plane, y, x = np.argwhere(layer.data == cell)[0]
    layer.paint((plane, y, x), 0)
    layer.fill((0, 2, 2), int(layer.data.max()) + 1)
    wait_until_idle(qtbot, dock)
    assert seen and set(seen) == {0.5}
    assert replace(result.run_result.planes, bleed_through=0.0).has_images_of(
        result.run_result.planes
    )
