"""A result gives way only to one of the same images, and not with a person's work."""

from __future__ import annotations

import numpy as np
import pytest
from driving import run, wait_until_idle

from napari_cellid.widgets.session.result_layer import result_of

PLACE = {"scale": (15, 1.17, 1.17), "units": ("um", "um", "um")}


def choose(viewer, dock, red, green):
    """Open two images, named like those that are open already, as channels."""
    for side, image, name in (("red", red, "mCherry"), ("green", green, "GCaMP")):
        layer = viewer.add_image(image, name=f"other {name}", **PLACE)
        dock.panel.channels.choose(side, layer)
        # recordings are named after their files, where there are any
        layer._source = layer.source.model_copy(update={"path": f"/m2/a17 {name}.tif"})


def results(viewer):
    return [layer for layer in viewer.layers if result_of(layer) is not None]


@pytest.fixture
def second_recording(viewer, channels, dock, qtbot, field):
    """Two results of recordings that are both called a17, the first one first."""
    first = run(qtbot, dock)
    choose(viewer, dock, field.red[:, ::-1].copy(), field.green[:, ::-1].copy())
    return first, run(qtbot, dock)


def test_two_recordings_of_one_name_give_two_layers(viewer, second_recording):
    first, second = second_recording
    assert result_of(first).name == result_of(second).name == "a17"
    assert results(viewer) == [first, second]
    assert [first.name, second.name] == ["a17 cells", "a17 cells [1]"]
    maps = [layer for layer in viewer.layers if "cell probability" in layer.name]
    assert len(maps) == 2


def test_the_same_layers_again_replace_their_own_result(
    viewer, channels, dock, qtbot, second_recording
):
    first, second = second_recording
    again = run(qtbot, dock)
    assert second not in viewer.layers
    assert results(viewer) == [first, again]
    dock.panel.channels.choose("red", channels[0])
    dock.panel.channels.choose("green", channels[1])
    last = run(qtbot, dock)
    assert results(viewer) == [again, last]
    maps = [layer for layer in viewer.layers if "cell probability" in layer.name]
    assert len(maps) == 2


def test_the_same_images_opened_again_replace_the_result(
    viewer, channels, dock, qtbot, field
):
    first = run(qtbot, dock)
    choose(viewer, dock, field.red.copy(), field.green.copy())
    assert result_of(run(qtbot, dock)).name == "a17"
    assert first not in viewer.layers
    assert len(results(viewer)) == 1


def test_other_content_of_the_same_layers_replaces_nothing(
    viewer, channels, dock, qtbot
):
    first = run(qtbot, dock)
    for layer in channels:
        layer.data = layer.data[:, :, ::-1].copy()
    again = run(qtbot, dock)
    assert results(viewer) == [first, again]


def test_a_stroke_painted_just_before_is_not_lost(
    viewer, channels, dock, qtbot, notifications
):
    layer = run(qtbot, dock)
    # at once: nothing has noticed the stroke before the new run
    number = int(layer.data.max()) + 1
    layer.data[0, 2:6, 2:6] = number
    again = run(qtbot, dock)
    assert results(viewer) == [layer, again]
    assert not layer.visible
    assert (np.asarray(layer.data) == number).sum() == 16
    assert "Cells of 'a17 cells' were changed by hand" in notifications[0]
    assert len(notifications) == 1


def test_a_class_changed_in_the_table_is_not_lost(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    features = layer.features.copy()
    features.loc[0, "predicted"] = "mine"
    layer.features = features
    again = run(qtbot, dock)
    assert results(viewer) == [layer, again]
    assert layer.features["predicted"][0] == "mine"


def test_a_hidden_result_is_told_once(viewer, channels, dock, qtbot, notifications):
    layer = run(qtbot, dock)
    layer.fill((0, 2, 2), int(layer.data.max()) + 1)
    wait_until_idle(qtbot, dock)
    run(qtbot, dock)
    last = run(qtbot, dock)
    assert results(viewer) == [layer, last]
    assert len(notifications) == 1
