"""The patch: what is cut, how it is coloured, and what a person does with it."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from scipy import ndimage

from napari_cellid.cells.patch_image import OUTSIDE, DisplaySettings, PatchSource
from napari_cellid.channels.bleed_through import BleedThrough, bleed_through
from napari_cellid.io.overlay_png import composite
from napari_cellid.recording import MeanPlanes
from napari_cellid.widgets.annotate import patch_view
from napari_cellid.widgets.annotate.patch_view import PatchView

SIZE = 64


def made(red=None, green=None, pixel_size_um=1.0):
    images = [None if a is None else np.asarray(a, np.float32) for a in (red, green)]
    return MeanPlanes("made", *images, pixel_size_um=pixel_size_um)


@pytest.fixture
def disc():
    """A red disc of radius 8 px at (30, 40), label 7, in a green ring."""
    y, x = np.mgrid[:SIZE, :80]
    away = np.hypot(y - 30, x - 40)
    red, green = 10.0 + 90 * (away < 6), 10.0 + 90 * ((away > 6) & (away < 9))
    labels = np.where(away < 9, 7, 0).astype(np.int32)
    return made(red[None], green[None]), labels[None]


@pytest.fixture
def view(disc, qtbot):
    widget = PatchView()
    qtbot.addWidget(widget)
    widget.resize(400, 380)
    widget.set_recording(*disc)
    widget.show()
    widget.show_cell(0, 30, 40, 7)
    return widget


def picture(view, name="both"):
    """What is painted at a picture's place: (y, x, 3)."""
    image = view.canvas.grab().toImage()
    rect = view.canvas.view_rects()[name]
    rgb = [
        [image.pixelColor(x, y).getRgb()[:3] for x in range(rect.left(), rect.right())]
        for y in range(rect.top(), rect.bottom())
    ]
    return np.array(rgb)


def test_at_its_own_scale_a_patch_is_the_image(field, planes):
    """Pixel for pixel, in the colours of overlay.png."""
    um = planes.pixel_size_um
    tissue = PatchSource(planes, field.labels)
    patch = tissue.cut((1, 60.0, 70.0), 41 * um, 41)
    expected = composite(planes, 1)[40:81, 50:91]
    shown = patch.colours(DisplaySettings())
    np.testing.assert_allclose(shown, expected * 255, atol=1)
    assert patch.inside.all()


def test_the_middle_is_the_centroid_also_between_pixels(disc):
    tissue = PatchSource(*disc)
    y, x = 30.0, 40.0
    for shift in (0.0, 0.25, 0.5):
        patch = tissue.cut((0, y + shift, x), 40.0, 401)
        red = patch.channels["red"]
        weight = np.clip(red, 0, 1) / np.clip(red, 0, 1).sum()
        rows = np.arange(401) - 200
        centre = (weight.sum(1) * rows).sum() * 40 / 401
        assert centre == pytest.approx(-shift, abs=0.02)


def test_the_same_tissue_at_another_pixel_size(disc):
    planes, labels = disc
    twice = [np.kron(a, np.ones((1, 2, 2))) for a in (planes.red, planes.green)]
    fine = PatchSource(
        made(*twice, pixel_size_um=0.5), np.kron(labels, np.ones((1, 2, 2)))
    )
    coarse = PatchSource(planes, labels)
    one = coarse.cut((0, 30, 40), 40.0, 40).colours(DisplaySettings()).astype(int)
    two = fine.cut((0, 60.5, 80.5), 40.0, 40).colours(DisplaySettings()).astype(int)
    assert np.abs(one - two).mean() < 3


@given(
    value=st.floats(0, 1e4),
    y=st.floats(0, 63),
    x=st.floats(0, 79),
    side=st.floats(3, 300),
)
def test_an_even_image_stays_even(value, y, x, side):
    flat = np.full((1, SIZE, 80), value, np.float32)
    tissue = PatchSource(made(flat), np.zeros((1, SIZE, 80), np.int32))
    patch = tissue.cut((0, y, x), side, 24)
    np.testing.assert_allclose(patch.channels["red"], 0, atol=1e-3)
    assert (patch.colours(DisplaySettings())[~patch.inside] == OUTSIDE).all()


