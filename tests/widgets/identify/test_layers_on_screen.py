"""Identify in a real viewer: cells lie on what the screen shows, or one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from driving import click, run
from napari.layers._source import layer_source

from napari_cellid.widgets._shared.channels import recording_from_layers
from napari_cellid.widgets.identify.channel_selector import ChannelSelector
from napari_cellid.widgets.session.result_layer import result_of

if TYPE_CHECKING:
    pass

PX = 1.17
SPOTS = ((20, 30), (20, 100), (48, 60), (75, 20), (80, 130))
SWAP = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1.0]])


def blobs(spots: Any = SPOTS, shape: tuple[int, int] = (96, 160)) -> Any:
    """Bright discs of 6 px radius on a dim, noisy ground; no flip looks the same."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = np.random.default_rng(0).normal(100, 3, shape)
    for row, column in spots:
        image[np.hypot(y - row, x - column) < 6] = 1000
    return image.astype(np.float32)


def add(viewer: Any, image: Any, name: str, **attributes: Any) -> Any:
    return viewer.add_image(image, name=name, **{"scale": (PX, PX), **attributes})


def check_on_spots(layer: Any, green: Any, spots: Any) -> None:
    """Each cell covers one bright disc of the green layer, as the screen shows it."""
    cells = layer.features
    assert len(cells) == len(spots)
    seen = set()
    for spot in spots:
        place = green.data_to_world(spot)
        index = tuple(np.round(layer.world_to_data(place)).astype(int))
        label = int(layer.data[index])
        assert label > 0
        seen.add(label)
        row = cells[cells["label"] == label].iloc[0]
        centre = layer.data_to_world((row["y"], row["x"]))
        assert np.hypot(*np.subtract(centre, place)) < PX
    assert len(seen) == len(spots)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"translate": (400, -250)},
        {"scale": (-PX, PX)},
        {"scale": (PX, -PX), "translate": (10, 20)},
        {"scale": (-PX, -PX)},
        {"rotate": 90},
        {"affine": SWAP},
        {"affine": np.diag([2, 2, 1.0]), "scale": (PX / 2, PX / 2)},
    ],
)
def test_cells_lie_on_the_green_layer(viewer, dock, qtbot, attributes):
    green = add(viewer, blobs(), "GCaMP", **attributes)
    assert dock.panel.channels.value().pixel_size_um == pytest.approx(PX)
    layer = run(qtbot, dock)
    check_on_spots(layer, green, SPOTS)
    probability = viewer.layers[f"{result_of(layer).name} cell probability"]
    assert probability.data_to_world((3, 5)) == layer.data_to_world((3, 5))


@pytest.mark.parametrize(
    ("array", "attributes"),
    [
        (lambda a: np.roll(a, -8, 1), {"translate": (0, 8 * PX)}),
        (lambda a: a[::-1], {"scale": (-PX, PX), "translate": (95 * PX, 0)}),
        (
            lambda a: np.kron(a, np.ones((2, 2))),
            {"scale": (PX / 2, PX / 2), "translate": (-PX / 4, -PX / 4)},
        ),
        (lambda a: a.T, {"affine": SWAP}),
        (lambda a: a[::-1, ::-1], {"rotate": 180, "translate": (95 * PX, 159 * PX)}),
    ],
)
def test_red_is_measured_where_it_is_seen(viewer, dock, qtbot, array, attributes):
    """Only two of the green cells are red, whatever the order of red's pixels."""
    image = np.ascontiguousarray(array(blobs(SPOTS[1:3])))
    add(viewer, image, "mCherry", **attributes)
    green = add(viewer, blobs(), "GCaMP")
    layer = run(qtbot, dock)
    check_on_spots(layer, green, SPOTS)
    planes = result_of(layer).run_result.planes
    red = [planes.red[0, row, column] for row, column in SPOTS]
    assert [value > 800 for value in red] == [False, True, True, False, False]
    notes = " ".join(result_of(layer).run_result.notes)
    assert "'mCherry' lies otherwise than 'GCaMP'" in notes
    assert "lies otherwise" in dock.panel._notes.text()


