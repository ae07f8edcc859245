"""Recordings of a study are shown in the same layers, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from napari_cellid.widgets.session.session import session_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_cellid.study.study import Study
    from napari_cellid.widgets.session.session import StudySession


@pytest.fixture
def session(viewer: Any, lab: Study) -> Iterator[StudySession]:
    session = session_of(viewer)
    session.open_study(lab.path)
    session.show_recording("a1")
    yield session
    session.close_study()


def test_another_recording_takes_over_the_layers(
    viewer: Any, lab: Study, session: StudySession
) -> None:
    before = list(viewer.layers)
    viewer.layers["a1 red"].colormap = "magenta"
    viewer.layers["a1 red"].contrast_limits = (0, 1)
    session.show_recording("b2")
    assert list(viewer.layers) == before
    assert [layer.name for layer in before] == [
        "b2 red", "b2 green", "b2 classes", "current cell",
    ]  # fmt: skip
    planes = lab.recording("b2").planes()
    red, green, classes, _ = before
    assert np.array_equal(red.data, planes.red)
    assert np.array_equal(green.data, planes.green)
    assert (classes.data > 0).any()
    assert not classes.editable
    # contrast is that of the image, and a colour stays as somebody has chosen it
    assert red.contrast_limits[1] > 1
    assert red.contrast_limits == list(red.contrast_limits_range)
    assert red.colormap.name == "magenta"


def test_the_study_opened_again_shows_in_them(
    viewer: Any, lab: Study, session: StudySession
) -> None:
    before = list(viewer.layers)
    session.open_study(lab.path)
    # nothing was shown yet, so nothing is left of the study before
    assert not viewer.layers
    session.show_recording("a1")
    assert len(viewer.layers) == len(before)


def test_a_removed_layer_comes_back(viewer: Any, session: StudySession) -> None:
    del viewer.layers["a1 green"]
    session.show_recording("b2")
    assert [layer.name for layer in viewer.layers] == [
        "b2 red", "b2 green", "b2 classes", "current cell",
    ]  # fmt: skip


def test_hidden_images_come_back_at_the_end(viewer: Any, lab: Study) -> None:
    image = viewer.add_image(np.zeros((1, 8, 8)), name="mine")
    session = session_of(viewer)
    session.open_study(lab.path)
    for name in ("a1", "b2"):
        session.show_recording(name)
        assert not image.visible
    session.close_study()
    assert image.visible
    assert list(viewer.layers) == [image]
