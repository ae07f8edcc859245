"""Files of two channels that napari opened as one layer, and channels that change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from driving import click
from napari.layers._source import layer_source
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_cellid.widgets._shared.channels import recording_from_layers
from napari_cellid.widgets.identify.channel_selector import ChannelSelector
from napari_cellid.widgets.identify.layer_combo import LayerCombo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UM = 0.8
IMAGEJ = {"imagej": True, "resolution": (1 / UM, 1 / UM)}
SIZES = {
    "PhysicalSizeX": UM,
    "PhysicalSizeY": UM,
    "PhysicalSizeXUnit": "µm",
    "PhysicalSizeYUnit": "µm",
}


def numbered(*lead: int) -> Any:
    """Images (…, y, x), each of one value of its own and one pixel of 0."""
    count = int(np.prod(lead))
    images = np.arange(1, count + 1).reshape(*lead, 1, 1) * np.ones((40, 50))
    images[..., 0, 0] = 0
    return images.astype(np.uint16)


def open_as_napari(viewer: Any, path: Path, data: Any) -> Any:
    """Add the pixels of a file as napari's own reader does, which drops the rest."""
    with layer_source(path=str(path), reader_plugin="napari"):
        return viewer.add_image(data, name=path.stem)


def write_cyx(folder: Path) -> tuple[Path, Any]:
    data, path = numbered(2), folder / "m1.tif"
    tifffile.imwrite(path, data, metadata={"axes": "CYX", "unit": "um"}, **IMAGEJ)
    return path, data


def write_tcyx(folder: Path) -> tuple[Path, Any]:
    data, path = numbered(5, 2), folder / "m2.tif"
    tifffile.imwrite(path, data, metadata={"axes": "TCYX", "unit": "um"}, **IMAGEJ)
    return path, data


def write_zcyx(folder: Path) -> tuple[Path, Any]:
    data, path = numbered(3, 2), folder / "m3.ome.tif"
    names = {"Name": ["mCherry", "GCaMP"]}
    metadata = {"axes": "ZCYX", "Channel": names, **SIZES}
    tifffile.imwrite(path, data, ome=True, metadata=metadata)
    return path, data


def write_folder(folder: Path) -> tuple[Path, Any]:
    data, path = numbered(2), folder / "m4"
    path.mkdir()
    # as napari sorts them
    for name, image in zip(("green", "red"), data, strict=True):
        file = path / f"{name}.tif"
        tifffile.imwrite(file, image, metadata={"unit": "um"}, **IMAGEJ)
    return path, data


@pytest.fixture
def selector(viewer: Any, qtbot: Any) -> ChannelSelector:
    widget = ChannelSelector(viewer)
    qtbot.addWidget(widget)
    for emitter in (viewer.layers.events.inserted, viewer.layers.events.removed):
        emitter.connect(widget.refresh)
    widget.show()
    return widget


@pytest.mark.parametrize(
    ("write", "red", "shape", "first_axis"),
    [
        (write_zcyx, 0, (1, 3), "planes"),
        (write_folder, 1, (1, 1), None),
    ],
)
def test_one_click_splits_channels_that_are_named(
    viewer: Any,
    selector: ChannelSelector,
    tmp_path: Path,
    write: Callable[[Path], tuple[Path, Any]],
    red: int,
    shape: tuple[int, int],
    first_axis: str | None,
) -> None:
    path, data = write(tmp_path)
    open_as_napari(viewer, path, data)
    assert selector.pixel_size.spin.value() == pytest.approx(UM)
    click(selector.split.button)
    value = selector.value()
    assert value.red is not None and value.green is not None
    channel = data[:, red] if shape[1] > 1 else data[red]
    np.testing.assert_array_equal(np.asarray(value.red.data), channel)
    assert (value.red.colormap.name, value.green.colormap.name) == ("red", "green")
    assert value.first_axis == first_axis
    assert value.pixel_size_um == pytest.approx(UM)
    recording = recording_from_layers(value)
    assert recording.red is not None and recording.red.shape[:2] == shape
    assert len(viewer.layers) == 2
    assert not selector.split.isVisible()