@pytest.mark.parametrize(
    ("red", "green", "message"),
    [
        ({}, {"rotate": 20}, "turned or sheared"),
        ({}, {"shear": [0.3]}, "turned or sheared"),
        ({}, {"scale": (PX, 2 * PX)}, "square"),
        ({"translate": (60, 0)}, {}, "covers"),
        ({"rotate": 90}, {}, "covers"),
        ({"scale": (1, 1), "units": ("um", "um")}, {}, "nobody can tell"),
    ],
)
def test_what_cannot_be_read_as_it_lies_is_refused(
    viewer, dock, qtbot, notifications, red, green, message
):
    add(viewer, blobs(), "mCherry", **red)
    add(viewer, blobs(), "GCaMP", **green)
    dock.panel.channels.pixel_size.spin.setValue(PX)
    click(dock.panel.run_button)
    assert not dock.worker.busy
    (said,) = notifications
    assert message in said
    assert len(viewer.layers) == 2


def test_layers_moved_during_a_run_do_not_move_the_result(viewer, dock, qtbot):
    green = add(viewer, blobs(), "GCaMP", translate=(50, 60))
    click(dock.panel.run_button)
    green.translate = (0, 0)
    qtbot.waitUntil(lambda: dock.current.layer is not None, timeout=60_000)
    np.testing.assert_allclose(dock.current.layer.translate, (50, 60))


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_another_pair_of_axes_on_the_screen_is_refused(
    viewer, dock, notifications, order
):
    stack = np.stack([blobs()] * 5)
    viewer.add_image(stack, name="GCaMP", scale=(15, PX, PX))
    viewer.dims.order = order
    click(dock.panel.run_button)
    assert not dock.worker.busy
    assert "roll the axes back" in notifications[-1]


def test_rows_and_columns_may_be_swapped_on_the_screen(viewer, dock, qtbot):
    green = viewer.add_image(blobs()[None], name="GCaMP", scale=(15, PX, PX))
    viewer.dims.order = (0, 2, 1)
    layer = run(qtbot, dock)
    for row, column in SPOTS:
        place = green.data_to_world((0, row, column))
        assert layer.data[tuple(np.round(layer.world_to_data(place)).astype(int))] > 0


def hyperstack(axes: str) -> Any:
    """Channel 1 is 1000 s, plane k adds 100 k, time point k adds 10 k."""
    lengths = {"T": 6, "Z": 3, "C": 2}
    index = np.indices([lengths[axis] for axis in axes])
    steps = {"T": 10, "Z": 100, "C": 1000}
    value = sum(steps[axis] * part for axis, part in zip(axes, index, strict=True))
    return (value[..., None, None] + np.zeros((40, 50))).astype(np.float32)


@pytest.mark.parametrize(
    "axes", ["C", "ZC", "CZ", "TC", "CT", "TZC", "ZTC", "TCZ", "CTZ"]
)
@pytest.mark.parametrize("named", [False, True])
def test_unsplit_channels_are_never_read(viewer, dock, notifications, axes, named):
    stack = hyperstack(axes)
    labels = (*axes.lower(), "y", "x") if named else None
    viewer.add_image(
        stack, name="both", scale=(1,) * len(axes) + (PX, PX), axis_labels=labels
    )
    selector = dock.panel.channels
    assert selector.value().green is not None
    click(dock.panel.run_button)
    assert not dock.worker.busy
    (said,) = notifications
    assert "channels" in said
    # what the sentence advises works
    box = selector.axes.first if axes == "C" else selector.axes.leading
    assert box.isVisibleTo(selector)
    axis = axes.index("C")
    item = box.findData("channels" if axes == "C" else axis)
    box.setCurrentIndex(item)
    box.activated.emit(item)
    parts = list(viewer.layers)
    assert [part.name for part in parts] == ["both channel 1", "both channel 2"]
    for channel, part in enumerate(parts):
        np.testing.assert_array_equal(part.data, stack.take(channel, axis))
        np.testing.assert_allclose(part.scale[-2:], PX)
    assert "Choose which one is red" in notifications[-1]
    assert (selector.value().red, selector.value().green) == (None, None)


