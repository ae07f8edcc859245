"""Images that are open already are the images of the study: none is there twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import pytest
import tifffile
from annotating import cells_of, identify_result, press, show_result
from driving import click, drop, run, wait_until_idle
from napari.layers import Image, Labels
from qtpy.QtCore import Qt

from napari_cellid.config import IdentifyConfig
from napari_cellid.errors import InputError
from napari_cellid.segmentation.outline_edits import initial_cells
from napari_cellid.study.recordings import IMAGES, write_images
from napari_cellid.widgets._shared.channels import Channels, result_transform
from napari_cellid.widgets.session import study_images
from napari_cellid.widgets.session.result_layer import ShownResult
from napari_cellid.widgets.session.session import session_of
from napari_cellid.widgets.session.show_result import add_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_cellid.study.study import Study
    from napari_cellid.widgets.annotate.widget import AnnotateWidget
    from napari_cellid.widgets.identify.widget import IdentifyWidget
    from napari_cellid.widgets.session.session import StudySession

RIGHT = Qt.Key.Key_Right
SCALE = {"scale": (15, 1.17, 1.17), "units": ("um",) * 3}


@pytest.fixture
def session(viewer: Any) -> Iterator[StudySession]:
    session = session_of(viewer)
    yield session
    session.close_study()


def open_images(viewer: Any, study: Study, name: str = "a1", **how: Any) -> list[Image]:
    """Open the images of a recording as uint16, as a microscope saves them."""
    planes = study.recording(name).planes()
    images = {"red": planes.red, "green": planes.green}
    assert all(np.array_equal(one, np.round(one)) for one in images.values())
    return [
        viewer.add_image(image.astype(np.uint16), name=f"my {colour}", **(how or SCALE))
        for colour, image in images.items()
    ]


@pytest.fixture
def other_images(lab: Study) -> None:
    """The recordings of the study show the same field; make b2 another one."""
    recording = lab.recording("b2")
    planes = recording.planes()
    other = replace(planes, red=planes.red + 1, green=planes.green + 1)
    write_images(recording.folder / IMAGES, other)


def names(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers]


def visible(viewer: Any) -> list[str]:
    return [layer.name for layer in viewer.layers if layer.visible]


def look(layer: Image) -> tuple[Any, ...]:
    limits = tuple(layer.contrast_limits)
    return layer.colormap.name, str(layer.blending), limits, layer.visible


def test_open_images_are_those_of_the_study(
    viewer: Any, lab: Study, session: StudySession
) -> None:
    mine = open_images(viewer, lab)
    before = [look(layer) for layer in mine]
    session.open_study(lab.path)
    session.show_recording("a1")
    session.go_to(cells_of(session)[0])
    assert visible(viewer) == ["my red", "my green", "a1 classes", "current cell"]
    assert len(viewer.layers) == 4
    # shown as channels, although napari opened them grey and over one another
    assert [layer.colormap.name for layer in mine] == ["red", "green"]
    assert all(str(layer.blending) == "additive" for layer in mine)
    session.close_study()
    assert list(viewer.layers) == mine
    assert [look(layer) for layer in mine] == before


def test_what_somebody_sets_in_them_stays(
    viewer: Any, lab: Study, session: StudySession
) -> None:
    red, green = open_images(viewer, lab)
    green.colormap = "cyan"
    session.open_study(lab.path)
    session.show_recording("a1")
    assert green.colormap.name == "cyan"
    red.contrast_limits = (20, 40)
    session.close_study()
    assert red.contrast_limits == [20, 40]
    assert (red.colormap.name, green.colormap.name) == ("gray", "cyan")


@pytest.mark.usefixtures("other_images")
def test_another_recording_has_its_own_images(
    viewer: Any, lab: Study, session: StudySession
) -> None:
    mine = open_images(viewer, lab)
    session.open_study(lab.path)
    for _ in range(2):
        session.show_recording("a1")
        assert names(viewer) == ["my red", "my green", "a1 classes", "current cell"]
        session.show_recording("b2")
        # the images below the outlines
        assert names(viewer) == [
            "my red", "my green", "b2 red", "b2 green", "b2 classes", "current cell",
        ]  # fmt: skip
        assert [layer.visible for layer in mine] == [False, False]
    session.close_study()
    assert visible(viewer) == names(viewer) == ["my red", "my green"]


def test_one_other_pixel_is_another_image(
    viewer: Any, lab: Study, session: StudySession
) -> None:
    red, _ = open_images(viewer, lab)
    red.data[-1, -1, -1] += 1
    session.open_study(lab.path)
    session.show_recording("a1")
    assert visible(viewer)[:3] == ["my green", "a1 red", "a1 classes"]
    session.close_study()
    assert visible(viewer) == ["my red", "my green"]


@pytest.mark.usefixtures("other_images")
def test_the_outlines_lie_on_images_without_a_pixel_size(
    viewer: Any, lab: Study, session: StudySession
) -> None:
    _, green = open_images(viewer, lab, translate=(0, 7, 0))
    session.open_study(lab.path)
    session.show_recording("a1")
    outlines = viewer.layers["a1 classes"]
    assert outlines.data_to_world((1, 5, 5)) == green.data_to_world((1, 5, 5))
    assert viewer.layers.extent.units is not None
    cell = cells_of(session)[0]
    label, plane = session.row(cell)["label"], session.row(cell)["plane"]
    y, x = np.argwhere(session.labels[plane] == label)[0]
    assert session.cell_at(green.data_to_world((plane, y, x))) == cell
    # the next one lies in µm again, and is not moved
    session.show_recording("b2")
    assert outlines.data_to_world((0, 10, 10))[-2:] == pytest.approx((11.7, 11.7))


def test_images_that_lie_apart_are_not_both_used(
    viewer: Any, lab: Study, session: StudySession
) -> None:
    red, green = open_images(viewer, lab)
    red.translate = (0, 30, 0)
    session.open_study(lab.path)
    session.show_recording("a1")
    assert visible(viewer)[:2] == ["my green", "a1 red"]
    own = viewer.layers["a1 red"]
    assert own.data_to_world((0, 0, 0)) == green.data_to_world((0, 0, 0))


def test_a_removed_or_changed_image_comes_as_one_of_the_study(
    viewer: Any, lab: Study, session: StudySession
) -> None:
    red, green = open_images(viewer, lab)
    session.open_study(lab.path)
    first, second, third = cells_of(session)[:3]
    session.go_to(first)
    viewer.layers.remove(red)
    session.go_to(second)
    assert visible(viewer)[:2] == ["my green", "a1 red"]
    green.data = green.data[:, ::-1]
    session.go_to(third)
    assert visible(viewer)[:2] == ["a1 red", "a1 green"]
    session.close_study()
    assert names(viewer) == visible(viewer) == ["my green"]


def test_files_opened_over_the_study_take_the_place_of_its_images(
    viewer: Any, annotate: AnnotateWidget, lab: Study
) -> None:
    camera = viewer.camera
    zoom = camera.zoom
    open_images(viewer, lab)
    assert visible(viewer) == ["my red", "my green"]
    press(annotate, RIGHT)
    assert sorted(names(viewer)) == [
        "a1 classes", "current cell", "my green", "my red",
    ]  # fmt: skip
    assert sorted(visible(viewer)) == sorted(names(viewer))
    assert camera.zoom == zoom
    # the ring is where the cell is, in the plane that is shown
    row = annotate.session.row(annotate.session.cell)
    assert viewer.dims.point[0] == 15 * row["plane"]
    annotate.session.close_study()
    assert visible(viewer) == names(viewer) == ["my red", "my green"]


@pytest.mark.usefixtures("other_images")
def test_a_result_of_open_images_lies_on_them(
    viewer: Any, annotate: AnnotateWidget, lab: Study
) -> None:
    show_result(viewer, identify_result(lab, "a1"))
    press(annotate, RIGHT)
    result = show_again(viewer, lab, "a1")
    assert visible(viewer) == ["raw red", "raw green", "a1 cells"]
    # and that of other images does not: they are shown below it
    other = show_result(viewer, identify_result(lab, "b2"))
    assert visible(viewer)[-1] == "b2 cells"
    press(annotate, RIGHT)
    assert sorted(visible(viewer)) == [
        "a1 classes", "current cell", "raw green", "raw red",
    ]  # fmt: skip
    assert not result.visible
    assert not other.layer_ref().visible


def show_again(viewer: Any, lab: Study, name: str) -> Labels:
    """Identify the images that are open once more."""
    identified = identify_result(lab, name)
    labelled = initial_cells(identified.labels, identified.cells)
    red, green = viewer.layers["raw red"], viewer.layers["raw green"]
    channels = Channels(red, green, "planes", 1.17)
    result = ShownResult(identified, labelled, IdentifyConfig(), None)
    return add_result(viewer, result, channels, result_transform(channels))


def test_a_blind_annotator_does_not_make_results_look_edited(
    viewer: Any, lab: Study, session: StudySession, notifications: list[str]
) -> None:
    show_result(viewer, identify_result(lab, "a1"))
    session.open_study(lab.path)
    session.show_recording("a1")
    assert list(viewer.layers["a1 cells"].features) == ["index", "label"]
    later = show_again(viewer, lab, "a1")
    labels = [layer for layer in viewer.layers if isinstance(layer, Labels)]
    assert [layer.name for layer in labels] == ["a1 classes", "a1 cells"]
    assert not notifications
    session.close_study()
    assert visible(viewer) == ["raw red", "raw green", "a1 cells"]
    assert later.visible


def test_an_edited_result_stays_hidden_below_the_later_one(
    viewer: Any, lab: Study, session: StudySession
) -> None:
    earlier = show_result(viewer, identify_result(lab, "a1")).layer_ref()
    session.open_study(lab.path)
    session.show_recording("a1")
    earlier.data[0, :5, :5] = 999
    later = show_again(viewer, lab, "a1")
    session.close_study()
    assert earlier in viewer.layers
    assert [earlier.visible, later.visible] == [False, True]


def test_the_mean_images_of_a_movie_are_used(
    viewer: Any, lab: Study, session: StudySession
) -> None:
    planes = lab.recording("a1").planes()
    movies = [
        viewer.add_image(
            np.stack([image] * 3), name=f"my {colour}", scale=(1, 15, 1, 1)
        )
        for colour, image in (("red", planes.red), ("green", planes.green))
    ]
    identified = identify_result(lab, "a1")
    labelled = initial_cells(identified.labels, identified.cells)
    channels = Channels(*movies, "planes", 1.17)
    result = ShownResult(identified, labelled, IdentifyConfig(), None)
    add_result(viewer, result, channels, result_transform(channels))
    shown = visible(viewer)
    assert shown == ["my red (mean)", "my green (mean)", "a1 cells"]
    session.open_study(lab.path)
    session.go_to(cells_of(session)[0])
    assert visible(viewer) == [*shown[:2], "a1 classes", "current cell"]
    session.close_study()
    assert visible(viewer) == shown


def test_one_red_one_green_one_of_cells_from_file_to_answers(
    viewer: Any,
    lab: Study,
    dock: IdentifyWidget,
    make_dock: Callable[[Any], AnnotateWidget],
    qtbot: Any,
) -> None:
    """Identify, annotate in a study made for it, identify again, open it again."""
    annotate = make_dock(viewer)
    folder = lab.path.parent / "day"
    folder.mkdir()
    planes = lab.recording("a1").planes()
    pixels = np.stack([planes.red[0], planes.green[0]]).astype(np.uint16)
    metadata = {
        "axes": "CYX",
        "Channel": {"Name": ["mCherry", "GCaMP"]},
        "PhysicalSizeX": 1.17,
        "PhysicalSizeY": 1.17,
    }
    tifffile.imwrite(folder / "m5.ome.tif", pixels, ome=True, metadata=metadata)
    drop(viewer, folder / "m5.ome.tif")
    images = list(viewer.layers)
    run(qtbot, dock)
    click(annotate.panel.study.result_buttons[0])
    qtbot.waitUntil(lambda: annotate.session.study is not None)
    annotate.begin("Ann")
    path = annotate.session.study.path
    assert_one_of_each(viewer, images)
    annotate.close_study()
    assert_one_of_each(viewer, images)
    annotate.open_study(path, "Ann")
    assert_one_of_each(viewer, images)
    run(qtbot, dock)
    wait_until_idle(qtbot, dock)
    assert_one_of_each(viewer, images)
    press(annotate, RIGHT)
    assert_one_of_each(viewer, images)
    annotate.close_study()
    assert_one_of_each(viewer, images)


def assert_one_of_each(viewer: Any, images: list[Image]) -> None:
    """The two images that were dropped and one layer of cells are visible."""
    shown = [layer for layer in viewer.layers if layer.visible]
    assert [layer for layer in shown if isinstance(layer, Image)] == images
    assert sum(isinstance(layer, Labels) for layer in shown) == 1
    # and no other layer shows one of the channels
    others = {"m5 cell probability"}
    listed = [layer for layer in viewer.layers if isinstance(layer, Image)]
    assert {layer.name for layer in listed if layer not in images} <= others


def test_a_study_opened_in_an_empty_viewer_leaves_the_whole_picture(
    viewer: Any, annotate: AnnotateWidget, lab: Study
) -> None:
    _, green = open_images(viewer, lab)
    press(annotate, RIGHT)
    annotate.session.close_study()
    middle = np.mean(green.extent.world[:, -2:], axis=0)
    np.testing.assert_allclose(viewer.camera.center[-2:], middle, atol=1)


@pytest.mark.usefixtures("other_images")
def test_images_say_no_cell_of_another_recording(
    viewer: Any, lab: Study, session: StudySession
) -> None:
    _, green = open_images(viewer, lab)
    session.open_study(lab.path)
    for name, says in (("a1", True), ("b2", False)):
        cell = cells_of(session, name)[0]
        session.go_to(cell)
        row = session.row(cell)
        assert row is not None
        place = green.data_to_world((row["plane"], row["y"], row["x"]))
        text = green.get_status(place, world=True)["value"]
        assert ("cell" in text) == says


def test_one_image_opened_over_a_renamed_recording(
    viewer: Any, annotate: AnnotateWidget, lab: Study
) -> None:
    session = annotate.session
    session.rename_recording("a1", "Mouse 7")
    _, green = open_images(viewer, lab)
    viewer.layers.remove("my red")
    press(annotate, RIGHT)
    assert sorted(names(viewer)) == [
        "Mouse 7 classes", "Mouse 7 red", "current cell", "my green",
    ]  # fmt: skip
    # the new layer names the cell under the mouse, as the others do
    row = session.row(session.cell)
    place = green.data_to_world((row["plane"], row["y"], row["x"]))
    assert f"cell {row['cell']}" in green.get_status(place, world=True)["value"]


@pytest.mark.usefixtures("other_images")
def test_no_layers_are_left_when_another_recording_comes_while_napari_draws(
    viewer: Any, lab: Study, session: StudySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_images(viewer, lab)
    session.open_study(lab.path)
    session.show_recording("a1")
    drawn = []

    def draw() -> None:
        drawn.append(len(viewer.layers))
        if len(drawn) == 1:
            session.show_recording("a1")

    monkeypatch.setattr(study_images, "draw_pending", draw)
    session.show_recording("b2")
    assert drawn
    assert session.recording is not None and session.recording.name == "a1"
    assert len(viewer.layers) == 4
    assert {"my green", "my red"} <= set(visible(viewer))


@pytest.mark.parametrize("error", [InputError("damaged"), OSError("gone")])
def test_a_layer_whose_file_cannot_be_read_is_no_image_of_the_study(
    viewer: Any, lab: Study, session: StudySession, error: Exception
) -> None:
    red = lab.recording("a1").planes().red
    assert red is not None
    broken = []

    def read(block: Any) -> Any:
        if broken:
            raise error
        return block

    lazy = da.from_array(red, chunks=(1, -1, -1)).map_blocks(read, dtype=red.dtype)
    layer = viewer.add_image(lazy, name="mine", cache=False, **SCALE)
    layer.visible = False
    broken.append(True)
    session.open_study(lab.path)
    session.show_recording("a1")
    assert visible(viewer)[:2] == ["a1 red", "a1 green"]
    broken.clear()
