"""Another recording is opened or identified while a study is open."""

from __future__ import annotations

import numpy as np
import pytest
from annotating import cells_of, identify_result, press, show_result
from napari.layers import Image
from qtpy.QtCore import Qt

from napari_cellid.config import IdentifyConfig
from napari_cellid.segmentation.outline_edits import initial_cells
from napari_cellid.widgets._shared.channels import Channels, result_transform
from napari_cellid.widgets.identify.channel_selector import ChannelSelector
from napari_cellid.widgets.session.result_layer import ShownResult, result_of
from napari_cellid.widgets.session.show_result import add_result

RIGHT = Qt.Key.Key_Right
OPENED = ["m9 red", "m9 green"]


def visible(viewer):
    return [layer.name for layer in viewer.layers if layer.visible]


def open_images(viewer, shape=(90, 110)):
    """Add images as napari opens a file that says no pixel size."""
    rng = np.random.default_rng(0)
    for name in OPENED:
        viewer.add_image(rng.random(shape, np.float32), name=name)


@pytest.fixture
def study_layers(viewer, annotate):
    return [layer.name for layer in viewer.layers]


def test_images_that_are_opened_are_not_drawn_over_the_study(
    viewer, annotate, study_layers
):
    open_images(viewer)
    assert visible(viewer) == OPENED
    # the next cell shows the study again, and the images of the others stay there
    press(annotate, RIGHT)
    assert visible(viewer) == study_layers
    press(annotate, Qt.Key.Key_E)
    assert visible(viewer) == study_layers
    annotate.session.close_study()
    assert visible(viewer) == OPENED


def test_the_camera_shows_what_was_opened_and_then_the_cell(viewer, annotate):
    camera = viewer.camera
    zoom = camera.zoom
    open_images(viewer, (300, 400))
    np.testing.assert_allclose(camera.center[-2:], (149.5, 199.5), atol=1)
    press(annotate, RIGHT)
    cell = annotate.session.row(annotate.session.cell)
    size = annotate.session.planes.pixel_size_um
    assert camera.zoom == zoom
    np.testing.assert_allclose(
        camera.center[-2:], np.array([cell["y"], cell["x"]]) * size, atol=1
    )


def test_layers_without_a_pixel_size_do_not_make_units_inconsistent(viewer, annotate):
    open_images(viewer)
    assert viewer.layers.extent.units is not None
    press(annotate, RIGHT)
    assert viewer.layers.extent.units is not None
    for name in OPENED:
        viewer.layers.remove(name)
    assert str(viewer.layers[0].units[-1]) == "micrometer"


def test_a_result_of_another_recording_is_shown_alone(viewer, annotate, lab):
    annotate.panel.blind.setChecked(True)
    result = show_result(viewer, identify_result(lab, "b2"))
    assert visible(viewer) == ["raw red", "raw green", "b2 cells"]
    press(annotate, RIGHT)
    assert result.layer_ref().visible is False
    assert annotate.session.blind
    # a blind annotator does not find the predictions in napari's table either
    assert list(result.layer_ref().features) == ["index", "label"]


def test_a_result_of_the_studys_own_images_lies_on_them(viewer, annotate, lab):
    own = [layer for layer in viewer.layers if isinstance(layer, Image)]
    identified = identify_result(lab, "a1")
    labelled = initial_cells(identified.labels, identified.cells)
    result = ShownResult(identified, labelled, IdentifyConfig(), None)
    channels = Channels(own[0], own[1], "planes", 1.17)
    layer = add_result(viewer, result, channels, result_transform(channels))
    assert visible(viewer) == [own[0].name, own[1].name, layer.name]
    annotate.session.go_to(cells_of(annotate.session)[0])
    assert not layer.visible
    assert result_of(layer) is result


def test_a_hidden_layer_that_is_added_changes_nothing(viewer, annotate, study_layers):
    viewer.add_image(np.zeros((9, 9)), visible=False)
    viewer.add_points([[3, 3]], ndim=2)
    assert visible(viewer)[: len(study_layers)] == study_layers


def test_the_channels_of_identify_do_not_follow_the_study(viewer, annotate, qtbot):
    channels = ChannelSelector(viewer)
    qtbot.addWidget(channels)
    assert channels.value().red.name == "a1 red"
    open_images(viewer)
    channels.refresh()
    assert [channels.value().red.name, channels.value().green.name] == OPENED
    annotate.session.go_to(cells_of(annotate.session, "b2")[0])
    channels.refresh()
    assert [channels.value().red.name, channels.value().green.name] == OPENED
    box = channels.boxes["red"]
    assert [box.itemText(k) for k in range(box.count())] == ["none", *OPENED]