@pytest.mark.parametrize("write", [write_cyx, write_tcyx])
def test_channels_without_names_are_split_and_chosen(
    viewer: Any,
    selector: ChannelSelector,
    tmp_path: Path,
    write: Callable[[Path], tuple[Path, Any]],
    notifications: list[str],
) -> None:
    path, data = write(tmp_path)
    open_as_napari(viewer, path, data)
    assert "holds 2 channels" in selector.split.line.text()
    # neither planes nor time is assumed of an axis that holds the channels
    assert selector.value().first_axis is None
    click(selector.split.button)
    assert "Choose which one is red" in notifications[-1]
    stem = path.stem
    names = [f"{stem} channel 1", f"{stem} channel 2"]
    assert [layer.name for layer in viewer.layers] == names
    # as a user does: the second layer of the list, then the first
    QTest.keyClick(selector.boxes["red"], Qt.Key.Key_Home)
    QTest.keyClick(selector.boxes["red"], Qt.Key.Key_Down)
    QTest.keyClick(selector.boxes["green"], Qt.Key.Key_End)
    value = selector.value()
    assert value.red is viewer.layers[0] and value.green is viewer.layers[1]
    assert [layer.colormap.name for layer in viewer.layers] == ["red", "green"]
    assert value.pixel_size_um == pytest.approx(UM)
    np.testing.assert_array_equal(
        np.asarray(viewer.layers[1].data), data[1] if data.ndim == 3 else data[:, 1]
    )


def test_a_file_that_does_not_say_it_is_offered_too(
    viewer: Any, selector: ChannelSelector, tmp_path: Path
) -> None:
    path = tmp_path / "plain.tif"
    tifffile.imwrite(path, numbered(2))
    open_as_napari(viewer, path, numbered(2))
    assert "may be its channels" in selector.split.line.text()
    click(selector.split.button)
    assert len(viewer.layers) == 2
    assert selector.value().pixel_size_um is None


def test_a_changed_layer_is_not_read_from_its_file(
    viewer: Any, selector: ChannelSelector, tmp_path: Path
) -> None:
    path, _ = write_tcyx(tmp_path)
    open_as_napari(viewer, path, numbered(7))
    assert not selector.split.isVisible()
    # the size of a pixel is that of the file still
    assert selector.value().pixel_size_um == pytest.approx(UM)


def test_choices_stay_when_the_dock_is_opened_again(viewer: Any, qtbot: Any) -> None:
    layers = [viewer.add_image(numbered(1)[0], name=name) for name in ("red", "green")]
    first = ChannelSelector(viewer)
    qtbot.addWidget(first)
    first.show()
    assert [layer.colormap.name for layer in layers] == ["red", "green"]
    first.pixel_size.spin.setValue(0.9)
    click(first.swap_button)
    assert [layer.colormap.name for layer in layers] == ["green", "red"]
    # the pixel size is for these layers, whichever is red
    assert first.value().pixel_size_um == pytest.approx(0.9)
    first.close()
    first.deleteLater()
    again = ChannelSelector(viewer)
    qtbot.addWidget(again)
    value = again.value()
    assert (value.red, value.green) == (layers[1], layers[0])
    assert value.pixel_size_um == pytest.approx(0.9)
    assert value.pixel_size_source == "given"
    assert [layer.colormap.name for layer in layers] == ["green", "red"]


def test_a_colour_that_somebody_chose_stays(viewer: Any, qtbot: Any) -> None:
    red = viewer.add_image(numbered(1)[0], name="red", colormap="magenta")
    viewer.add_image(numbered(1)[0], name="green")
    qtbot.addWidget(ChannelSelector(viewer))
    assert red.colormap.name == "magenta"


def test_names_are_cut_where_they_are_alike(viewer: Any, qtbot: Any) -> None:
    start = "animal_0042_session_2024_11_03_field_07_registered_"
    layers = [viewer.add_image(numbered(1)[0], name=f"{start}{k}") for k in "ab"]
    combo = LayerCombo()
    qtbot.addWidget(combo)
    combo.set_layers(layers, layers[1])
    combo.resize(160, 30)
    combo.show()
    assert combo.shown_text().endswith("_b")
    assert combo.shown_text() != layers[1].name
    viewer.layers[0].name = "other"
    combo.set_layers(layers, layers[1])
    assert combo.shown_text().startswith("ani")