def test_channels_that_were_split_know_their_file(viewer, qtbot, tmp_path):
    path = str(tmp_path / "m1 day2.tif")
    # as napari does when it opens a file
    with layer_source(path=path):
        viewer.add_image(hyperstack("ZC"), name="m1 day2")
    selector = ChannelSelector(viewer)
    qtbot.addWidget(selector)
    box = selector.axes.leading
    box.setCurrentIndex(box.findData(1))
    box.activated.emit(box.findData(1))
    for colour, layer in zip(("green", "red"), viewer.layers, strict=True):
        selector.choose(colour, layer)
    recording = recording_from_layers(selector.value())
    assert recording.sources == (path,)
    assert recording.name == "m1 day2"
    assert recording.red.compute()[0, 2, 0, 0] == 1200
    assert recording.green.compute()[0, 2, 0, 0] == 200


@pytest.mark.parametrize("count", [2, 3, 4])
def test_few_planes_over_time_are_read_after_a_word(viewer, qtbot, count):
    movie = np.arange(7 * count)[:, None, None] * np.ones((40, 50))
    movie = movie.reshape(7, count, 40, 50).astype(np.float32)
    viewer.add_image(movie, name="GCaMP")
    selector = ChannelSelector(viewer)
    qtbot.addWidget(selector)
    assert not selector.value().axes_known
    box = selector.axes.leading
    box.setCurrentIndex(0)
    box.activated.emit(0)
    recording = recording_from_layers(selector.value())
    np.testing.assert_array_equal(recording.green.compute(), movie)


@pytest.mark.parametrize(
    ("shape", "attributes"),
    [
        ((7, 3), {"axis_labels": ("t", "z", "y", "x")}),
        ((7, 3), {"scale": (1, 15, PX, PX)}),
        ((30, 9), {}),
    ],
)
def test_axes_that_are_certain_are_not_asked_about(viewer, qtbot, shape, attributes):
    movie = np.zeros((*shape, 40, 50), np.float32)
    viewer.add_image(movie, name="GCaMP", **attributes)
    selector = ChannelSelector(viewer)
    qtbot.addWidget(selector)
    assert recording_from_layers(selector.value()).green.shape == movie.shape


@pytest.mark.parametrize(
    "labels", [("z", "t", "y", "x"), ("t", "y", "x", "z"), ("y", "x", "t", "z")]
)
def test_axes_named_in_another_order_are_refused(viewer, dock, notifications, labels):
    viewer.add_image(
        np.zeros((6, 40, 41, 42), np.float32),
        name="GCaMP",
        axis_labels=labels,
        scale=(1, 1, PX, PX),
    )
    click(dock.panel.run_button)
    assert not dock.worker.busy
    assert "is the order that is read" in notifications[-1]


def test_many_images_are_no_channels(viewer, qtbot, notifications):
    layer = viewer.add_image(np.zeros((60, 40, 50)), name="GCaMP")
    selector = ChannelSelector(viewer)
    qtbot.addWidget(selector)
    box = selector.axes.first
    item = box.findData("channels")
    box.setCurrentIndex(item)
    box.activated.emit(item)
    assert list(viewer.layers) == [layer]
    assert "60 images" in notifications[-1]


def test_stacks_of_two_channels_are_not_asked_about(viewer, qtbot):
    for name in ("mCherry", "GCaMP"):
        viewer.add_image(np.zeros((2, 40, 50)), name=name)
    selector = ChannelSelector(viewer)
    qtbot.addWidget(selector)
    assert selector.value().first_axis == "planes"
    viewer.layers["mCherry"].data = np.zeros((40, 50))
    selector.refresh()
    selector.choose("red", viewer.layers["mCherry"])
    assert selector.value().first_axis is None