def test_beyond_the_field_is_neither_black_nor_tissue(disc):
    patch = PatchSource(*disc).cut((0, 0.0, 0.0), 20.0, 20)
    shown = patch.colours(DisplaySettings())
    assert (shown[:9, :9] == OUTSIDE).all()
    assert patch.inside[10:, 10:].all()


def test_the_outline_runs_round_the_cell_a_pixel_outside(disc):
    (line,) = PatchSource(*disc).outline((0, 30, 40), 7)
    away = np.hypot(*(line - [30, 40]).T)
    assert away.min() > 9.0 and away.max() < 11.0
    assert PatchSource(*disc).outline((0, 30, 40), 3) == []
    assert PatchSource(*disc).outline((0, 30, 40), 0) == []


def test_outline_of_a_number_as_large_as_a_painter_likes(disc):
    planes, labels = disc
    large = np.where(labels == 7, 2**31 - 1, 0).astype(np.int32)
    assert len(PatchSource(planes, large).outline((0, 30, 40), 2**31 - 1)) == 1


def test_contrast_and_switches(disc):
    patch = PatchSource(*disc).cut((0, 30, 40), 30.0, 30)
    middle = (15, 15)
    assert patch.colours(DisplaySettings())[middle][0] > 240
    assert patch.colours(DisplaySettings(shown=frozenset({"green"})))[middle][0] == 0
    assert (patch.colours(DisplaySettings(shown=frozenset())) == 0).all()
    faint = patch.colours(DisplaySettings(red=(0.0, 1.6)))[middle][0]
    assert 180 < faint < 240
    assert patch.colours(DisplaySettings(red=(1.5, 1.6)))[middle][0] == 0
    grey = patch.grey("red", DisplaySettings())
    assert (grey[..., 0] == grey[..., 1]).all() and (grey[..., 0] == grey[..., 2]).all()


@pytest.mark.parametrize("channel", ["red", "green"])
def test_one_channel_alone(disc, channel):
    planes, labels = disc
    alone = made(**{channel: getattr(planes, channel)})
    tissue = PatchSource(alone, labels)
    assert tissue.channels == (channel,)
    other = {"red": "green", "green": "red"}[channel]
    patch = tissue.cut((0, 30, 40), 30.0, 30)
    assert (patch.grey(other, DisplaySettings())[patch.inside] == 0).all()


def test_subtracting_takes_a_leaked_nucleus_away_and_leaves_a_red_one():
    rng = np.random.default_rng(1)
    # structures of some pixels: what differs from pixel to pixel is noise
    green = ndimage.gaussian_filter(rng.gamma(0.1, 400.0, (1, 128, 128)), (0, 2, 2))
    y, x = np.mgrid[:128, :128]
    leaked, own = (np.hypot(y - 64, x - c) < 6 for c in (30, 98))
    green[0][leaked] += 600
    red = 30 + 0.3 * green
    red[0][own] += 180
    tissue = PatchSource(made(red, green), np.zeros((1, 128, 128), np.int32))

    slope = bleed_through(tissue.planes).slope

    def shown(column, slope=0.0):
        patch = tissue.cut((0, 64, column), 9.0, 9, bleed_through=slope)
        return patch.grey("red", DisplaySettings())[4, 4, 0]

    assert shown(30) > 150 and shown(98) > 150
    assert shown(30, slope) < 60
    assert shown(98, slope) > 150


def test_bleed_through_is_estimated_once_in_the_background(view, qtbot, monkeypatch):
    threads = []

    def estimate(planes):
        threads.append(threading.current_thread())
        return BleedThrough(0.5, 0.4, 0.6)

    monkeypatch.setattr(patch_view, "bleed_through", estimate)
    before = picture(view, "red")
    view.subtract.toggle()
    qtbot.waitUntil(lambda: view.canvas.bleed_through is not None)
    assert not np.array_equal(picture(view, "red"), before)
    for _ in range(2):
        view.subtract.toggle()
    view.show_cell(0, 20, 20, 0)
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


