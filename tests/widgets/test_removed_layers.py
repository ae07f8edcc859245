"""A removed layer is gone: nothing refers to it, and its events reach nobody."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from driving import run, run_into_study, wait_until_idle
from napari.layers import Image
from qtpy.compat import isalive
from qtpy.QtCore import QObject

from napari_cellid.widgets._shared.connections import LayerConnections
from napari_cellid.widgets.agreement.widget import AgreementWidget
from napari_cellid.widgets.annotate.widget import AnnotateWidget
from napari_cellid.widgets.gallery.widget import GalleryWidget
from napari_cellid.widgets.identify.widget import IdentifyWidget
from napari_cellid.widgets.retrain.widget import RetrainWidget
from napari_cellid.widgets.session.session import session_of

DOCKS = (
    IdentifyWidget, AnnotateWidget, GalleryWidget, AgreementWidget, RetrainWidget,
)  # fmt: skip


def callbacks_of(layer):
    """Callbacks at events of a layer that belong to this package."""
    receivers = []
    for emitter in layer.events.emitters.values():
        for callback in emitter.callbacks:
            receiver = callback[0]() if isinstance(callback, tuple) else callback
            if type(receiver).__module__.startswith("napari_cellid"):
                receivers.append(receiver)
    return receivers


def alive(references, qtbot, viewer=None):
    if viewer is not None:
        # napari itself remembers the layer that was selected last
        viewer.layers.selection._current = None
    qtbot.wait(10)
    gc.collect()
    return [reference() for reference in references if reference() is not None]


def test_events_of_a_removed_layer_reach_nobody(viewer, channels, dock, qtbot):
    layer = run(qtbot, dock)
    layers = [*channels, layer]
    assert all(callbacks_of(layer) for layer in layers)
    for layer in layers:
        viewer.layers.remove(layer)
        assert callbacks_of(layer) == []
    wait_until_idle(qtbot, dock)
    # a layer that comes back is followed again
    viewer.layers.append(channels[0])
    assert callbacks_of(channels[0])
    assert dock.panel.channels.boxes["red"].currentData() is channels[0]


def test_nothing_refers_to_removed_layers_of_identify(
    viewer, field, dock, annotate, qtbot
):
    for name, image, colour in (
        ("a17 mCherry", field.red, "red"), ("a17 GCaMP", field.green, "green"),
    ):  # fmt: skip
        viewer.add_image(image, name=name, colormap=colour, scale=(15, 1.17, 1.17))
    run_into_study(qtbot, dock)
    wait_until_idle(qtbot, dock)
    references = [weakref.ref(layer) for layer in viewer.layers]
    assert len(references) > 4
    annotate.session.close_study()
    viewer.layers.clear()
    wait_until_idle(qtbot, dock)
    assert alive(references, qtbot, viewer) == []


def test_nothing_refers_to_the_layers_of_a_closed_study(viewer, annotate, qtbot):
    annotate.session.set_blind(False)
    annotate.step(1)
    references = [weakref.ref(layer) for layer in viewer.layers]
    assert len(references) == 4
    annotate.session.close_study()
    assert len(viewer.layers) == 0
    assert alive(references, qtbot, viewer) == []


@pytest.mark.parametrize("kind", DOCKS)
def test_nothing_refers_to_a_deleted_dock(viewer, channels, lab, qtbot, kind):
    session_of(viewer).open_study(lab.path)
    widget = kind(viewer)
    qtbot.addWidget(widget)
    widget.show()
    qtbot.wait(300)
    reference = weakref.ref(widget)
    widget.deleteLater()
    qtbot.waitUntil(lambda: not isalive(reference()))
    del widget
    assert alive([reference], qtbot) == []
    session_of(viewer).close_study()


def test_connections_end_with_their_owner(viewer, qtbot):
    owner, seen = QObject(), []
    layer = Image(np.zeros((4, 4)))
    viewer.add_layer(layer)
    connections = LayerConnections(viewer.layers, owner)
    connections.connect(layer, "name scale", seen.append)
    layer.name = "one"
    assert len(seen) == 1
    with qtbot.waitSignal(owner.destroyed):
        owner.deleteLater()
    layer.name = "two"
    assert len(seen) == 1