def test_the_estimate_of_the_run_is_used(view, disc, monkeypatch):
    monkeypatch.setattr(patch_view, "bleed_through", None)
    view.set_recording(*disc, BleedThrough(0.5, 0.4, 0.6))
    view.subtract.toggle()
    assert view.canvas.bleed_through.slope == 0.5
    assert not view._estimating.busy


def test_a_cell_is_painted_in_its_colours(view):
    shown = picture(view)
    side = len(shown)
    r, g, b = shown[side // 2, side // 2]
    assert r > 200 and g < 60 and b < 60
    # the ring, 7.5 px to the right, less saturated than the edge
    column = side // 2 + round(7.5 * side / view.canvas.field_um)
    assert shown[side // 2, column][1] > 150


def test_switches_and_keys_do_the_same(view):
    view.toggle_channel("red")
    shown = picture(view)
    assert shown[len(shown) // 2, len(shown) // 2][0] < 60
    QTest.mouseClick(view.switches["red"], Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert view.switches["red"].isChecked()
    with_outline = picture(view)
    view.toggle_outline()
    assert not view.outline.isChecked()
    assert (picture(view) != with_outline).any()
    view.toggle_outline()
    assert (picture(view) == with_outline).all()


def test_what_is_set_stays_from_cell_to_cell_and_can_be_reset(view):
    view.sliders["red"].setValue((0.2, 0.8))
    view.subtract.toggle()
    view.zoom(2)
    view.show_cell(0, 20, 20, 0)
    look = view.display_settings()
    assert look.red == pytest.approx((0.2, 0.8))
    assert look.subtract
    assert view.canvas.field_um == pytest.approx(118 / 1.44)
    view.reset()
    assert view.display_settings() == DisplaySettings()
    assert view.canvas.field_um == 118


def wheel(widget, notches):
    place = QPointF(widget.rect().center())
    event = QWheelEvent(
        place,
        widget.mapToGlobal(place),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_the_wheel_zooms_within_bounds(view):
    wheel(view.canvas, 1)
    assert view.canvas.field_um == pytest.approx(118 / 1.2)
    for _ in range(30):
        wheel(view.canvas, 1)
    assert view.canvas.field_um == 25
    for _ in range(60):
        wheel(view.canvas, -1)
    assert view.canvas.field_um == 400


def test_a_click_on_a_small_picture_makes_it_the_large_one(view):
    places = view.canvas.view_rects()
    assert places["both"].width() > 1.9 * places["red"].width()
    QTest.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=places["red"].center())
    after = view.canvas.view_rects()
    assert after["red"] == places["both"]
    assert after["both"] == places["red"]


@pytest.mark.parametrize("size", [(420, 280), (300, 640), (200, 150), (900, 300)])
def test_pictures_lie_inside_and_do_not_overlap(view, size):
    view.canvas.resize(*size)
    rects = list(view.canvas.view_rects().values())
    assert all(view.canvas.rect().contains(rect) for rect in rects)
    for k, rect in enumerate(rects):
        assert not any(rect.intersects(other) for other in rects[:k])


def test_without_a_recording_nothing_fails(qtbot):
    view = PatchView()
    qtbot.addWidget(view)
    view.clear("Open a study first.")
    view.show_cell(0, 3, 3, 1)
    view.toggle_channel("red")
    assert not view.canvas.grab().isNull()
    assert not view.switches["red"].isEnabled()


def test_a_missing_channel_cannot_be_switched(view, disc):
    view.set_recording(made(disc[0].red), disc[1])
    view.show_cell(0, 30, 40, 7)
    assert view.switches["red"].isEnabled()
    assert not view.switches["green"].isEnabled()
    assert not view.subtract.isEnabled()
    assert not view.canvas.grab().isNull()
